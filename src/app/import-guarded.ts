// Imports a compiled strategy into a thread or process of its own, behind guards where its folders are told.
import { fileURLToPath } from 'node:url';
import { ENTRY_SYMBOL } from '../core/entry-symbol.ts';
import { isAppError } from '../core/errors.ts';
import { type GuardFolders, installGuards } from '../isolation/guards.ts';
import { createSupplied, suppliedEntry, supply } from '../isolation/supplied.ts';
import { type PackedError, packError } from '../pool/messages.ts';

interface CompiledStrategy {
  readonly moduleUrl: string;
  readonly guards?: GuardFolders;
}

/** The engine's compiled code: what it imports late is its own affair. */
const ENGINE_URL = new URL('..', import.meta.url).href;

/** The default export of the module. `tell` hears remarks for the user, and of forbidden deeds that nobody caught. */
export async function importGuarded(
  { moduleUrl, guards }: CompiledStrategy,
  tell: (message: { readonly unfit: PackedError } | { readonly remark: string }) => void,
): Promise<unknown> {
  // Stacks name the lines of the user's strategy, not of its compiled form.
  process.setSourceMapsEnabled(true);
  const entry = await import('../index.ts');
  const onFlag = (remark: string): void => tell({ remark });
  if (guards !== undefined) tellOfDeeds(tell);
  const supplied =
    guards === undefined
      ? createSupplied(onFlag)
      : installGuards({ ...withOwnFolders(guards, moduleUrl), engineUrl: ENGINE_URL, onFlag });
  supply(supplied);
  // A thread of trials has run others before.
  supplied.restart('');
  // What `import … from 'gridmill'` means in a compiled strategy: the modules this thread scores with.
  (globalThis as Record<symbol, unknown>)[Symbol.for(ENTRY_SYMBOL)] = suppliedEntry(entry, supplied);
  return ((await import(moduleUrl)) as { readonly default?: unknown }).default;
}

/** Node reads what is imported by the calls that are guarded: compiled strategy and engine must stay readable. */
function withOwnFolders(guards: GuardFolders, moduleUrl: string): GuardFolders {
  const urls = moduleUrl.startsWith('file:') ? [new URL('.', moduleUrl).href, ENGINE_URL] : [ENGINE_URL];
  return { ...guards, readOnlyFolders: [...guards.readOnlyFolders, ...urls.map((url) => fileURLToPath(url))] };
}

/** Once per thread: a trial thread imports one strategy after the other. */
let isTold = false;

/** A promise that nobody waited for, or a callback, would end the thread without a word on why. */
function tellOfDeeds(tell: (message: { readonly unfit: PackedError }) => void): void {
  if (isTold) return;
  isTold = true;
  const hear = (error: unknown): void => {
    if (!isAppError(error, 'STRATEGY_FORBIDDEN')) throw error;
    tell({ unfit: packError(error) });
  };
  process.on('unhandledRejection', hear);
  process.on('uncaughtException', hear);
}
