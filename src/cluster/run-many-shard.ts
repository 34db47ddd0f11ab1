// Scores the pieces of one shard and hands them in, each as soon as it is scored: what is there already is not scored again.

import { scoreManyPiece } from '../runs/many-shards.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import { pieceAt } from '../sweep/many-cut.ts';
import type { ScoredPiece } from '../sweep/many-pieces.ts';
import { handIn, type ManyShardResult } from './hand-in.ts';
import { type ManyManifest, type ShardRun, shardKey } from './manifest.ts';
import type { ManyNode } from './many-node.ts';
import { putPiece, readPiece } from './piece-file.ts';
import { noShard, type ShardEnd, type ShardHost } from './run-shard.ts';

/** Errors: those of scoreManyPiece, of the node and of the store; RESULT_CORRUPT when other values stand already. */
export async function runManyShard(
  run: ShardRun<ManyManifest>,
  index: number,
  node: ManyNode,
  host: Omit<ShardHost, 'residentBytes' | 'progressEveryMs'>,
  context: RunContext,
): Promise<ShardEnd> {
  const { id, manifest } = run;
  const { objects, stop } = host;
  const shard = manifest.shards[index];
  if (shard === undefined) throw noShard(index, manifest.shards.length);
  if ((await objects.head(shardKey(id, index))) !== undefined) return 'already';
  const { from, to } = shard;
  const notes = new Set<string>();
  const pieces: ManyShardResult['pieces'][number][] = [];
  let cost = { elapsedMs: 0, workers: 1, columnsComputed: 0, bytesPredicted: 0 };
  for (let piece = from; piece < to; piece++) {
    if (stop.reason() !== undefined) return 'interrupted';
    const there = await readPiece(objects, id, piece);
    if (there !== undefined) {
      pieces.push({ hash: there.hash, engine: there.engine });
      continue;
    }
    const scored = await scoreOne(run, index, piece, node, { ...host, onNote: (note) => notes.add(note) }, context);
    if (scored === undefined) return 'interrupted';
    pieces.push({ hash: await putPiece(objects, id, piece, scored), engine: scored.engine });
    const { plan, elapsedMs } = scored;
    cost = {
      elapsedMs: cost.elapsedMs + elapsedMs,
      workers: Math.max(cost.workers, plan.workers),
      columnsComputed: cost.columnsComputed + plan.columnsComputed,
      bytesPredicted: Math.max(cost.bytesPredicted, plan.bytesPredicted),
    };
  }
  await handIn(run, index, { from, to, pieces, cost, notes: [...notes] }, objects);
  return 'done';
}

async function scoreOne(
  { manifest }: ShardRun<ManyManifest>,
  index: number,
  piece: number,
  node: ManyNode,
  {
    stop,
    workers,
    budgetBytes,
    onNote,
    onProgress,
  }: Pick<ShardHost, 'stop' | 'workers' | 'budgetBytes' | 'onProgress'> & {
    readonly onNote: (note: string) => void;
  },
  context: RunContext,
): Promise<ScoredPiece | undefined> {
  const at = pieceAt(manifest, piece);
  const cell = await node.cell(index, at.cell);
  const block = manifest.blocks[at.block]!;
  const limits = { stop, workers, budgetBytes, onNote, onProgress };
  return scoreManyPiece(node.prepared, cell, { stage: manifest.stage, block }, limits, context);
}
