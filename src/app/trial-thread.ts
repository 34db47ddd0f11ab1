// The entry of a trial thread: imports strategy modules as the loader compiles them, and serves the turbo pool.
import { ENTRY_SYMBOL } from '../loader/bundle.ts';
import { serveTrialsInThread } from '../turbo/worker.ts';

serveTrialsInThread(async (moduleUrl) => {
  // Guards of the thread belong here: nothing of the strategy has run yet.
  // Stacks name the lines of the user's strategy, not of its compiled form.
  process.setSourceMapsEnabled(true);
  // What `import … from 'gridmill'` means in a compiled strategy: the modules this thread scores with.
  (globalThis as Record<symbol, unknown>)[Symbol.for(ENTRY_SYMBOL)] = await import('../index.ts');
  return ((await import(moduleUrl)) as { readonly default?: unknown }).default;
});
