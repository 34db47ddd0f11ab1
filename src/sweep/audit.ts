// The look-ahead audit: recomputes everything with the future cut off, blanked or replaced, and names what changed.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { createPrng, type Prng } from '../core/prng.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import { type Candles, sliceCandles, VALUE_COLUMNS } from '../market/candles.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { ColumnStore } from './columns.ts';
import { collectGraph, type Graph } from './graph.ts';
import { computeTarget, targetToEvents, withHigherTimeframes } from './signals.ts';
import { warmUpBars } from './warm-up.ts';

/** Ways to take the future away. Cutting misses a peek whose fallback agrees; blanking misses one through the length. */
export type AuditMethod = 'truncated' | 'blanked' | 'garbage';

export interface LookAheadFinding {
  /** The guilty expression, or the strategy's function. Nothing it is built on changed. */
  readonly where: string;
  readonly method: AuditMethod;
  readonly parameters: ParameterValues;
  /** The first bar whose value changed, and the bar from which the future was taken away. */
  readonly bar: number;
  readonly cut: number;
  readonly withFuture: number;
  readonly withoutFuture: number;
}

export interface WarmUpFinding {
  readonly parameters: ParameterValues;
  /** Bars before the first value. */
  readonly warmUp: number;
  /** Bars until the signals no longer depend on where the history began. */
  readonly settled: number;
}

export interface AuditReport {
  readonly lookAhead: readonly LookAheadFinding[];
  readonly warmUp: readonly WarmUpFinding[];
  readonly variants: number;
  /** How often the future was taken away, over all variants and methods. */
  readonly cuts: number;
  /** Values compared, over all expressions, bars and cuts. */
  readonly valuesCompared: number;
  readonly stopped: boolean;
}

export interface AuditOptions {
  readonly strategy: Strategy;
  readonly arithmetic: Arithmetic;
  readonly history: Candles;
  readonly variants: readonly ParameterValues[];
  readonly seed: number;
  /** Cuts per variant. */
  readonly cuts: number;
  readonly stop?: StopToken;
}

/** Named values on the base bars, in order of computation: a value comes after all it is built on. */
type Trace = readonly { readonly where: string; readonly values: ArrayLike<number> }[];

/** Audits variants of a strategy over every bar before each cut. Errors: STRATEGY_FAILED when it throws on whole data. */
export function auditStrategy(options: AuditOptions): AuditReport {
  const stop = options.stop ?? NEVER_STOP;
  const prng = createPrng(options.seed);
  const graph = collectGraph(options.strategy);
  const lookAhead: LookAheadFinding[] = [];
  const warmUp: WarmUpFinding[] = [];
  const tally = { cuts: 0, values: 0 };
  let audited = 0;
  for (const parameters of options.variants) {
    if (stop.reason() !== undefined) break;
    const trace = (history: Candles): Trace => traceOf(options, graph, history, parameters);
    const full = trace(options.history);
    const finding = findLookAhead(options, trace, full, parameters, prng, tally);
    if (finding !== undefined) lookAhead.push(finding);
    else warmUp.push(...findShortWarmUp(options, trace, full, parameters));
    audited++;
  }
  return {
    lookAhead,
    warmUp,
    variants: audited,
    cuts: tally.cuts,
    valuesCompared: tally.values,
    stopped: audited < options.variants.length,
  };
}

function findLookAhead(
  options: AuditOptions,
  trace: (history: Candles) => Trace,
  full: Trace,
  parameters: ParameterValues,
  prng: Prng,
  tally: { cuts: number; values: number },
): LookAheadFinding | undefined {
  const stop = options.stop ?? NEVER_STOP;
  for (const cut of chooseCuts(full.at(-1)!.values, options.history.barCount, options.cuts, prng)) {
    for (const method of ['truncated', 'blanked', 'garbage'] as const) {
      if (stop.reason() !== undefined) return undefined;
      tally.cuts++;
      const without = trace(withoutFuture(options.history, cut, method));
      for (const [n, { where, values }] of full.entries()) {
        const other = without[n]!.values;
        tally.values += cut;
        const bar = firstDifference(values, other, cut);
        if (bar < 0) continue;
        const found = { where, method, parameters, bar, cut };
        return { ...found, withFuture: values[bar]!, withoutFuture: other[bar]! };
      }
    }
  }
  return undefined;
}

