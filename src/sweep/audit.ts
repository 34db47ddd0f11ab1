// The look-ahead audit: recomputes everything with the future cut off, blanked or replaced, and names what changed.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { createPrng, type Prng } from '../core/prng.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import { type Candles, sliceCandles, VALUE_COLUMNS } from '../market/candles.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { conditionWord, signalWords, targetWord } from './audit-words.ts';
import { barTrace } from './bar-audit.ts';
import { ColumnStore } from './columns.ts';
import { collectGraph } from './graph.ts';
import type { Graph } from './graph-node.ts';
import { computeTarget, withHigherTimeframes } from './signals.ts';
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
  /** As a trader reads them: numbers of columns, `true` or `false`, names of signals, or `long`, `flat`, `short`. */
  readonly withFuture: number | string;
  readonly withoutFuture: number | string;
}

export interface WarmUpFinding {
  readonly parameters: ParameterValues;
  /** Bars before the first value; null for a function, which does not declare them. */
  readonly warmUp: number | null;
  /** Bars until the signals no longer depend on where the history began. */
  readonly settled: number;
}

export interface AuditReport {
  readonly lookAhead: readonly LookAheadFinding[];
  readonly warmUp: readonly WarmUpFinding[];
  readonly variants: number;
  /** Variants without any signal on these candles: about them the audit can say little. */
  readonly withoutSignal: number;
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

interface TracedValues {
  readonly where: string;
  readonly values: ArrayLike<number>;
  /** A value in words where a number would be a code. */
  readonly words?: (value: number) => string;
  /** What the strategy decides: its signals or orders, 0 where there are none. One of a trace. */
  readonly isDecision?: boolean;
}

/** Named values on the base bars, in order of computation: a value comes after all it is built on. */
type Trace = readonly TracedValues[];

/** Values over a history, of which only the first `bars` are looked at. */
type Tracer = (history: Candles, bars?: number) => Trace;

const decisions = (trace: Trace): ArrayLike<number> => trace.find(({ isDecision }) => isDecision === true)!.values;

/** Audits variants of a strategy over every bar before each cut. Errors: STRATEGY_FAILED when it throws on whole data. */
export function auditStrategy(options: AuditOptions): AuditReport {
  const stop = options.stop ?? NEVER_STOP;
  const prng = createPrng(options.seed);
  const graph = collectGraph(options.strategy);
  const lookAhead: LookAheadFinding[] = [];
  const warmUp: WarmUpFinding[] = [];
  const tally = { cuts: 0, values: 0 };
  let audited = 0;
  let withoutSignal = 0;
  for (const parameters of options.variants) {
    if (stop.reason() !== undefined) break;
    const trace: Tracer = (history, bars = history.barCount) => traceOf(options, graph, history, bars, parameters);
    const full = trace(options.history);
    const finding = findLookAhead(options, trace, full, parameters, prng, tally);
    if (finding !== undefined) lookAhead.push(finding);
    else warmUp.push(...findShortWarmUp(options, trace, full, parameters));
    if (isAllZero(decisions(full))) withoutSignal++;
    audited++;
  }
  return {
    lookAhead,
    warmUp,
    variants: audited,
    withoutSignal,
    cuts: tally.cuts,
    valuesCompared: tally.values,
    stopped: audited < options.variants.length,
  };
}

function findLookAhead(
  options: AuditOptions,
  trace: Tracer,
  full: Trace,
  parameters: ParameterValues,
  prng: Prng,
  tally: { cuts: number; values: number },
): LookAheadFinding | undefined {
  const stop = options.stop ?? NEVER_STOP;
  for (const cut of chooseCuts(decisions(full), options.history.barCount, options.cuts, prng)) {
    for (const method of ['truncated', 'blanked', 'garbage'] as const) {
      if (stop.reason() !== undefined) return undefined;
      tally.cuts++;
      const without = trace(withoutFuture(options.history, cut, method), cut);
      for (const [n, { where, values, words }] of full.entries()) {
        const other = without[n]!.values;
        tally.values += cut;
        const bar = firstDifference(values, other, cut);
        if (bar < 0) continue;
        const found = { where, method, parameters, bar, cut };
        const read = words ?? ((value: number): number => value);
        return { ...found, withFuture: read(values[bar]!), withoutFuture: read(other[bar]!) };
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

function isAllZero(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) return false;
  return true;
}

/** Starts of the shortened history, as shares of the bars, for the warm-up audit. */
const LATE_STARTS = [0.25, 0.5];

/** Compares signals with those of a history that starts later: how long do they depend on where it began? */
function findShortWarmUp(
  options: AuditOptions,
  trace: Tracer,
  full: Trace,
  parameters: ParameterValues,
): WarmUpFinding[] {
  const { history, strategy, arithmetic } = options;
  // What a bar strategy does depends on what it holds, and so on when it began: that is no sign of a long memory.
  if (strategy.program !== undefined) return [];
  const isFunction = strategy.compute !== undefined;
  const warmUp = warmUpBars(strategy, arithmetic, parameters, history.timeframe);
  const all = decisions(full);
  let settled = 0;
  for (const share of LATE_STARTS) {
    const start = Math.floor(history.barCount * share);
    const late = decisions(trace(sliceCandles(history, start, history.barCount)));
    let last = late.length - 1;
    while (last >= 0 && late[last] === all[start + last]) last--;
    settled = Math.max(settled, last + 1);
  }
  // One bar more than the warm-up is the crossing's own memory: it must have been on the other side before.
  const usual = isFunction ? usualLookBack(parameters, history.barCount) : warmUp + 1;
  return settled > usual ? [{ parameters, warmUp: isFunction ? null : warmUp, settled }] : [];
}

/**
 * Bars a function may well look back. It declares none, so its whole-number parameters are taken for lengths: three
 * times the longest, which covers a window of windows, or a fiftieth of the history for lengths written in the code.
 * Never more than an eighth of the history: a parameter that large is no length, or long memory indeed.
 */
function usualLookBack(parameters: ParameterValues, barCount: number): number {
  const lengths = Object.values(parameters).filter((value) => Number.isInteger(value) && value > 0);
  return Math.min(barCount / 8, Math.max(barCount / 50, 3 * Math.max(0, ...lengths)));
}

/** Enough for every column of one variant, in both layouts and with all sibling outputs. */
const CACHE_ENTRIES = 1024;

/** All values of one variant over `history`. */
function traceOf(
  options: AuditOptions,
  graph: Graph,
  history: Candles,
  bars: number,
  parameters: ParameterValues,
): Trace {
  const { strategy } = options;
  if (strategy.program?.kind === 'bars') return barTrace(options, strategy.program, history, bars, parameters);
  if (strategy.compute !== undefined) {
    const target = computeTarget(strategy, withHigherTimeframes(history), parameters);
    return [{ where: `compute of ${strategy.name}`, values: target, words: targetWord, isDecision: true }];
  }
  const store = new ColumnStore({
    history,
    arithmetic: options.arithmetic,
    cacheBytes: Number.MAX_SAFE_INTEGER,
    cacheEntries: CACHE_ENTRIES,
    isShared: () => true,
  });
  store.begin(parameters);
  const trace: TracedValues[] = [];
  for (const [where, { node }] of graph) {
    if (node.kind === 'source' || node.kind === 'constant') continue;
    if (node.kind === 'compare' || node.kind === 'cross' || node.kind === 'logic') {
      trace.push({ where, values: store.condition(node), words: conditionWord });
    } else {
      const values = store.baseColumn(node);
      if (typeof values !== 'number') trace.push({ where, values });
    }
  }
  const signals = strategy.signals!;
  const events = Object.values(signals).map((condition) => store.condition(condition));
  const flags = new Uint8Array(history.barCount);
  for (const [n, event] of events.entries())
    for (let i = 0; i < flags.length; i++) flags[i] = flags[i]! | (event[i]! << n);
  trace.push({ where: `signals of ${strategy.name}`, values: flags, words: signalWords(signals), isDecision: true });
  return trace;
}
