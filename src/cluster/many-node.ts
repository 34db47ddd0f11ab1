// A machine that scores or merges shards of a sweep over many cells: the strategy at once, candles as cells ask for them.
import { AppError } from '../core/errors.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { LoadedCandles } from '../runs/candle-source.ts';
import { cutCell, manyOn, type PreparedMany, prepareManyStrategy } from '../runs/many-prepare.ts';
import { checkCell } from '../runs/many-shards.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import { windowBounds } from '../runs/window-selection.ts';
import type { ManyCell } from '../sweep/many-request.ts';
import { getParts } from './candle-parts.ts';
import type { ManyManifest, ShardRun } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';
import { checkStrategy, fetchCandles, fetchStrategy, nodeCache, nodeContext } from './shard-node.ts';

export interface ManyNode {
  readonly prepared: Pick<PreparedMany, 'request' | 'loadedStrategy' | 'grid'>;
  /** A cell of a shard. Candles of one market are held at a time, those parts that the shard needs. Errors: those of the store; REQUEST_INVALID for other candles. */
  cell(shard: number, cell: number): Promise<ManyCell>;
}

/** Fetches and loads the strategy. Errors: those of the store and of prepareManyStrategy; STRATEGY_INVALID for other files. */
export async function openManyNode(
  { manifest, id }: ShardRun<ManyManifest>,
  content: ObjectStore,
  context: RunContext,
  imageStrategies?: string,
): Promise<ManyNode> {
  const { selection, markets, windows, shards, cells } = manifest;
  const cache = nodeCache(content, context);
  const prepared = await loadManyStrategy({ manifest, id }, content, context, imageStrategies);
  const { coldStart } = windowBounds(selection.window);
  let held: { readonly name: string; readonly loaded: LoadedCandles } | undefined;
  const loadedFor = async (shard: number, market: number): Promise<LoadedCandles> => {
    const range = shards[shard]!.parts.find((one) => one.market === market);
    const described = markets[market];
    if (range === undefined || described === undefined) throw noCandles(shard, market);
    const name = `${market} ${range.from}-${range.to}`;
    if (held?.name === name) return held.loaded;
    // Let go before others come: two markets are not held at once.
    held = undefined;
    const { parts, dataHash: _, timeframe, ...origin } = described.candles;
    const candles = await getParts(cache, parseTimeframe(timeframe), parts.slice(range.from, range.to));
    held = { name, loaded: { ...origin, candles, loadMs: 0 } };
    return held.loaded;
  };
  return {
    prepared,
    async cell(shard, cell) {
      const market = Math.floor(cell / windows.length);
      const loaded = await loadedFor(shard, market);
      const name = markets[market]!.market;
      const { window } = cutCell(name, loaded, windows[cell % windows.length]!, coldStart);
      const made = { market: name, window };
      checkCell(prepared, made, cells[cell], context);
      return made;
    },
  };
}

/** All markets and cells, for the merge. Errors: as openManyNode. */
export async function prepareManyRun(
  run: ShardRun<ManyManifest>,
  content: ObjectStore,
  context: RunContext,
  imageStrategies?: string,
): Promise<PreparedMany> {
  const { selection, markets, windows, cells } = run.manifest;
  const cache = nodeCache(content, context);
  const named: { readonly market: string; readonly loaded: LoadedCandles }[] = [];
  for (const { market, candles } of markets)
    named.push({ market, loaded: await fetchCandles(cache, candles, context) });
  const prepared = await loadManyStrategy(run, content, context, imageStrategies);
  const many = manyOn(prepared, named, windows, windowBounds(selection.window).coldStart);
  for (const [i, { market, loadedWindow }] of many.cells.entries()) {
    checkCell(prepared, { market, window: loadedWindow.window }, cells[i], context);
  }
  return many;
}

async function loadManyStrategy(
  { manifest, id }: ShardRun<ManyManifest>,
  content: ObjectStore,
  context: RunContext,
  imageStrategies?: string,
): Promise<Awaited<ReturnType<typeof prepareManyStrategy>>> {
  const strategy = await fetchStrategy(nodeCache(content, context), manifest, id, context, imageStrategies);
  const prepared = await prepareManyStrategy({ ...manifest.selection, strategy }, nodeContext(manifest, context));
  checkStrategy(manifest, prepared);
  return prepared;
}

const noCandles = (shard: number, market: number): AppError =>
  new AppError('OBJECT_CORRUPT', {
    found: `a manifest whose shard ${shard} has no candles of market ${market}.`,
    todo: 'Plan the shards again.',
  });
