// Puts together what shards have handed in, once all have: the result that one machine would have made.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { planHost, type SweepLimits } from '../runs/sweep-host.ts';
import { type FinishedSweep, finishSweep, type PreparedSweep, type RunContext } from '../runs/sweep-run.ts';
import { nextStep } from '../runs/sweep-shards.ts';
import type { ShardResult } from '../sweep/shard.ts';
import { readAll } from './bounded-reads.ts';
import { type HandedIn, hashOf, type ManyShardResult } from './hand-in.ts';
import { type Manifest, type ManyManifest, type ShardRun, shardKey } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';

/** Missing or wrong shards named in an error. */
const SHARDS_SAID = 20;

export interface RunStatus {
  readonly shards: number;
  readonly done: readonly number[];
  readonly missing: readonly number[];
}

/** Which shards have been handed in, by the names in the shared place alone. */
export async function runStatus({ id, manifest }: ShardRun, objects: ObjectStore): Promise<RunStatus> {
  const there = new Set<string>();
  for await (const { key } of objects.list(`runs/${id}/shards/`)) there.add(key);
  const all = manifest.shards.map((_, index) => index);
  const isDone = (index: number): boolean => there.has(shardKey(id, index));
  return { shards: all.length, done: all.filter(isDone), missing: all.filter((index) => !isDone(index)) };
}

/** Those that are not there when they are asked for by name, which a folder of many machines answers sooner than its listing. */
export async function stillMissing(
  { id }: Pick<ShardRun, 'id'>,
  indices: readonly number[],
  objects: ObjectStore,
): Promise<number[]> {
  const isThere = await readAll(
    indices,
    LIMITS.mergeReadsMax,
    async (index) => (await objects.get(shardKey(id, index), LIMITS.manifestBytesMax)) !== undefined,
  );
  return indices.filter((_, at) => isThere[at] === false);
}

/**
 * In the order of the shards. Beside the results, which stay in memory, at most LIMITS.mergeReadsMax objects are on their way.
 * Errors: SHARDS_INCOMPLETE with a list of what is missing; RESULT_CORRUPT with what is damaged, or of another run or version.
 */
export async function collectShards<Kind extends Manifest | ManyManifest>(
  run: ShardRun<Kind>,
  objects: ObjectStore,
): Promise<ResultOf<Kind>[]> {
  const { missing } = await runStatus(run, objects);
  // A listing of a shared folder may be older than what is in it.
  const absent = await stillMissing(run, missing.slice(0, SHARDS_SAID), objects);
  if (absent.length > 0) throw incomplete([...absent, ...missing.slice(SHARDS_SAID)]);
  const read = await readAll([...run.manifest.shards.keys()], LIMITS.mergeReadsMax, async (index) => {
    const bytes = await objects.get(shardKey(run.id, index), LIMITS.manifestBytesMax);
    return bytes === undefined ? undefined : readShard(bytes, run, index);
  });
  const gone = read.flatMap((result, index) => (result === undefined ? [index] : []));
  if (gone.length > 0) throw incomplete(gone);
  const wrong = read.flatMap((result, index) => (typeof result === 'string' ? [`${index} ${result}`] : []));
  if (wrong.length > 0) throw unusable(said(wrong), `${objects.uri}/${shardKey(run.id, 0)}`);
  return read as ResultOf<Kind>[];
}

/** What shards of a kind of sweep hand in. */
export type ResultOf<Kind> = Kind extends ManyManifest ? ManyShardResult : ShardResult;

function readShard(
  bytes: Uint8Array,
  { id, manifest }: ShardRun,
  index: number,
): ShardResult | ManyShardResult | string {
  let handed: HandedIn;
  try {
    handed = JSON.parse(new TextDecoder().decode(bytes)) as HandedIn;
  } catch {
    return 'is no JSON';
  }
  if (handed?.format !== 'gridmill-shard' || handed.run !== id || handed.index !== index) return 'is of another run';
  if (handed.engineVersion !== manifest.engineVersion) return `was scored by version ${handed.engineVersion}`;
  const shard = manifest.shards[index]!;
  const { result } = handed;
  if (result === undefined || hashOf(result) !== handed.hash) return 'does not match its hash';
  return result.from === shard.from && result.to === shard.to ? result : 'is another part of the sweep';
}

/** What is left when all shards are in is done here: the second stage of those that were kept, and the ranking. Errors: those of collectShards and finishSweep. */
export async function mergeRun(
  results: readonly ShardResult[],
  prepared: PreparedSweep,
  limits: Omit<SweepLimits, 'merged' | 'shard' | 'keepAllRows'> & { readonly residentBytes: number },
  context: RunContext,
): Promise<FinishedSweep> {
  const plan = planHost(prepared, limits, limits.residentBytes, context);
  const step = nextStep(prepared, results, { shardSeconds: 0 }, plan, context);
  const merged = step.shards === undefined ? step.merged : undefined;
  return finishSweep(prepared, { ...limits, keepAllRows: false, ...(merged === undefined ? {} : { merged }) }, context);
}

export const said = (wrong: readonly string[]): string =>
  `shard ${wrong.slice(0, SHARDS_SAID).join(', ')}${wrong.length > SHARDS_SAID ? `, and ${wrong.length - SHARDS_SAID} more` : ''}.`;

/** A result that stands in the way of a good one is not tried again: somebody must look at it. */
export const unusable = (found: string, example: string): AppError =>
  new AppError('RESULT_CORRUPT', {
    rule: 'What a shard handed in must be whole, and of this run.',
    found,
    todo: `Remove those objects, named like ${example}, and run those shards again.`,
  });

function incomplete(missing: readonly number[]): AppError {
  return new AppError('SHARDS_INCOMPLETE', {
    found: said(missing.map((index) => `${index} is missing`)),
    todo: 'Run those shards again; what is handed in stays.',
  });
}
