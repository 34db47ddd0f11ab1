// The manifest of a cut sweep: everything that a machine needs to know to score any of its shards, in one object.
import { AppError } from '../core/errors.ts';
import { canonicalJson, hashJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { LoadedCandles } from '../runs/candle-source.ts';
import type { GivenRules } from '../runs/instrument-rules.ts';
import type { ManySelection } from '../runs/many-prepare.ts';
import type { SweepSelection } from '../runs/sweep-run.ts';
import type { TimeSpan } from '../runs/window-list.ts';
import type { ManyCut } from '../sweep/many-cut.ts';
import type { SweepShard } from '../sweep/shard.ts';
import type { CandleParts } from './candle-parts.ts';
import type { ObjectStore } from './object-store.ts';
import type { StrategyFiles } from './strategy-files.ts';

const FORMAT = 'gridmill-shards';

/** What every machine must know, whatever is swept. */
export interface SharedManifest {
  readonly format: typeof FORMAT;
  /** Shards are scored by this version alone. */
  readonly engineVersion: string;
  readonly strategy: StrategyFiles;
  /** Rules of the instrument of a controller: none of a machine's own count. */
  readonly rules: GivenRules;
  /** Most bytes that the process of a shard may take; null for no limit. */
  readonly budgetBytes: number | null;
  /** Most bytes of models in memory at once, where it was said. */
  readonly modelBytes?: number | undefined;
  /** URI of the place where `content/…` lies, when that is not the place of the manifest. No part of what the run is: its id leaves it out. */
  readonly contentPlace?: string;
}

/** Candles, and what a result remembers of where they came from. */
export type SentCandles = CandleParts & Omit<LoadedCandles, 'candles' | 'loadMs' | 'downloadMs'>;

export interface Manifest extends SharedManifest {
  readonly selection: Omit<SweepSelection, 'strategy'>;
  readonly candles: SentCandles;
  readonly shards: readonly SweepShard[];
}

/** Pieces of a sweep over many cells, from `from` to before `to`, and the parts of candles that they need: no others. */
export interface ManyShard {
  readonly from: number;
  readonly to: number;
  readonly parts: readonly { readonly market: number; readonly from: number; readonly to: number }[];
}

/** A sweep over several markets, windows, or both. Cells are the windows of the first market, then of the next. */
export interface ManyManifest extends SharedManifest {
  readonly selection: Omit<ManySelection, 'strategy' | 'markets' | 'windows' | 'split'>;
  readonly markets: readonly { readonly market: string; readonly candles: SentCandles }[];
  readonly windows: readonly TimeSpan[];
  /** sweepIdentity of each cell: what its pieces are scored of. */
  readonly cells: readonly string[];
  readonly stage: ManyCut['stage'];
  readonly blocks: ManyCut['blocks'];
  readonly shards: readonly ManyShard[];
}

export const isManyManifest = (manifest: Manifest | ManyManifest): manifest is ManyManifest => 'markets' in manifest;

/** How much there is in each shard: grid points or base variants, or variants in a cell where there are many cells. */
export function sizesOf(manifest: Manifest | ManyManifest): number[] {
  if (!isManyManifest(manifest)) return manifest.shards.map(({ from, to, count = to - from }) => count);
  const sizes = manifest.blocks.map(({ from, to, count = to - from }) => count);
  return manifest.shards.map(({ from, to }) => {
    let size = 0;
    for (let piece = from; piece < to; piece++) size += sizes[piece % sizes.length]!;
    return size;
  });
}

/** Where the objects of one cut sweep lie. */
export interface ShardRun<Kind extends Manifest | ManyManifest = Manifest | ManyManifest> {
  readonly manifest: Kind;
  /** First half of the SHA-256 of the manifest, without `contentPlace`. */
  readonly id: string;
}

export const manifestKey = (id: string): string => `runs/${id}/manifest.json`;
export const shardKey = (id: string, index: number): string => `runs/${id}/shards/${padded(index)}.json`;
export const pieceKey = (id: string, piece: number): string => `runs/${id}/pieces/${padded(piece)}`;
export const progressKey = (id: string, index: number): string => `runs/${id}/progress/${padded(index)}.json`;

const padded = (index: number): string => String(index).padStart(6, '0');

/** The same cut put again is the same object; content that lies elsewhere now is named anew. Errors: those of the store. */
export async function putManifest<Kind extends Manifest | ManyManifest>(
  objects: ObjectStore,
  manifest: Kind,
): Promise<ShardRun<Kind>> {
  const id = idOf(manifest);
  const bytes = new TextEncoder().encode(canonicalJson(plainJson(manifest)));
  // Of one id all but the place of content is equal, and content by its hash is the same everywhere. What is damaged is replaced, too.
  if ((await objects.create(manifestKey(id), bytes)) === 'taken') await objects.put(manifestKey(id), bytes);
  return { manifest, id };
}

const idOf = ({ contentPlace: _, ...manifest }: Manifest | ManyManifest): string =>
  hashJson(plainJson(manifest)).slice(0, 32);

/** What JSON keeps of it: members that are undefined are not there. */
const plainJson = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Errors: those of the store; OBJECT_CORRUPT, REQUEST_INVALID when there is no manifest, or one of another version. */
export async function getManifest(objects: ObjectStore, id: string, engineVersion: string): Promise<ShardRun> {
  const bytes = await objects.get(manifestKey(id), LIMITS.manifestBytesMax);
  if (bytes === undefined) throw invalid(`no manifest at ${objects.uri}/${manifestKey(id)}.`, 'Check the URI.');
  const manifest = parsed(bytes) as unknown as Manifest | ManyManifest;
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
