// Targets of strategies that are plain functions, packed into one bit per bar.
import type { Strategy } from '../strategy/strategy.ts';
import { type Grid, parametersAt } from './grid.ts';
import { computeTarget, withHigherTimeframes } from './signals.ts';
import type { Window } from './window.ts';

/**
 * Calls the strategy's function for a base variant and packs its target over the window: `up` has the bars of +1, `down`
 * those of -1. Errors, when called: STRATEGY_FAILED.
 */
export function writeFunctionTarget(strategy: Strategy, grid: Grid, window: Window) {
  let candles: ReturnType<typeof withHigherTimeframes> | undefined;
  return (baseIndex: number, up: Uint32Array, down: Uint32Array): void => {
    candles ??= withHigherTimeframes(window.history);
    const target = computeTarget(strategy, candles, parametersAt(grid, baseIndex));
    packTarget(up, down, target.subarray(window.from));
  };
}

/** Packs a target of +1, 0, -1 per bar into the bars that are up and those that are down. */
export function packTarget(up: Uint32Array, down: Uint32Array, target: Int8Array): void {
  for (let word = 0; word < up.length; word++) {
    const from = word * 32;
    const to = Math.min(from + 32, target.length);
    let above = 0;
    let below = 0;
    for (let bar = from; bar < to; bar++) {
      const value = target[bar]!;
      above |= (value > 0 ? 1 : 0) << (bar & 31);
      below |= (value < 0 ? 1 : 0) << (bar & 31);
    }
    up[word] = above;
    down[word] = below;
  }
}
