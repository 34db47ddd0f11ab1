// What is assumed about execution, in words that terminal and report share.
import type { Instrument } from '../market/instrument.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { ExecutionJson } from './result-record.ts';

/** Whether amounts, sides and exits come from a controller's configuration. */
export const runsControllers = ({ profile }: Pick<ExecutionJson, 'profile'>): boolean =>
  profileNamed(profile).ruleBook === 'hummingbot';

export const instrumentText = ({ exchange, symbol, tickSize, stepSize, minNotional }: Instrument): string =>
  `${exchange} ${symbol}: price step ${tickSize}, size step ${stepSize}, smallest order ${minNotional}`;
