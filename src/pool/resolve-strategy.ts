// From what can be sent to a thread to the strategy it names: every kind of worker loads strategies here.
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import type { ModuleRef, Remark, StrategyRef, Unfit } from './messages.ts';

/** Imports a strategy module and gives its default export. `tell` sends the pool what it should hear besides answers. */
export type ImportStrategy = (ref: ModuleRef, tell: (message: Unfit | Remark) => void) => Promise<unknown>;

/** What the name stands for; whether it is a strategy, and the right one, is for the caller to see. */
export async function resolveStrategy(
  ref: StrategyRef,
  importModule: (ref: ModuleRef) => Promise<unknown>,
): Promise<unknown> {
  if ('builtIn' in ref) return BUILT_IN_STRATEGIES[ref.builtIn];
  // Loaded for controllers alone: no other thread has to read their code.
  if ('moduleUrl' in ref) return importModule(ref);
  const { controllerStrategy } = await import('../controllers/controller-strategy.ts');
  return controllerStrategy(ref.controller, ref.fields);
}

/** What errors call it where nobody gave it a name. */
export function nameOfRef(ref: StrategyRef): string {
  if ('builtIn' in ref) return ref.builtIn;
  return 'moduleUrl' in ref ? ref.moduleUrl : String(ref.controller['controller_name']);
}
