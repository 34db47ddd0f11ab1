// What a shard hands in: one object, made once, with a hash of all that must not differ between two attempts.
import { AppError } from '../core/errors.ts';
import { hashJson, type Json } from '../core/hash.ts';
import type { ScoringEngine } from '../sweep/request.ts';
import type { ShardResult } from '../sweep/shard.ts';
import type { ShardRun } from './manifest.ts';
import { shardKey } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';

/** Of pieces of a sweep over many cells: the values themselves are objects of their own. */
export interface ManyShardResult {
  readonly from: number;
  readonly to: number;
  /** Each by the hash of its values. */
  readonly pieces: readonly { readonly hash: string; readonly engine: ScoringEngine }[];
  readonly cost: {
    readonly elapsedMs: number;
    readonly workers: number;
    readonly columnsComputed: number;
    readonly bytesPredicted: number;
  };
  readonly notes: readonly string[];
}

/** As it lies in the shared place. `hash` leaves out what scoring took, which differs from attempt to attempt. */
export interface HandedIn<Result extends ShardResult | ManyShardResult = ShardResult | ManyShardResult> {
  readonly format: 'gridmill-shard';
  readonly run: string;
  readonly index: number;
  readonly engineVersion: string;
  readonly hash: string;
  readonly result: Result;
}

export function hashOf({ cost: _, notes: __, ...result }: ShardResult | ManyShardResult): string {
  // Two builds of one kernel give the same values: which one it was may differ.
  const same = 'pieces' in result ? { ...result, pieces: result.pieces.map(({ hash }) => hash) } : result;
  return hashJson(JSON.parse(JSON.stringify(same)) as Json);
}

/** Errors: those of the store; RESULT_CORRUPT when another result stands already. */
export async function handIn(
  { id, manifest }: ShardRun,
  index: number,
  result: ShardResult | ManyShardResult,
  objects: ObjectStore,
): Promise<void> {
  const hash = hashOf(result);
  const { engineVersion } = manifest;
  const handed: HandedIn = { format: 'gridmill-shard', run: id, index, engineVersion, hash, result };
  const bytes = new TextEncoder().encode(JSON.stringify(handed));
  const key = shardKey(id, index);
  if ((await objects.create(key, bytes)) !== 'taken') return;
  // Another attempt was first: its figures of time differ, its rows must not.
  const there = await objects.get(key);
  if (there !== undefined && hashIn(there) === hash) return;
  throw anotherResult(`${objects.uri}/${key}`);
}

export const anotherResult = (place: string): AppError =>
  new AppError('RESULT_CORRUPT', {
    rule: 'Two attempts at a shard come to the same result.',
    found: `another result at ${place}.`,
    todo: 'Report this with both machines; remove that object to score the shard again.',
  });

/** Undefined for what is no result of a shard. */
function hashIn(bytes: Uint8Array): string | undefined {
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as HandedIn).hash;
  } catch {
    return undefined;
  }
}
