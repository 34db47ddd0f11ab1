// How long the shards of a run take, and what each needs: as measured by those handed in, or as a calibrated plan predicts.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { SweepShard } from '../sweep/shard.ts';
import type { Workload } from './assumptions.ts';
import type { HandedIn } from './hand-in.ts';
import { isManyManifest, type Manifest, type ManyManifest, type ShardRun, shardKey, sizesOf } from './manifest.ts';
import { runStatus } from './merge-run.ts';
import type { ObjectStore } from './object-store.ts';

/** Shards whose time is read; more tell nothing new. */
const READ_MOST = 500;

export interface MeasuredWorkload extends Workload {
  /** Shards whose time was measured. */
  readonly measured: number;
}

/**
 * From what has been handed in. Shards that nobody has scored are taken to be as fast per variant as the others.
 * Errors: those of the store; REQUEST_INVALID when nothing has been handed in.
 */
export async function measuredWorkload(run: ShardRun, objects: ObjectStore): Promise<MeasuredWorkload> {
  const { shards } = run.manifest;
  const { done } = await runStatus(run, objects);
  const every = Math.max(1, done.length / READ_MOST);
  const seconds = new Map<number, number>();
  for (let at = 0; at < done.length; at += every) {
    const index = done[Math.floor(at)]!;
    const bytes = await objects.get(shardKey(run.id, index), LIMITS.manifestBytesMax);
    const elapsedMs = bytes === undefined ? undefined : elapsedIn(bytes);
    if (elapsedMs !== undefined) seconds.set(index, elapsedMs / 1000);
  }
  if (seconds.size === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A forecast from measured times needs shards that have been handed in.',
      found: `none of ${shards.length} in ${objects.uri}.`,
      todo: 'Score one with "gridmill shard run", or give a strategy instead of --manifest: then a sample is scored here.',
    });
  }
  const variants = sizesOf(run.manifest).map((size) => Math.max(1, size));
  const sum = (of: (index: number) => number): number => [...seconds.keys()].reduce((all, index) => all + of(index), 0);
  const perVariant = sum((index) => seconds.get(index)!) / sum((index) => variants[index]!);
  return {
    shardSeconds: variants.map((_, index) => seconds.get(index) ?? perVariant * variants[index]!),
    ...contentOf(run.manifest),
    mergeWorkSeconds: 0,
    measured: seconds.size,
  };
}

/** Of a result that cannot be read nobody knows. */
function elapsedIn(bytes: Uint8Array): number | undefined {
  try {
    const elapsedMs = (JSON.parse(new TextDecoder().decode(bytes)) as HandedIn).result.cost.elapsedMs;
    return Number.isFinite(elapsedMs) && elapsedMs >= 0 ? elapsedMs : undefined;
  } catch {
    return undefined;
  }
}

/** What it scores, where that was counted; else its points. */
const variantsOf = ({ variants, count, from, to }: SweepShard): number => Math.max(1, variants ?? count ?? to - from);

/** Bytes and objects that a machine fetches before it scores; the mean of all shards where each needs candles of its own. */
export function contentOf(manifest: Manifest | ManyManifest): Pick<Workload, 'fetchBytes' | 'fetchRequests'> {
  const { files } = manifest.strategy;
  const wanted = isManyManifest(manifest)
    ? manifest.shards.map(({ parts }) =>
        parts.flatMap(({ market, from, to }) => manifest.markets[market]!.candles.parts.slice(from, to)),
      )
    : [manifest.candles.parts];
  const content = wanted.flat();
  const mean = (sum: number, of: number): number => sum / wanted.length + of;
  return {
    fetchBytes: mean(sumOfBytes(content), sumOfBytes(files)),
    fetchRequests: mean(content.length, files.length),
  };
}

const sumOfBytes = (objects: readonly { readonly bytes: number }[]): number =>
  objects.reduce((sum, { bytes }) => sum + bytes, 0);

/** Months of candles, and bytes of one candle in the shared place. */
const MONTH_MS = 2_629_800_000;
const CANDLE_BYTES = 48;

export interface PlannedSweep {
  /** Undefined for a sweep that is too small to be cut: one shard then. */
  readonly shards: readonly SweepShard[] | undefined;
  /** Variants of all stages, and the seconds that a container of one shard's size needs for them all. */
  readonly toScore: number;
  readonly seconds: number;
  readonly bars: number;
  readonly timeframeMs: number;
}

export interface PlannedCells {
  /** Of all variants in all cells, as one container of one shard's size needs them. */
  readonly seconds: number;
  readonly shards: number;
  readonly markets: number;
  /** Of all markets. */
  readonly bars: number;
  readonly timeframeMs: number;
}

/** Of a sweep over many cells: pieces make shards of equal cost, and a shard needs the candles of its own share of markets, one at least. */
export function plannedCells({ seconds, shards, markets, bars, timeframeMs }: PlannedCells): Workload {
  const share = Math.max(1 / shards, 1 / markets);
  return {
    shardSeconds: Array.from({ length: shards }, () => seconds / shards),
    fetchBytes: bars * share * CANDLE_BYTES,
    fetchRequests: Math.ceil((bars * share * timeframeMs) / MONTH_MS) + 1,
    mergeWorkSeconds: 0,
  };
}

/** From a calibrated estimate. What shards do not score, the second stage of a sweep, is left to the merge. */
export function plannedWorkload({ shards, toScore, seconds, bars, timeframeMs }: PlannedSweep): Workload {
  const perVariant = seconds / Math.max(1, toScore);
  const variants = shards?.map(variantsOf) ?? [toScore];
  const shardSeconds = variants.map((count) => perVariant * count);
  const scored = variants.reduce((sum, count) => sum + count, 0);
  return {
    shardSeconds,
    fetchBytes: bars * CANDLE_BYTES,
    fetchRequests: Math.ceil((bars * timeframeMs) / MONTH_MS) + 1,
    mergeWorkSeconds: Math.max(0, toScore - scored) * perVariant,
  };
}
