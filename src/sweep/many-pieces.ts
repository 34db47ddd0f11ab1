// Pieces of a sweep over many cells: a block of its variants in one cell each, scored anywhere and ranked together.
import { assert } from '../core/assert.ts';
import type { StopToken } from '../core/cancel.ts';
import type { Grid } from './grid.ts';
import { inCell } from './many-cells.ts';
import { cellMetricNames, type ManyCell, type ManyOutcome, type ManyRequest } from './many-request.ts';
import { CellScores, type Offer, type PieceValues } from './many-scores.ts';
import { openSweep } from './open-sweep.ts';
import type { Stage } from './ranking.ts';
import type { ScoringEngine, SweepOutcome } from './request.ts';
import { runSweep, type SweepHost } from './run-sweep.ts';
import type { Stretch } from './shard.ts';
import { stretchVariants } from './variants.ts';
import { nearbyFirst } from './visiting-order.ts';

/** A whole stage over all cells as it was scored elsewhere. */
export interface HandedInStage {
  readonly blocks: readonly Stretch[];
  /** The variants of a block in the order of stretchVariants, those of one base variant beside each other. */
  read(block: number, cell: number): Promise<PieceValues>;
  /** Who scored each cell. */
  readonly engines: readonly ScoringEngine[];
  readonly cost: ManyOutcome['plan'] & { readonly elapsedMs: number };
}

/** What is scored first: stage A, or where nothing is chosen from the one stage there is. */
export function firstManyStage(
  { preselect }: Pick<ManyRequest, 'preselect'>,
  grid: Grid,
): { readonly stage: Stage; readonly isLast: boolean } {
  if (grid.riskAxes.length === 0) return { stage: 'A', isLast: true };
  return preselect === 0 ? { stage: 'B', isLast: true } : { stage: 'A', isLast: false };
}

export interface ScoredPiece extends PieceValues {
  readonly engine: ScoringEngine;
  readonly plan: Pick<SweepOutcome['plan'], 'bytesPredicted' | 'workers' | 'columnsComputed'>;
  readonly elapsedMs: number;
}

/** Scores one block in one cell; undefined when it was stopped before its end. Errors: those of runSweep, naming the cell. */
export async function scorePiece(
  request: ManyRequest,
  cell: ManyCell,
  { stage, block }: { readonly stage: Stage; readonly block: Stretch },
  host: Omit<SweepHost, 'window' | 'part' | 'shard' | 'scores'>,
): Promise<ScoredPiece | undefined> {
  const { window } = cell;
  // Which variants it would be does not matter: opening a part asks no constraint.
  const opening = { ...host, window, budgetBytes: undefined, part: { stage, bases: [0] } };
  const { grid, catalog, choice } = await inCell(cell, () => openSweep(request, opening));
  const bases = [...stretchVariants(grid, request, block)];
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  const rows = bases.length * perBase;
  const where = request.where ?? [];
  const scores = new CellScores(1, rows, cellMetricNames(request.rank), where);
  if (rows === 0) {
    const engine: ScoringEngine = { name: choice.engine, reason: choice.reason, kernels: undefined };
    return { ...scores.piece(0, 0), engine, plan: { bytesPredicted: 0, workers: 1, columnsComputed: 0 }, elapsedMs: 0 };
  }
  const placeOf = new Map(bases.map((base, place) => [base, place]));
  const outcome = await inCell(cell, () =>
    runSweep(
      // The runner ranks for itself too; one row is the least it keeps.
      { ...request, top: 1, where: undefined },
      {
        ...host,
        window,
        // Neighbours share columns; where values go does not depend on the order.
        part: { stage, bases: catalog === undefined ? bases : nearbyFirst(grid, catalog.operands, bases) },
        scores: {
          metrics: [...scores.metrics, ...where.map(({ metric }) => metric)],
          take: (values, row, baseIndex, riskIndex) =>
            scores.put(0, placeOf.get(baseIndex)! * perBase + riskIndex, values, row),
        },
      },
    ),
  );
  if (outcome.stopped !== undefined) return undefined;
  assert(scores.filled(0) === rows, 'a piece that was not stopped has every variant of its block');
  const { engine, plan, elapsedMs } = outcome;
  return { ...scores.piece(0, rows), engine, plan, elapsedMs };
}

/** Offers every variant of a stage, block by block, and answers how many there were: one block is held at a time. */
export async function foldPieces(
  request: ManyRequest,
  stageOf: {
    readonly grid: Grid;
    readonly stage: Stage;
    readonly handedIn: HandedInStage;
    readonly scores: CellScores;
    readonly stop: StopToken;
  },
  offer: Offer,
): Promise<number> {
  const { grid, stage, handedIn, scores, stop } = stageOf;
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  let taken = 0;
  for (const [block, stretch] of handedIn.blocks.entries()) {
    if (stop.reason() !== undefined) break;
    const bases = [...stretchVariants(grid, request, stretch)];
    const rows = bases.length * perBase;
    scores.clear();
    for (const cell of scores.values.keys()) {
      scores.load(cell, await handedIn.read(block, cell));
      assert(scores.filled(cell) === rows, 'a piece has every variant of its block');
    }
    for (let at = 0; at < rows; at++) offer(scores, at, bases[Math.floor(at / perBase)]!, at % perBase);
    taken += rows;
  }
  return taken;
}
