// Tells whether two threads hold the same strategy.
import type { Strategy } from '../strategy/strategy.ts';

/** Equal for two loads of one strategy: its name, its parameters, and its conditions as expressions, if it has any. */
export function strategyIdentity({ name, parameters, signals }: Strategy): string {
  const conditions = Object.entries(signals ?? {}).map(([event, condition]) => [event, condition?.key]);
  return JSON.stringify([name, Object.keys(parameters), conditions]);
}
