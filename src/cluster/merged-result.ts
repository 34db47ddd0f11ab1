// The result of a run in its shared place: put there by a merge on another machine, fetched by whoever asks.
import { AppError } from '../core/errors.ts';
import { hashJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import type { ShardRun } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';

interface Merged {
  readonly format: 'gridmill-merged';
  readonly run: string;
  readonly engineVersion: string;
  /** Of `record`, as it lies here. */
  readonly hash: string;
  readonly record: ResultRecord;
}

const resultKey = (id: string): string => `runs/${id}/result.json`;

/** The first merge stands; times of another differ, its rows must not. Errors: those of the store; RESULT_CORRUPT. */
export async function putMerged({ id, manifest }: ShardRun, record: ResultRecord, objects: ObjectStore): Promise<void> {
  const plain = JSON.parse(JSON.stringify(record)) as Json;
  const { engineVersion } = manifest;
  const merged = { format: 'gridmill-merged', run: id, engineVersion, hash: hashJson(plain), record: plain };
  const bytes = new TextEncoder().encode(JSON.stringify(merged));
  if ((await objects.create(resultKey(id), bytes)) !== 'taken') return;
  const there = await getMerged({ id, manifest }, objects);
  if (there?.resultHash === record.resultHash) return;
  throw corrupt(objects, id, 'another result');
}

/** Undefined when none was put there. Errors: those of the store; RESULT_CORRUPT for what is not of this run, or not whole. */
export async function getMerged({ id, manifest }: ShardRun, objects: ObjectStore): Promise<ResultRecord | undefined> {
  const bytes = await objects.get(resultKey(id), LIMITS.manifestBytesMax);
  if (bytes === undefined) return undefined;
  const merged = parsed(bytes);
  const isOurs = merged?.format === 'gridmill-merged' && merged.run === id;
  if (
    isOurs &&
    merged.engineVersion === manifest.engineVersion &&
    hashJson(merged.record as unknown as Json) === merged.hash
  )
    return merged.record;
  throw corrupt(objects, id, 'what is no result of this run');
}

function parsed(bytes: Uint8Array): Merged | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Merged;
  } catch {
    return undefined;
  }
}

const corrupt = ({ uri }: ObjectStore, id: string, found: string): AppError =>
  new AppError('RESULT_CORRUPT', {
    rule: 'A run has one result.',
    found: `${found} at ${uri}/${resultKey(id)}.`,
    todo: 'Remove that object, and merge again.',
  });
