// Tells whether two threads hold the same strategy.
import type { Strategy } from '../strategy/strategy.ts';

/** Equal for two loads of one strategy: its name, its parameters, and its conditions or its configuration, if it has any. */
export function strategyIdentity({ name, parameters, signals, program }: Strategy): string {
  const conditions = Object.entries(signals ?? {}).map(([event, condition]) => [event, condition?.key]);
  const given = program?.kind === 'controller' ? program.given : null;
  return JSON.stringify([name, Object.keys(parameters), conditions, given]);
}
