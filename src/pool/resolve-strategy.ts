// From what can be sent to a thread to the strategy it names: every kind of worker loads strategies here.
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import type { StrategyRef } from './messages.ts';

/** Imports a strategy module and gives its default export. */
export type ImportStrategy = (moduleUrl: string) => Promise<unknown>;

/** What the name stands for; whether it is a strategy, and the right one, is for the caller to see. */
export async function resolveStrategy(ref: StrategyRef, importStrategy: ImportStrategy): Promise<unknown> {
  if ('builtIn' in ref) return BUILT_IN_STRATEGIES[ref.builtIn];
  return importStrategy(ref.moduleUrl);
}

/** What errors call it where nobody gave it a name. */
export const nameOfRef = (ref: StrategyRef): string => ('builtIn' in ref ? ref.builtIn : ref.moduleUrl);
