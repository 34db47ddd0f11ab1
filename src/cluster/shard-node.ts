// A machine that scores or merges shards of a sweep over one market: from a manifest to a sweep that is ready to run here.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { strategyInImage } from '../images/strategy-index.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { LoadedCandles } from '../runs/candle-source.ts';
import { type PreparedSweep, prepareSweepOn, type RunContext } from '../runs/sweep-run.ts';
import { windowBounds } from '../runs/window-selection.ts';
import { getCandles } from './candle-parts.ts';
import { type ContentCache, cacheContent, contentFolder } from './content.ts';
import type { Manifest, SentCandles, ShardRun, SharedManifest } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';
import { enterRunFolder } from './run-folder.ts';
import { unpackStrategy } from './strategy-files.ts';

export const nodeCache = (
  content: ObjectStore,
  { storeRoot, clock }: Pick<RunContext, 'storeRoot' | 'clock'>,
): ContentCache => cacheContent(content, contentFolder(storeRoot), clock);

/**
 * Fetches candles and strategy from the place of their content, and loads both. A strategy of the manifest's hash in
 * `imageStrategies`, the folder of an image, is not fetched. Errors: those of the store and of prepareSweep; STRATEGY_INVALID
 * for other files.
 */
export async function prepareRun(
  { manifest, id }: ShardRun<Manifest>,
  content: ObjectStore,
  context: RunContext,
  imageStrategies?: string,
): Promise<PreparedSweep> {
  const { candles, selection } = manifest;
  const cache = nodeCache(content, context);
  const loaded = await fetchCandles(cache, candles, context);
  const strategy = await fetchStrategy(cache, manifest, id, context, imageStrategies);
  const bounds = windowBounds(selection.window);
  const prepared = await prepareSweepOn(loaded, { ...selection, strategy }, nodeContext(manifest, context), bounds);
  checkStrategy(manifest, prepared);
  return prepared;
}

export async function fetchCandles(
  cache: ContentCache,
  described: SentCandles,
  { clock }: Pick<RunContext, 'clock'>,
): Promise<LoadedCandles> {
  const startedMs = clock.monotonicMs();
  const { parts: _, dataHash: __, timeframe, ...origin } = described;
  const candles = await getCandles(cache, { ...described, timeframe: parseTimeframe(timeframe) });
  return { ...origin, candles, loadMs: clock.monotonicMs() - startedMs };
}

/** Answers what to load. Errors: those of unpackStrategy. */
export async function fetchStrategy(
  cache: ContentCache,
  { strategy }: SharedManifest,
  id: string,
  { storeRoot, clock }: Pick<RunContext, 'storeRoot' | 'clock'>,
  imageStrategies: string | undefined,
): Promise<string> {
  const folder = join(enterRunFolder(storeRoot, id, clock.wallMs()), 'strategy');
  return strategyInImage(imageStrategies, strategy.hash) ?? (await unpackStrategy(cache, strategy, folder));
}

/** What the plan was made with goes before what this machine has of its own. */
export const nodeContext = ({ rules, modelBytes }: SharedManifest, context: RunContext): RunContext => ({
  ...context,
  rules,
  modelBytesMax: context.modelBytesMax ?? modelBytes,
});

/** Errors: STRATEGY_INVALID. */
export function checkStrategy(
  { strategy }: SharedManifest,
  { loadedStrategy: { strategyHash } }: Pick<PreparedSweep, 'loadedStrategy'>,
): void {
  if (strategyHash === strategy.hash) return;
  throw new AppError('STRATEGY_INVALID', {
    rule: 'Shards are scored by the strategy that was cut.',
    found: `files of hash ${strategyHash.slice(0, 12)}; the manifest has ${strategy.hash.slice(0, 12)}.`,
    todo: 'Plan the shards again.',
  });
}
