// From a strategy and one set of parameters to event flags per bar of the window.
import { AppError, isAppError } from '../core/errors.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import type { Candles } from '../market/candles.ts';
import { alignHigherTimeframe, resampleCandles } from '../market/resample.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from '../simulate/simulation.ts';
import { declaredOnly } from '../strategy/declared-parameters.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { EventSignals, SignalCandles, Strategy, TargetSignals } from '../strategy/strategy.ts';
import { type ColumnStats, ColumnStore, layOut } from './columns.ts';
import { collectGraph, isShared } from './graph.ts';
import { createGrid, type Grid } from './grid.ts';
import type { Window } from './window.ts';

/** Evaluates variants of one strategy over one window. The flags it returns are reused by the next call. */
export interface SignalSource {
  /** One byte of event flags per bar of the window. */
  signals(parameters: ParameterValues): Uint8Array;
  readonly stats: ColumnStats;
}

export interface SignalSourceOptions {
  readonly strategy: Strategy;
  readonly arithmetic: Arithmetic;
  readonly window: Window;
  /** Tells which values several variants share; a grid of one when left out. */
  readonly grid?: Grid;
  readonly cacheBytes: number;
}

export function createSignalSource(options: SignalSourceOptions): SignalSource {
  const { strategy, window } = options;
  return strategy.compute === undefined
    ? expressionSource(options, strategy.signals!)
    : functionSource(strategy, window);
}

function expressionSource(options: SignalSourceOptions, signals: EventSignals | TargetSignals): SignalSource {
  const { strategy, window, arithmetic } = options;
  const graph = collectGraph(strategy);
  const grid = options.grid ?? createGrid({ strategy, arithmetic });
  const store = new ColumnStore({
    history: window.history,
    arithmetic,
    cacheBytes: options.cacheBytes,
    isShared: (key) => isShared(graph.get(key)!, grid),
  });
  const flags = new Uint8Array(window.candles.barCount);
  const target = new Int8Array('long' in signals || 'short' in signals ? flags.length : 0);
  const held = (condition: EventSignals['enterLong']): Uint8Array | undefined =>
    condition === undefined ? undefined : store.condition(condition).subarray(window.from);
  return {
    signals(parameters) {
      store.begin(parameters);
      if (target.length === 0) {
        const events = signals as EventSignals;
        flags.fill(0);
        addFlag(flags, held(events.enterLong), ENTER_LONG);
        addFlag(flags, held(events.exitLong), EXIT_LONG);
        addFlag(flags, held(events.enterShort), ENTER_SHORT);
        addFlag(flags, held(events.exitShort), EXIT_SHORT);
      } else {
        const { long, short } = signals as TargetSignals;
        const up = held(long);
        const down = held(short);
        for (let i = 0; i < target.length; i++) target[i] = (up?.[i] ?? 0) - (down?.[i] ?? 0);
        targetToEvents(target, flags);
      }
      return flags;
    },
    get stats() {
      return store.stats;
    },
  };
}

function addFlag(flags: Uint8Array, condition: Uint8Array | undefined, flag: number): void {
  if (condition === undefined) return;
  for (let i = 0; i < flags.length; i++) flags[i] = flags[i]! | (condition[i]! * flag);
}

/**
 * Turns a target per bar (+1 long, 0 neutral, -1 short) into the matching events, written into `flags`. The position
 * before the first bar is flat, so a window that starts inside a target enters on its first bar.
 */
export function targetToEvents(target: Int8Array, flags: Uint8Array): void {
  let before = 0;
  for (let i = 0; i < target.length; i++) {
    const now = target[i]!;
    let flag = 0;
    if (now !== before) {
      if (before > 0) flag |= EXIT_LONG;
      else if (before < 0) flag |= EXIT_SHORT;
      if (now > 0) flag |= ENTER_LONG;
      else if (now < 0) flag |= ENTER_SHORT;
    }
    flags[i] = flag;
    before = now;
  }
}

function functionSource(strategy: Strategy, window: Window): SignalSource {
  const candles = withHigherTimeframes(window.history);
  const flags = new Uint8Array(window.candles.barCount);
  return {
    signals(parameters) {
      const target = computeTarget(strategy, candles, parameters);
      targetToEvents(target.subarray(window.from), flags);
      return flags;
    },
    stats: { columnsComputed: 0, hits: 0, misses: 0 },
  };
}

/** Calls a strategy's function and checks what it returns. Errors: STRATEGY_FAILED, STRATEGY_INVALID for an unknown parameter. */
export function computeTarget(strategy: Strategy, candles: SignalCandles, parameters: ParameterValues): Int8Array {
  const failed = (found: string, todo: string, cause?: unknown): AppError =>
    new AppError('STRATEGY_FAILED', {
      rule: 'A signal function returns an Int8Array of +1, 0 or -1, one per bar.',
      found,
      todo,
      cause,
    });
  let target: unknown;
  try {
    target = strategy.compute!(candles, declaredOnly(strategy.name, 'compute', parameters));
  } catch (cause) {
    if (isAppError(cause, 'STRATEGY_INVALID') || isAppError(cause, 'STRATEGY_FORBIDDEN')) throw cause;
    throw new AppError('STRATEGY_FAILED', {
      rule: 'A signal function must not throw.',
      found: `compute of ${strategy.name} threw for ${JSON.stringify(parameters)}: ${String(cause)}${placeOf(cause)}.`,
      todo: 'Correct the function, or leave such parameters out by a constraint.',
      cause,
    });
  }
  if (!(target instanceof Int8Array) || target.length !== candles.barCount) {
    const length = ArrayBuffer.isView(target) ? ` of length ${(target as Int8Array).length}` : '';
    const found = `${Object.prototype.toString.call(target).slice(8, -1)}${length} for ${candles.barCount} bars.`;
    throw failed(found, 'Return new Int8Array(candles.barCount) with one value per bar.');
  }
  const wrong = target.findIndex((value) => value < -1 || value > 1);
  if (wrong >= 0) throw failed(`${target[wrong]} at bar ${wrong}.`, 'Use +1 long, 0 neutral, -1 short.');
  return target;
}

/** Where in the strategy's file, as far as the stack tells: it names lines before compilation where source maps are on. */
function placeOf(cause: unknown): string {
  const line = cause instanceof Error ? cause.stack?.match(/\(?([^()\s]+\.[cm]?[jt]s:\d+:\d+)\)?$/m)?.[1] : undefined;
  // Some loaders put a folder of theirs before the URL of the file.
  return line === undefined ? '' : `, at ${line.replace(/^.*file:(?:\/\/)?(?=\/)/, '')}`;
}

/** Adds the view on closed candles of higher timeframes that signal functions read. */
export function withHigherTimeframes(candles: Candles): SignalCandles {
  const cache = new Map<string, ReturnType<SignalCandles['higher']>>();
  return {
    ...candles,
    higher(text) {
      let columns = cache.get(text);
      if (columns === undefined) {
        const above = resampleCandles(candles, parseTimeframe(text));
        const closedAt = alignHigherTimeframe(candles, above);
        const { time, open, high, low, close, volume } = above;
        columns = {
          time: layOut(time, closedAt),
          open: layOut(open, closedAt),
          high: layOut(high, closedAt),
          low: layOut(low, closedAt),
          close: layOut(close, closedAt),
          volume: layOut(volume, closedAt),
        };
        cache.set(text, columns);
      }
      return columns;
    },
  };
}
