// The manifest of a cut sweep: everything that a machine needs to know to score any of its shards, in one object.
import { AppError } from '../core/errors.ts';
import { canonicalJson, hashJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { LoadedCandles } from '../runs/candle-source.ts';
import type { SweepSelection } from '../runs/sweep-run.ts';
import type { SweepShard } from '../sweep/shard.ts';
import type { CandleParts } from './candle-parts.ts';
import type { ObjectStore } from './object-store.ts';
import type { StrategyFiles } from './strategy-files.ts';

const FORMAT = 'gridmill-shards';

export interface Manifest {
  readonly format: typeof FORMAT;
  /** Shards are scored by this version alone. */
  readonly engineVersion: string;
  readonly strategy: StrategyFiles;
  readonly selection: Omit<SweepSelection, 'strategy'>;
  /** The candles, and what a result remembers of where they came from. */
  readonly candles: CandleParts & Omit<LoadedCandles, 'candles' | 'loadMs' | 'downloadMs'>;
  /** Most bytes that the process of a shard may take; null for no limit. */
  readonly budgetBytes: number | null;
  readonly shards: readonly SweepShard[];
  /** URI of the place where `content/…` lies, when that is not the place of the manifest. No part of what the run is: its id leaves it out. */
  readonly contentPlace?: string;
}

/** Where the objects of one cut sweep lie. */
export interface ShardRun {
  readonly manifest: Manifest;
  /** First half of the SHA-256 of the manifest, without `contentPlace`. */
  readonly id: string;
}

export const manifestKey = (id: string): string => `runs/${id}/manifest.json`;
export const shardKey = (id: string, index: number): string => `runs/${id}/shards/${padded(index)}.json`;
export const progressKey = (id: string, index: number): string => `runs/${id}/progress/${padded(index)}.json`;

const padded = (index: number): string => String(index).padStart(6, '0');

/** The same cut put again is the same object; content that lies elsewhere now is named anew. Errors: those of the store. */
export async function putManifest(objects: ObjectStore, manifest: Manifest): Promise<ShardRun> {
  const id = idOf(manifest);
  const bytes = new TextEncoder().encode(canonicalJson(plainJson(manifest)));
  // Of one id all but the place of content is equal, and content by its hash is the same everywhere.
  if ((await objects.create(manifestKey(id), bytes)) === 'taken') await objects.put(manifestKey(id), bytes);
  return { manifest, id };
}

const idOf = ({ contentPlace: _, ...manifest }: Manifest): string => hashJson(plainJson(manifest)).slice(0, 32);

/** What JSON keeps of it: members that are undefined are not there. */
const plainJson = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Errors: those of the store; OBJECT_CORRUPT, REQUEST_INVALID when there is no manifest, or one of another version. */
export async function getManifest(objects: ObjectStore, id: string, engineVersion: string): Promise<ShardRun> {
  const bytes = await objects.get(manifestKey(id), LIMITS.manifestBytesMax);
  if (bytes === undefined) throw invalid(`no manifest at ${objects.uri}/${manifestKey(id)}.`, 'Check the URI.');
  const manifest = parsed(bytes) as unknown as Manifest;
  if (manifest?.format !== FORMAT || idOf(manifest) !== id) {
    throw new AppError('OBJECT_CORRUPT', {
      found: `a manifest that is not the one of its name, ${id}.`,
      todo: 'Plan the shards again.',
    });
  }
  if (manifest.engineVersion !== engineVersion) {
    throw invalid(
      `shards cut by version ${manifest.engineVersion}; this is ${engineVersion}.`,
      'Use the same version everywhere.',
    );
  }
  return { manifest, id };
}

function parsed(bytes: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch {
    return null;
  }
}

const URI = /^(.+)\/runs\/([0-9a-f]{32})\/manifest\.json$/;

/** The shared place and the run that the URI of a manifest names. Errors: REQUEST_INVALID. */
export function parseManifestUri(uri: string): { readonly place: string; readonly id: string } {
  const [, place, id] = URI.exec(uri) ?? [];
  if (place !== undefined && id !== undefined) return { place, id };
  throw invalid(JSON.stringify(uri.slice(0, 120)), 'Copy it from what "gridmill shard plan" printed.');
}

const invalid = (found: string, todo: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A manifest is named by its URI: PLACE/runs/ID/manifest.json.',
    found,
    todo,
  });
