// Scores one shard and hands it in once: however often it is run, wherever it was interrupted, one result stands.
import { join } from 'node:path';
import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { canonicalJson, hashJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { PreparedSweep, RunContext } from '../runs/sweep-run.ts';
import { scoreShard } from '../runs/sweep-shards.ts';
import { openCheckpointFile, removeCheckpointFolder } from '../store/checkpoint-file.ts';
import type { SweepProgress } from '../sweep/request.ts';
import type { ShardResult } from '../sweep/shard.ts';
import { handIn } from './hand-in.ts';
import { type Manifest, progressKey, type ShardRun, shardKey } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';
import { runFolder } from './run-folder.ts';

export interface ShardHost {
  readonly objects: ObjectStore;
  readonly workers: number;
  /** Most bytes that this process may take. */
  readonly budgetBytes: number;
  readonly residentBytes: number;
  readonly stop: StopToken;
  readonly onProgress?: (progress: SweepProgress) => void;
  /** Milliseconds between two saves of progress to the shared place; PROGRESS_MS when left out. */
  readonly progressEveryMs?: number;
}

/** `already`: somebody had handed it in. `interrupted`: stopped before its end, with its progress in the shared place. */
export type ShardEnd = 'done' | 'already' | 'interrupted';

/** A machine that goes away without a word costs at most this much work of each of its shards. */
const PROGRESS_MS = 10_000;

/** Errors: those of scoreShard and of the store; RESULT_CORRUPT when another result stands already. */
export async function runShard(
  run: ShardRun<Manifest>,
  index: number,
  prepared: PreparedSweep,
  host: ShardHost,
  context: RunContext,
): Promise<ShardEnd> {
  const { id, manifest } = run;
  const { objects, stop, workers, budgetBytes, residentBytes, onProgress } = host;
  const shard = manifest.shards[index];
  if (shard === undefined) throw noShard(index, manifest.shards.length);
  if ((await objects.head(shardKey(id, index))) !== undefined) return 'already';
  const folder = join(runFolder(context.storeRoot, id), String(index));
  const progress = await followProgress(run, index, folder, host);
  let result: ShardResult | undefined;
  try {
    const limits = {
      stop,
      workers,
      budgetBytes,
      residentBytes,
      checkpointFolder: folder,
      keepCheckpoint: true,
      onProgress,
    };
    result = await scoreShard(prepared, shard, limits, context);
  } finally {
    await progress.end();
  }
  if (result === undefined) return 'interrupted';
  await handIn(run, index, result, objects);
  await objects.remove(progressKey(id, index)).catch(() => undefined);
  try {
    removeCheckpointFolder(folder);
  } catch {
    // It is handed in: what is left here is in nobody's way.
  }
  return 'done';
}

/** Begins where the last machine got to, and tells the next one how far this one gets. */
async function followProgress({ id }: ShardRun, index: number, folder: string, host: ShardHost) {
  const { objects, progressEveryMs = PROGRESS_MS } = host;
  const key = progressKey(id, index);
  const file = openCheckpointFile(folder);
  const there = await objects.get(key, LIMITS.manifestBytesMax);
  const checked = there === undefined ? undefined : readProgress(there);
  // Another machine may have taken it further since this one was here.
  if (checked !== undefined && takenOf(checked) > takenOf(loaded(file))) file.save(checked);
  let last = loaded(file);
  let saving: Promise<void> = Promise.resolve();
  const save = (): void => {
    const now = loaded(file);
    if (now === undefined || canonicalJson(now) === canonicalJson(last ?? null)) return;
    last = now;
    const bytes = new TextEncoder().encode(canonicalJson({ hash: hashJson(now), progress: now }));
    // Progress that could not be saved costs time if this machine goes, and nothing else.
    saving = saving.then(() => objects.put(key, bytes)).catch(() => undefined);
  };
  const timer = setInterval(save, progressEveryMs);
  return {
    async end() {
      clearInterval(timer);
      save();
      await saving;
    },
  };
}

/** Progress that cannot be read here is as good as none while a shard runs: it is written anew. */
function loaded(file: ReturnType<typeof openCheckpointFile>): Json | undefined {
  try {
    return file.load();
  } catch {
    return undefined;
  }
}

const takenOf = (progress: Json | undefined): number =>
  Number((progress as { readonly taken?: number } | undefined)?.taken ?? -1);

/** Progress that is not whole is as good as none: the shard is scored from its beginning. */
function readProgress(bytes: Uint8Array): Json | undefined {
  try {
    const { hash, progress } = JSON.parse(new TextDecoder().decode(bytes)) as { hash: string; progress: Json };
    return hashJson(progress) === hash ? progress : undefined;
  } catch {
    return undefined;
  }
}

export const noShard = (index: number, count: number): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: `The shards of this run are 0 to ${count - 1}.`,
    found: `shard ${index}.`,
    todo: 'Give --index, or the index of an array job.',
  });
