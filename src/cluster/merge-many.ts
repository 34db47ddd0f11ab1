// Puts together the pieces of a sweep over many cells: ranked here across all of them, with stage B scored here where there is one.

import { LIMITS } from '../core/limits.ts';
import type { PreparedMany } from '../runs/many-prepare.ts';
import { type FinishedMany, finishMany, type ManyLimits } from '../runs/many-run.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import type { HandedInStage } from '../sweep/many-pieces.ts';
import { cellMetricNames, type ManyProgress } from '../sweep/many-request.ts';
import { CellScores } from '../sweep/many-scores.ts';
import type { Stretch } from '../sweep/shard.ts';
import { readAhead } from './bounded-reads.ts';
import type { ManyShardResult } from './hand-in.ts';
import { type ManyManifest, pieceKey, type ShardRun } from './manifest.ts';
import { unusable } from './merge-run.ts';
import type { ObjectStore } from './object-store.ts';
import { readPiece, type StoredPiece } from './piece-file.ts';

/** `results`: of all shards, in their order. Errors: RESULT_CORRUPT for a piece that is not the one that was handed in; those of the store and of finishMany. */
export async function mergeManyRun(
  run: ShardRun<ManyManifest>,
  results: readonly ManyShardResult[],
  objects: ObjectStore,
  prepared: PreparedMany,
  limits: ManyLimits & { readonly onProgress?: (progress: ManyProgress) => void },
  context: RunContext,
): Promise<FinishedMany> {
  for (const note of new Set(results.flatMap(({ notes }) => notes))) limits.onNote(note);
  return finishMany(prepared, { ...limits, handedIn: handedInStage(run, results, objects, prepared) }, context);
}

function handedInStage(
  { id, manifest: { blocks, cells, stage } }: ShardRun<ManyManifest>,
  results: readonly ManyShardResult[],
  objects: ObjectStore,
  { request, grid }: PreparedMany,
): HandedInStage {
  const pieces = results.flatMap((result) => result.pieces);
  const fetchPiece = async (piece: number): Promise<StoredPiece> => {
    const found = await readPiece(objects, id, piece);
    if (found !== undefined && found.hash === pieces[piece]!.hash) return found;
    throw unusable(`piece ${piece} is ${found === undefined ? 'missing or damaged' : 'another'}.`, placeOf(piece));
  };
  const placeOf = (piece: number): string => `${objects.uri}/${pieceKey(id, piece)}`;
  // As they are asked for: all cells of a block, then of the next one.
  const order = blocks.flatMap((_, block) => cells.map((__, cell) => cell * blocks.length + block));
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  const bytesPerBase = perBase * CellScores.bytesPerRow(1, cellMetricNames(request.rank));
  const basesOf = ({ from, to, count = to - from }: Stretch): number => count;
  const next = readAhead({
    count: order.length,
    bytesOf: (at) => basesOf(blocks[Math.floor(at / cells.length)]!) * bytesPerBase,
    read: (at) => fetchPiece(order[at]!),
    atOnce: LIMITS.mergeReadsMax,
    bytesMax: LIMITS.mergeAheadBytesMax,
  });
  const costs = results.map(({ cost }) => cost);
  return {
    blocks,
    engines: cells.map((_, cell) => pieces[cell * blocks.length]!.engine),
    cost: {
      elapsedMs: costs.reduce((sum, cost) => sum + cost.elapsedMs, 0),
      columnsComputed: costs.reduce((sum, cost) => sum + cost.columnsComputed, 0),
      workers: Math.max(...costs.map(({ workers }) => workers)),
      bytesPredicted: Math.max(...costs.map(({ bytesPredicted }) => bytesPredicted)),
    },
    read: (block, cell) => next(block * cells.length + cell),
  };
}
