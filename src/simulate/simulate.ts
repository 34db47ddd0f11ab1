// The one door to simulation: picks the rule book that the profile names.
import { assert } from '../core/assert.ts';
import type { Simulation, SimulationInput } from './simulation.ts';

/** Runs one variant bar by bar. Pure: the same input gives the same bits. */
export function simulate(input: SimulationInput): Simulation {
  const { candles, signals, settings } = input;
  assert(signals.length === candles.barCount, 'one byte of signals per bar');
  throw new Error(`rule book ${settings.profile.ruleBook} is being written`);
}
