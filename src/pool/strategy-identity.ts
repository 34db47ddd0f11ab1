// Tells whether two threads hold the same strategy.
import type { Strategy } from '../strategy/strategy.ts';

/** Equal for two loads of one strategy: its name, its conditions as expressions, the text of its function. */
export function strategyIdentity({ name, signals, compute }: Strategy): string {
  const conditions = Object.entries(signals ?? {}).map(([event, condition]) => [event, condition?.key]);
  return JSON.stringify([name, conditions, compute?.toString() ?? null]);
}
