// What a strategy consists of, told without running any of it.
import { codelessStrategy, compiledHash, compileStrategy } from '../loader/load-strategy.ts';
import { type RunContext, strategyCache } from './sweep-run.ts';

/**
 * The strategyHash of a strategy that names no models; undefined for controllers, which depend on lists of instruments.
 * Errors: those of compileStrategy.
 */
export async function strategyContent(reference: string, context: RunContext): Promise<string | undefined> {
  const { folder, storeRoot, entry, confined } = context;
  const options = { folder, cacheFolder: strategyCache(storeRoot), entry, confined };
  const codeless = await codelessStrategy(reference, options);
  if (codeless !== undefined) return codeless.strategy.program === undefined ? codeless.strategyHash : undefined;
  return compiledHash(await compileStrategy(reference, options));
}
