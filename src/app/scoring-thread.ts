// The entry of a scoring thread: imports strategy modules as the loader compiles them, and serves the pool.
import { ENTRY_SYMBOL } from '../loader/bundle.ts';
import { serveBatches } from '../pool/worker.ts';

await serveBatches(async (moduleUrl) => {
  // Stacks name the lines of the user's strategy, not of its compiled form.
  process.setSourceMapsEnabled(true);
  // What `import … from 'gridmill'` means in a compiled strategy: the modules this thread scores with.
  (globalThis as Record<symbol, unknown>)[Symbol.for(ENTRY_SYMBOL)] = await import('../index.ts');
  return ((await import(moduleUrl)) as { readonly default?: unknown }).default;
});
