// How long the shards of a run take, and what each needs: as measured by those handed in, or as a calibrated plan predicts.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { SweepShard } from '../sweep/shard.ts';
import type { Workload } from './assumptions.ts';
import { type Manifest, type ShardRun, shardKey } from './manifest.ts';
import { runStatus } from './merge-run.ts';
import type { ObjectStore } from './object-store.ts';
import type { HandedIn } from './run-shard.ts';

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
  const variants = shards.map(variantsOf);
  const sum = (of: (index: number) => number): number => [...seconds.keys()].reduce((all, index) => all + of(index), 0);
  const perVariant = sum((index) => seconds.get(index)!) / sum((index) => variants[index]!);
  return {
    shardSeconds: shards.map((_, index) => seconds.get(index) ?? perVariant * variants[index]!),
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

/** Bytes and objects that a machine fetches before it scores. */
export function contentOf({ candles, strategy }: Manifest): Pick<Workload, 'fetchBytes' | 'fetchRequests'> {
  const content = [...candles.parts, ...strategy.files];
  return { fetchBytes: content.reduce((sum, { bytes }) => sum + bytes, 0), fetchRequests: content.length };
}

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
