// Tells whether two threads hold the same strategy.
import { AppError } from '../core/errors.ts';
import { isStrategy, type Strategy } from '../strategy/strategy.ts';

/** Equal for two loads of one strategy: its name, its parameters, and its conditions as expressions, if it has any. */
export function strategyIdentity({ name, parameters, signals }: Strategy): string {
  const conditions = Object.entries(signals ?? {}).map(([event, condition]) => [event, condition?.key]);
  return JSON.stringify([name, Object.keys(parameters), conditions]);
}

/** Says that a thread found something else than the strategy it was to load. */
export function anotherStrategy(expected: string, found: unknown): AppError {
  const name = isStrategy(found) ? found.name : 'none';
  return new AppError('STRATEGY_FAILED', {
    rule: 'A strategy must be the same in every thread that loads it.',
    found: `${name === expected ? `another ${name}` : name} in place of ${expected}.`,
    todo: 'Make its file independent of time, chance and environment, or use --workers 1.',
  });
}
