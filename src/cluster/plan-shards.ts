// Cuts a sweep into shards that other machines score, and puts all they need into the shared place.
import { dirname, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { compileStrategy } from '../loader/load-strategy.ts';
import { planHost } from '../runs/sweep-host.ts';
import { type PreparedSweep, type RunContext, type SweepSelection, strategyCache } from '../runs/sweep-run.ts';
import { nextStep } from '../runs/sweep-shards.ts';
import { putCandles } from './candle-parts.ts';
import { type Manifest, putManifest, type ShardRun } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';
import { putStrategy, type StrategyFiles } from './strategy-files.ts';

export interface ShardPlan {
  /** So many; fewer where there are not as many variants, or where a merge could not hold them. When left out: one for each SHARD_SECONDS. */
  readonly shards?: number | undefined;
  /** Of the process of one shard. */
  readonly budgetBytes?: number | undefined;
  /** Scoring threads that the process of one shard is planned with. */
  readonly workers: number;
  readonly residentBytes: number;
}

/** Where a plan goes: manifest and what shards hand in to `objects`; candles and strategy to `content`, the same place unless given. */
export interface PlanPlaces {
  readonly objects: ObjectStore;
  readonly content?: ObjectStore | undefined;
}

/** Predicted work of one core: long beside the start of a container, short beside its loss. */
export const SHARD_SECONDS = 120;

export interface PlannedShards extends ShardRun {
  /** Bytes of candles that the shared place did not have yet. */
  readonly sentBytes: number;
}

/** Errors: those of planning, of the store, and REQUEST_INVALID for what cannot be cut. */
export async function planShards(
  prepared: PreparedSweep,
  selection: SweepSelection,
  { shards: wanted, budgetBytes, workers, residentBytes }: ShardPlan,
  { objects, content = objects }: PlanPlaces,
  context: RunContext,
): Promise<PlannedShards> {
  const { request, loadedWindow } = prepared;
  if (request.instrument !== undefined)
    throw cannotCut('a controller with the rules of an instrument, which do not travel yet');
  const { loaded } = loadedWindow;
  const plan = planHost(prepared, { workers, budgetBytes }, residentBytes, context);
  const { shards } = nextStep(prepared, [], { shards: wanted, shardSeconds: SHARD_SECONDS }, plan, context);
  if (shards === undefined) throw cannotCut('a sweep that makes fewer than two shards');
  const { candles, loadMs: _, downloadMs: __, ...origin } = loaded;
  const { strategy: ___, ...selected } = selection;
  const put = await putCandles(content, candles);
  const manifest: Manifest = {
    format: 'gridmill-shards',
    engineVersion: context.engineVersion,
    strategy: await sendStrategy(prepared, content, context),
    selection: selected,
    candles: { ...put.candles, ...origin },
    budgetBytes: budgetBytes ?? null,
    shards,
    ...(content === objects ? {} : { contentPlace: content.uri }),
  };
  return { ...(await putManifest(objects, manifest)), sentBytes: put.sent };
}

async function sendStrategy(
  { loadedStrategy, request }: PreparedSweep,
  objects: ObjectStore,
  { folder, storeRoot, entry }: RunContext,
): Promise<StrategyFiles> {
  const { path, moduleUrl, models = [], strategyHash } = loadedStrategy;
  if (path === undefined) return { name: request.strategy.name, hash: strategyHash, files: [] };
  const compiled =
    moduleUrl === undefined
      ? { files: [] }
      : await compileStrategy(path, { folder, cacheFolder: strategyCache(storeRoot), entry });
  const modelPaths = models.map((model) => resolve(dirname(path), model.path));
  return putStrategy(objects, strategyHash, [path, ...compiled.files, ...modelPaths]);
}

const cannotCut = (found: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'Shards are cut from a sweep of two variants or more.',
    found: `${found}.`,
    todo: 'Give --shards to cut it smaller, or run it whole with "gridmill sweep".',
  });
