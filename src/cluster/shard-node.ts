// A machine that scores or merges shards: from a manifest to a sweep that is ready to run here.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { strategyInImage } from '../images/strategy-index.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { type PreparedSweep, prepareSweepOn, type RunContext } from '../runs/sweep-run.ts';
import { windowBounds } from '../runs/window-selection.ts';
import { getCandles } from './candle-parts.ts';
import { cacheContent, contentFolder } from './content.ts';
import type { ShardRun } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';
import { unpackStrategy } from './strategy-files.ts';

/** Folder of this machine for one cut sweep: its strategy and the progress of its shards. */
export const runFolder = (storeRoot: string, id: string): string => join(storeRoot, 'shards', id);

/**
 * Fetches candles and strategy from the place of their content, and loads both. A strategy of the manifest's hash in `imageStrategies`, the folder of an image, is not
 * fetched. Errors: those of the store and of prepareSweep; STRATEGY_INVALID for other files.
 */
export async function prepareRun(
  { manifest, id }: ShardRun,
  content: ObjectStore,
  context: RunContext,
  imageStrategies?: string,
): Promise<PreparedSweep> {
  const { candles: described, selection, strategy } = manifest;
  const { clock, storeRoot } = context;
  const cache = cacheContent(content, contentFolder(storeRoot));
  const startedMs = clock.monotonicMs();
  const { parts: _, dataHash: __, timeframe, ...origin } = described;
  const candles = await getCandles(cache, { ...described, timeframe: parseTimeframe(timeframe) });
  const loaded = { ...origin, candles, loadMs: clock.monotonicMs() - startedMs };
  const folder = join(runFolder(storeRoot, id), 'strategy');
  const reference = strategyInImage(imageStrategies, strategy.hash) ?? (await unpackStrategy(cache, strategy, folder));
  const bounds = windowBounds(selection.window);
  const prepared = await prepareSweepOn(loaded, { ...selection, strategy: reference }, context, bounds);
  const { strategyHash } = prepared.loadedStrategy;
  if (strategyHash === strategy.hash) return prepared;
  throw new AppError('STRATEGY_INVALID', {
    rule: 'Shards are scored by the strategy that was cut.',
    found: `files of hash ${strategyHash.slice(0, 12)}; the manifest has ${strategy.hash.slice(0, 12)}.`,
    todo: 'Plan the shards again.',
  });
}
