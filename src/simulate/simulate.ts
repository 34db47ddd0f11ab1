// The one door to simulation: picks the rule book that the profile names.
import { assert, unreachable } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { runBacktestingPyRules } from './backtesting-py-rules.ts';
import { runFreqtradeRules } from './freqtrade-rules.ts';
import { runGridmillRules } from './gridmill-rules.ts';
import type { Simulation, SimulationInput, SimulationSettings } from './simulation.ts';
import { runVectorbtRules } from './vectorbt-rules.ts';

/**
 * Runs one variant bar by bar. Pure: the same input gives the same bits.
 * Errors: REQUEST_INVALID when the settings are out of range or ask a rule book for what it does not have.
 */
export function simulate(input: SimulationInput): Simulation {
  const { candles, signals, settings, equity } = input;
  assert(signals.length === candles.barCount, 'one byte of signals per bar');
  assert(equity === undefined || equity.length === candles.barCount, 'one value of the equity buffer per bar');
  refuseForeignOptions(settings);
  switch (settings.profile.ruleBook) {
    case 'gridmill':
      return runGridmillRules(input);
    case 'vectorbt':
      return runVectorbtRules(input);
    case 'backtesting.py':
      return runBacktestingPyRules(input);
    case 'freqtrade':
      return runFreqtradeRules(input);
    case 'hummingbot':
      throw new AppError('REQUEST_INVALID', {
        rule: `The profile ${settings.profile.name} is for Hummingbot's controllers.`,
        found: 'a strategy of signals.',
        todo: 'Leave --profile out, or name a controller file (.yml) as the strategy.',
      });
    default:
      return unreachable(settings.profile.ruleBook);
  }
}

/** Options of one peer would be ignored by the rules of another: nothing a user asks for is dropped silently. */
function refuseForeignOptions(settings: SimulationSettings): void {
  const { profile } = settings;
  const blocks = {
    vectorbt: settings.vectorbt,
    'backtesting.py': settings.backtestingPy,
    freqtrade: settings.freqtrade,
  };
  for (const [ruleBook, block] of Object.entries(blocks)) {
    if (block === undefined || ruleBook === profile.ruleBook) continue;
    throw new AppError('REQUEST_INVALID', {
      rule: 'Options of a peer need the profile of that peer.',
      found: `options of ${ruleBook} under the profile ${profile.name}.`,
      todo: `Leave them out, or choose the profile ${ruleBook}.`,
    });
  }
}
