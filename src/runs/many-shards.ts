// A sweep over many cells in shards: cut, and its pieces scored, each by whoever has the candles of its cell.
import { sweepIdentity } from '../sweep/checkpoint.ts';
import { checkCells, inCell } from '../sweep/many-cells.ts';
import { cutMany, type ManyCut } from '../sweep/many-cut.ts';
import { type ScoredPiece, scorePiece } from '../sweep/many-pieces.ts';
import type { ManyCell } from '../sweep/many-request.ts';
import { openSweep } from '../sweep/open-sweep.ts';
import type { EngineName, SweepProgress } from '../sweep/request.ts';
import type { Stretch } from '../sweep/shard.ts';
import type { CutRule } from '../sweep/shard-cut.ts';
import { notOneSweep } from '../sweep/shard-merge.ts';
import { manyCells, type PreparedMany } from './many-prepare.ts';
import { type ManyLimits, manyHost } from './many-run.ts';
import type { RunContext } from './sweep-run.ts';

export interface CutManySweep extends ManyCut {
  /** sweepIdentity of each cell. */
  readonly cells: readonly string[];
}

/** Undefined when it is not worth two shards. Errors: those of checkCells, of openSweep naming the cell, and of cutMany. */
export async function cutManySweep(
  prepared: PreparedMany,
  rule: CutRule,
  plan: { readonly workers: number; readonly budgetBytes?: number | undefined },
  { engineVersion }: Pick<RunContext, 'engineVersion'>,
): Promise<CutManySweep | undefined> {
  const { request } = prepared;
  const cells = manyCells(prepared);
  checkCells(cells);
  const engines: EngineName[] = [];
  for (const cell of cells) {
    const { window } = cell;
    // Which variants it would be does not matter; that it is a part keeps the grid from being counted for each cell.
    const part = { stage: 'A' as const, bases: [0] };
    const { choice } = await inCell(cell, () => openSweep(request, { ...plan, window, part }));
    engines.push(choice.engine);
  }
  const cut = cutMany(request, cells, engines, rule);
  return cut && { ...cut, cells: cells.map(({ window }) => sweepIdentity(engineVersion, request, window)) };
}

/** Errors: REQUEST_INVALID for a cell that is not the one that was cut. */
export function checkCell(
  { request }: Pick<PreparedMany, 'request'>,
  { window }: ManyCell,
  identity: string | undefined,
  { engineVersion }: Pick<RunContext, 'engineVersion'>,
): void {
  if (sweepIdentity(engineVersion, request, window) !== identity) throw notOneSweep();
}

/** Scores one block in one cell; undefined when it was stopped before its end. Errors: those of scorePiece. */
export function scoreManyPiece(
  prepared: Pick<PreparedMany, 'request' | 'loadedStrategy'>,
  cell: ManyCell,
  piece: { readonly stage: ManyCut['stage']; readonly block: Stretch },
  limits: ManyLimits & { readonly onProgress?: ((progress: SweepProgress) => void) | undefined },
  context: RunContext,
): Promise<ScoredPiece | undefined> {
  return scorePiece(prepared.request, cell, piece, {
    ...manyHost(prepared, limits, context),
    onProgress: limits.onProgress,
  });
}
