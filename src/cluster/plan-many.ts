// Cuts a sweep over many cells into shards by variants, markets and windows, and puts all they need into the shared place.
import type { ManySelection, PreparedMany } from '../runs/many-prepare.ts';
import { cutManySweep } from '../runs/many-shards.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import type { TimeSpan } from '../runs/window-list.ts';
import { pieceAt } from '../sweep/many-cut.ts';
import { type CandlePart, partsNeeded, putCandles } from './candle-parts.ts';
import { type ManyManifest, type ManyShard, putManifest } from './manifest.ts';
import {
  cannotCut,
  type PlannedShards,
  type PlanPlaces,
  SHARD_SECONDS,
  type ShardPlan,
  sharedManifest,
  timeNeed,
} from './plan-shards.ts';

/** Errors: those of cutManySweep and of the store; REQUEST_INVALID for what cannot be cut. */
export async function planManyShards(
  prepared: PreparedMany,
  { strategy: _, markets: __, windows: ___, split: ____, ...selection }: ManySelection,
  { shards: wanted, budgetBytes, workers }: Omit<ShardPlan, 'residentBytes'>,
  { objects, content = objects }: PlanPlaces,
  context: RunContext,
): Promise<PlannedShards<ManyManifest>> {
  const rule = { shards: wanted, shardSeconds: SHARD_SECONDS };
  const cut = await cutManySweep(prepared, rule, { workers, budgetBytes }, context);
  if (cut === undefined) throw cannotCut();
  const { stage, blocks, cells, shards } = cut;
  const coldStart = selection.window.coldStart === true;
  const windows = windowsOf(prepared);
  let sentBytes = 0;
  const markets: ManyManifest['markets'][number][] = [];
  for (const { market, loaded } of prepared.markets) {
    const { candles, loadMs: _____, downloadMs: ______, ...origin } = loaded;
    const put = await putCandles(content, candles, timeNeed(windows, coldStart));
    sentBytes += put.sent;
    markets.push({ market, candles: { ...put.candles, ...origin } });
  }
  const parts = markets.map(({ candles }) => candles.parts);
  const manifest: ManyManifest = {
    ...(await sharedManifest(prepared, prepared.request, budgetBytes, { objects, content }, context)),
    selection,
    markets,
    windows,
    cells,
    stage,
    blocks,
    shards: shards.map((shard) => ({ ...shard, parts: partsOf(shard, blocks.length, windows, parts, coldStart) })),
  };
  return { ...(await putManifest(objects, manifest)), sentBytes };
}

/** All markets have the same ones. */
function windowsOf({ cells, markets }: PreparedMany): TimeSpan[] {
  return cells.slice(0, cells.length / markets.length).map(({ span: { from, to } }) => ({ from, to }));
}

/** Of each market that the shard has a cell of: the parts that its windows there need. */
function partsOf(
  { from, to }: { readonly from: number; readonly to: number },
  blocks: number,
  windows: readonly TimeSpan[],
  parts: readonly (readonly CandlePart[])[],
  coldStart: boolean,
): ManyShard['parts'] {
  const cellOf = (piece: number): number => pieceAt({ blocks: { length: blocks } }, piece).cell;
  const byMarket = new Map<number, TimeSpan[]>();
  for (let cell = cellOf(from); cell <= cellOf(to - 1); cell++) {
    const market = Math.floor(cell / windows.length);
    byMarket.set(market, [...(byMarket.get(market) ?? []), windows[cell % windows.length]!]);
  }
  return [...byMarket].map(([market, own]) => ({
    market,
    ...partsNeeded(parts[market]!, timeNeed(own, coldStart)),
  }));
}
