// From a strategy and one set of parameters to settled event bitmaps over the window.
import type { Arena } from '../kernels/arena.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { RuleBook } from '../simulate/profiles.ts';
import type { Direction } from '../simulate/simulation.ts';
import type { Condition } from '../strategy/expression.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { EventSignals, Strategy, TargetSignals } from '../strategy/strategy.ts';
import { type ColumnStats, ColumnStore } from './columns.ts';
import { FastConditions } from './fast-conditions.ts';
import { crossingPairs } from './fast-crossings.ts';
import { cutBits, type EventBitmaps, eventsOfTarget, packTarget, settleEvents, trimEvents } from './fast-events.ts';
import type { FastMemoryPlan } from './fast-memory.ts';
import { SlotCache } from './fast-slots.ts';
import { collectGraph, isShared } from './graph.ts';
import type { Grid } from './grid.ts';
import { computeTarget, withHigherTimeframes } from './signals.ts';
import type { Window } from './window.ts';

export interface FastSignalsOptions {
  readonly strategy: Strategy;
  readonly grid: Grid;
  readonly window: Window;
  readonly direction: Direction;
  readonly ruleBook: RuleBook;
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly plan: FastMemoryPlan;
}

/** Evaluates variants of one strategy. */
export interface FastSignals {
  /** Announces the selections that `write` is asked for next, so that their comparisons share what they read. */
  ahead(selections: readonly ParameterValues[]): void;
  /** Writes the settled events of a variant, one bit per bar of the window. Errors: STRATEGY_FAILED. */
  write(events: EventBitmaps, parameters: ParameterValues): void;
  readonly stats: ColumnStats;
}

export function createFastSignals(options: FastSignalsOptions): FastSignals {
  return options.strategy.compute === undefined ? fromExpressions(options) : fromFunction(options);
}

function fromExpressions(options: FastSignalsOptions): FastSignals {
  const { strategy, grid, window, arena, plan, kernels } = options;
  const { history, from } = window;
  const { barCount } = window.candles;
  const graph = collectGraph(strategy);
  const words = Math.ceil(history.barCount / 32);
  const repeat = <View>(count: number, make: () => View): View[] => Array.from({ length: count }, make);
  const isSharedKey = (key: string): boolean => isShared(graph.get(key)!, grid);
  const conditions = new FastConditions({
    kernels,
    barCount: history.barCount,
    store: new ColumnStore({
      history,
      arithmetic: grid.arithmetic,
      cacheBytes: plan.storeBytes,
      isShared: () => false,
    }),
    memory: {
      columns: new SlotCache(repeat(plan.columnSlots, () => arena.float64('columns', history.barCount))),
      bitmaps: new SlotCache(repeat(plan.bitmapSlots, () => arena.uint32('conditions', words))),
      scratch: repeat(plan.scratchBitmaps, () => arena.uint32('conditions of one variant', words)),
      ahead: repeat(plan.eventSlots, () =>
        repeat(plan.aheadPairs, () => ({
          greater: arena.uint32('crossings', words),
          less: arena.uint32('crossings', words),
        })),
      ),
    },
    pairs: crossingPairs(graph, isSharedKey),
    isShared: isSharedKey,
  });
  const none = new Uint32Array(Math.ceil(barCount / 32));
  /** The bits of the window: those of the history itself where the window begins with it, else a copy in `out`. */
  const cut = (out: Uint32Array, condition: Condition | undefined): Uint32Array => {
    if (condition === undefined) return none;
    const bitmap = conditions.bitmap(condition);
    if (from === 0) return bitmap;
    cutBits(out, bitmap, from, barCount);
    return out;
  };
  const signals = strategy.signals!;
  const isTarget = 'long' in signals || 'short' in signals;
  const target = isTarget ? new TargetBitmaps(barCount) : undefined;
  return {
    ahead: (selections) => conditions.compareAhead(selections),
    write(events, parameters) {
      conditions.begin(parameters);
      if (target === undefined) {
        const { enterLong, exitLong, enterShort, exitShort } = signals as EventSignals;
        const raw = {
          enterLong: cut(events.enterLong, enterLong),
          exitLong: cut(events.exitLong, exitLong),
          enterShort: cut(events.enterShort, enterShort),
          exitShort: cut(events.exitShort, exitShort),
        };
        settleEvents(events, raw, options.direction, options.ruleBook);
      } else {
        const { long, short } = signals as TargetSignals;
        target.up.set(cut(target.up, long));
        target.down.set(cut(target.down, short));
        target.writeEvents(events);
        settleEvents(events, events, options.direction, options.ruleBook);
      }
    },
    get stats() {
      return conditions.stats;
    },
  };
}

function fromFunction({ strategy, window, direction, ruleBook }: FastSignalsOptions): FastSignals {
  const candles = withHigherTimeframes(window.history);
  const target = new TargetBitmaps(window.candles.barCount);
  return {
    ahead: () => undefined,
    write(events, parameters) {
      const values = computeTarget(strategy, candles, parameters);
      packTarget(target.up, target.down, values.subarray(window.from));
      target.writeEvents(events);
      settleEvents(events, events, direction, ruleBook);
    },
    stats: { columnsComputed: 0, hits: 0, misses: 0 },
  };
}

/** The bars on which a target is long and those on which it is short. */
class TargetBitmaps {
  readonly up: Uint32Array;
  readonly down: Uint32Array;
  readonly #barCount: number;

  constructor(barCount: number) {
    this.#barCount = barCount;
    this.up = new Uint32Array(Math.ceil(barCount / 32));
    this.down = new Uint32Array(this.up.length);
  }

  /** A bar on which both hold is flat. */
  writeEvents(events: EventBitmaps): void {
    const { up, down } = this;
    for (let word = 0; word < up.length; word++) {
      const both = up[word]! & down[word]!;
      up[word] = up[word]! & ~both;
      down[word] = down[word]! & ~both;
    }
    eventsOfTarget(events, up, down);
    trimEvents(events, this.#barCount);
  }
}