/**
 * Bars to cut at: half of them right after a bar where signals changed, where a peek pays; the rest spread evenly, and
 * the last bars of the data, where a function's handling of the end shows.
 */
function chooseCuts(signals: ArrayLike<number>, barCount: number, count: number, prng: Prng): number[] {
  const cuts = new Set<number>();
  const changes: number[] = [];
  for (let i = 1; i < signals.length; i++) if (signals[i] !== signals[i - 1]) changes.push(i + 1);
  for (let i = 0; i < count / 2 && changes.length > 0; i++) cuts.add(changes[prng.nextBelow(changes.length)]!);
  for (let i = 1; i <= count / 4; i++) cuts.add(Math.floor((barCount * i) / (count / 4 + 1)));
  for (let i = 1; cuts.size < count && i < barCount; i++) cuts.add(barCount - i);
  return [...cuts].filter((cut) => cut > 0 && cut < barCount).sort((a, b) => a - b);
}

function withoutFuture(history: Candles, cut: number, method: AuditMethod): Candles {
  if (method === 'truncated') return sliceCandles(history, 0, cut);
  const changed: { -readonly [K in keyof Candles]: Candles[K] } = { ...history };
  for (const name of VALUE_COLUMNS) {
    const column = history[name].slice();
    if (method === 'blanked') column.fill(Number.NaN, cut);
    else for (let i = cut; i < column.length; i++) column[i] = column[i]! * 1e6;
    changed[name] = column;
  }
  return changed;
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>, end: number): number {
  for (let i = 0; i < end; i++) {
    if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) return i;
  }
  return -1;
}

/** Starts of the shortened history, as shares of the bars, for the warm-up audit. */
const LATE_STARTS = [0.25, 0.5];

/** Compares signals with those of a history that starts later: how long do they depend on where it began? */
function findShortWarmUp(
  options: AuditOptions,
  trace: (history: Candles) => Trace,
  full: Trace,
  parameters: ParameterValues,
): WarmUpFinding[] {
  const { history, strategy, arithmetic } = options;
  const warmUp = warmUpBars(strategy, arithmetic, parameters, history.timeframe);
  const all = full.at(-1)!.values;
  let settled = 0;
  for (const share of LATE_STARTS) {
    const start = Math.floor(history.barCount * share);
    const late = trace(sliceCandles(history, start, history.barCount)).at(-1)!.values;
    let last = late.length - 1;
    while (last >= 0 && late[last] === all[start + last]) last--;
    settled = Math.max(settled, last + 1);
  }
  // One bar more than the warm-up is the crossing's own memory: it must have been on the other side before.
  return settled > warmUp + 1 ? [{ parameters, warmUp, settled }] : [];
}

/** Enough for every column of one variant, in both layouts and with all sibling outputs. */
const CACHE_ENTRIES = 1024;

/** All values of one variant over `history`, its event flags last. */
function traceOf(options: AuditOptions, graph: Graph, history: Candles, parameters: ParameterValues): Trace {
  const { strategy } = options;
  if (strategy.compute !== undefined) {
    const target = computeTarget(strategy, withHigherTimeframes(history), parameters);
    const flags = new Uint8Array(target.length);
    targetToEvents(target, flags);
    return [{ where: `compute of ${strategy.name}`, values: flags }];
  }
  const store = new ColumnStore({
    history,
    arithmetic: options.arithmetic,
    cacheBytes: Number.MAX_SAFE_INTEGER,
    cacheEntries: CACHE_ENTRIES,
    isShared: () => true,
  });
  store.begin(parameters);
  const trace: { where: string; values: ArrayLike<number> }[] = [];
  for (const [where, { node }] of graph) {
    if (node.kind === 'source' || node.kind === 'constant') continue;
    if (node.kind === 'compare' || node.kind === 'cross' || node.kind === 'logic') {
      trace.push({ where, values: store.condition(node) });
    } else {
      const values = store.baseColumn(node);
      if (typeof values !== 'number') trace.push({ where, values });
    }
  }
  const events = Object.values(strategy.signals!).map((condition) => store.condition(condition));
  const flags = new Uint8Array(history.barCount);
  for (const [n, event] of events.entries())
    for (let i = 0; i < flags.length; i++) flags[i] = flags[i]! | (event[i]! << n);
  trace.push({ where: `signals of ${strategy.name}`, values: flags });
  return trace;
}
