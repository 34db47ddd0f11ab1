// One grid over many cells: parts of the grid are scored in every cell by the one runner, and folded into rankings.
import { assert } from '../core/assert.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { createGrid, type Grid } from './grid.ts';
import { type CheckedCells, checkCells, inCell, openCells } from './many-cells.ts';
import { firstManyStage, foldPieces, type HandedInStage } from './many-pieces.ts';
import { ManyRanking, type ManyRankingOptions } from './many-ranking.ts';
import {
  cellMetricNames,
  type ManyCell,
  type ManyOutcome,
  type ManyProgress,
  type ManyRequest,
} from './many-request.ts';
import { CellScores, type Offer } from './many-scores.ts';
import type { Stage } from './ranking.ts';
import type { ScoringEngine, SweepRequest } from './request.ts';
import { runSweep, type SweepHost } from './run-sweep.ts';
import { baseVariants, countBaseVariants } from './variants.ts';
import { nearbyFirst } from './visiting-order.ts';

/** As SweepHost, for all cells. Nothing here but `engine` changes results. */
export interface ManyHost
  extends Pick<
    SweepHost,
    'stop' | 'clock' | 'budgetBytes' | 'workers' | 'apart' | 'createScorer' | 'engine' | 'batchSize'
  > {
  readonly onProgress?: (progress: ManyProgress) => void;
  /** Most variants of one part of the grid; fewer are taken where memory asks for it. */
  readonly partVariants?: number;
  /** The first stage as it was scored elsewhere: it is ranked here, and what follows it is scored here. */
  readonly handedIn?: HandedInStage;
}

const PART_VARIANTS_MAX = 100_000;
/** Values of a part stay within this as long as one base variant and its barriers do. */
export const PART_BYTES = 64 * 2 ** 20;
/** Parts begin small, so that a deadline finds something ranked, and grow until one takes this long in a cell. */
const FIRST_PART_VARIANTS = 1_024;
const PART_MS = 2_000;

interface Run {
  readonly request: ManyRequest;
  readonly cells: readonly ManyCell[];
  readonly host: ManyHost;
  readonly checked: CheckedCells;
  readonly grid: Grid;
  readonly scores: CellScores;
  readonly sizer: PartSizer;
  readonly startedMs: number;
  readonly engines: (ScoringEngine | undefined)[];
  scored: number;
  workers: number;
  columnsComputed: number;
  bytesPredicted: number;
}

/**
 * Sweeps one grid over several cells, markets times windows, and ranks its variants across them. Memory does not grow
 * with the grid: of a part of it the metrics that are ranked and shown are kept for each cell, folded, and forgotten.
 * With barriers stage A's shortlist is the best across all cells, and stage B tries that one shortlist in each of them.
 * A row has in each cell the values that a sweep of that cell alone gives it, bit for bit, and neither the order of
 * cells nor parts, batches or threads change anything. A variant without a value of the rank metric in some cell ranks
 * after all that have one everywhere. When stopped early the rows rank the variants scored in every cell until then.
 * Errors: those of runSweep, naming the cell; REQUEST_INVALID for fewer than two cells or equal ones, TIMEFRAME_INVALID
 * for several timeframes, LIMIT_EXCEEDED for too many cells or barriers.
 */
export async function sweepMany(
  request: ManyRequest,
  cells: readonly ManyCell[],
  host: ManyHost,
): Promise<ManyOutcome> {
  const startedMs = host.clock.monotonicMs();
  checkCells(cells);
  const { strategy, parameters, risk } = request;
  const grid = createGrid({ strategy, arithmetic: request.profile.arithmetic, parameters, risk });
  const metrics = cellMetricNames(request.rank);
  const perRow = CellScores.bytesPerRow(cells.length, metrics);
  const rows = Math.max(
    partRows(grid, perRow, host.partVariants ?? PART_VARIANTS_MAX),
    ...(host.handedIn?.blocks ?? []).map(({ from, to, count = to - from }) => count * grid.riskPoints),
  );
  const checked = await openCells(request, cells, host, rows * perRow);
  const bases = countBaseVariants(grid);
  if (bases === 0) throw noVariant(grid);
  const run: Run = {
    request,
    cells,
    host,
    checked,
    grid,
    scores: new CellScores(cells.length, rows, metrics, request.where ?? []),
    sizer: new PartSizer(host.clock, rows, PART_MS * cells.length),
    startedMs,
    engines: cells.map((_, i) => host.handedIn?.engines[i]),
    scored: 0,
    workers: host.handedIn?.cost.workers ?? 1,
    columnsComputed: host.handedIn?.cost.columnsComputed ?? 0,
    bytesPredicted: host.handedIn?.cost.bytesPredicted ?? 0,
  };
  const table = await runStages(run);
  return {
    variants: (bases ?? grid.basePoints) * grid.riskPoints,
    scored: run.scored,
    excluded: table.all.excluded,
    undefinedScores: table.all.undefinedScores,
    preselect: request.preselect,
    // A cell that was never reached would have been scored by the engine that was chosen for it.
    engines: run.engines.map((engine, i) => {
      const { choice } = checked.opened[i]!;
      return engine ?? { name: choice.engine, reason: choice.reason, kernels: undefined };
    }),
    top: table.all.rows(),
    markets: table.markets.map(({ market, cells: own, ranking }) => ({ market, cells: own, top: ranking.rows() })),
    bestOfCell: table.cells.map((ranking) => ranking.rows()[0] ?? null),
    stopped: host.stop.reason(),
    elapsedMs: host.clock.monotonicMs() - startedMs + (host.handedIn?.cost.elapsedMs ?? 0),
    plan: { bytesPredicted: run.bytesPredicted, workers: run.workers, columnsComputed: run.columnsComputed },
  };
}

/** What the last stage is ranked into. */
interface Tables {
  readonly all: ManyRanking;
  readonly markets: readonly { readonly market: string; readonly cells: number[]; readonly ranking: ManyRanking }[];
  readonly cells: readonly ManyRanking[];
}

function createTables({ grid, request, cells, scores }: Run, stage: Stage): Tables {
  const { rank, across, top, topPerMarket } = request;
  const ranking = (over: readonly number[], limit: number): ManyRanking => {
    const options: ManyRankingOptions = {
      stage,
      rank,
      across,
      metrics: scores.metrics,
      cells: over,
      limit,
      conditional: true,
    };
    return new ManyRanking(grid, options);
  };
  const names = [...new Set(cells.map(({ market }) => market))];
  const cellsOf = (market: string): number[] => cells.flatMap((cell, i) => (cell.market === market ? [i] : []));
  return {
    all: ranking(
      cells.map((_, i) => i),
      top,
    ),
    markets:
      names.length === 1
        ? []
        : names.map((market) => {
            const own = cellsOf(market);
            return { market, cells: own, ranking: ranking(own, topPerMarket) };
          }),
    cells: cells.map((_, i) => ranking([i], 1)),
  };
}

const offerTo =
  ({ all, markets, cells }: Tables): Offer =>
  (scores, at, baseIndex, riskIndex) => {
    all.offer(scores, at, baseIndex, riskIndex);
    for (const { ranking } of markets) ranking.offer(scores, at, baseIndex, riskIndex);
    for (const ranking of cells) ranking.offer(scores, at, baseIndex, riskIndex);
  };

async function runStages(run: Run): Promise<Tables> {
  const { grid, request, cells, host } = run;
  const selected = countBaseVariants(grid, request);
  // Neighbours share columns, in every cell; what the rows are folded into does not depend on their order.
  const operands = run.checked.opened[0]!.catalog?.operands;
  const all = () => baseVariants(grid, request, operands);
  const { stage: first, isLast } = firstManyStage(request, grid);
  const runFirst = (offer: Offer, ranking: ManyRanking): Promise<number> =>
    host.handedIn === undefined
      ? runStage(run, first, all(), selected, offer, ranking)
      : foldHandedIn(run, first, host.handedIn, offer);
  if (isLast) {
    const tables = createTables(run, first);
    await runFirst(offerTo(tables), tables.all);
    return tables;
  }
  const { rank, across, preselect: limit } = request;
  const shortlist = new ManyRanking(grid, {
    stage: 'A',
    rank,
    across,
    metrics: run.scores.metrics,
    cells: cells.map((_, i) => i),
    limit,
    conditional: false,
  });
  // Stopped before stage B has anything, what stage A has is all there is to rank.
  const early = createTables(run, 'A');
  const offerEarly = offerTo(early);
  const offer: Offer = (scores, at, baseIndex, riskIndex) => {
    shortlist.offer(scores, at, baseIndex, riskIndex);
    offerEarly(scores, at, baseIndex, riskIndex);
  };
  await runFirst(offer, shortlist);
  if (host.stop.reason() !== undefined) return early;
  const final = createTables(run, 'B');
  const kept = shortlist.baseIndices();
  const ordered = operands === undefined ? kept : nearbyFirst(grid, operands, kept);
  const taken = await runStage(run, 'B', ordered, kept.length, offerTo(final), final.all);
  return taken === 0 ? early : final;
}

async function foldHandedIn(run: Run, stage: Stage, handedIn: HandedInStage, offer: Offer): Promise<number> {
  const { request, grid, scores, host } = run;
  const taken = await foldPieces(request, { grid, stage, handedIn, scores, stop: host.stop }, offer);
  run.scored += taken;
  return taken;
}

/** Scores one stage part by part and answers how many variants were scored in every cell. */
async function runStage(
  run: Run,
  stage: Stage,
  bases: Iterable<number>,
  count: number | undefined,
  offer: Offer,
  ranking: ManyRanking,
): Promise<number> {
  const { host, grid, scores, sizer } = run;
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  const total = count === undefined ? undefined : count * perBase * run.cells.length;
  let taken = 0;
  for (const part of inParts(bases, () => Math.max(1, Math.floor(sizer.variants / perBase)))) {
    if (host.stop.reason() !== undefined) break;
    const scored = (inPart: number): number => taken * run.cells.length + inPart;
    const isComplete = await sizer.time(() =>
      scorePart(run, stage, part, (cell, inPart) => {
        const elapsedMs = host.clock.monotonicMs() - run.startedMs;
        host.onProgress?.({ stage, cell, scored: scored(inPart), total, elapsedMs, best: ranking.best });
      }),
    );
    if (!isComplete) break;
    for (let at = 0; at < part.length * perBase; at++) {
      offer(scores, at, part[Math.floor(at / perBase)]!, at % perBase);
    }
    taken += part.length * perBase;
  }
  run.scored += taken;
  return taken;
}

/** Scores a part in each cell. False when it was stopped before every cell had every variant. */
async function scorePart(
  run: Run,
  stage: Stage,
  bases: readonly number[],
  onScored: (cell: number, scored: number) => void,
): Promise<boolean> {
  const { cells, host, scores, checked, grid } = run;
  const expected = bases.length * (stage === 'A' ? 1 : grid.riskPoints);
  // The runner ranks for itself too; one row is the least it keeps.
  const request: SweepRequest = { ...run.request, top: 1, where: undefined };
  scores.clear();
  for (const [i, cell] of cells.entries()) {
    const otherBytes = checked.otherBytes[i]!;
    const { engine, plan } = await inCell(cell, () =>
      runSweep(request, {
        ...host,
        window: cell.window,
        part: { stage, bases },
        budgetBytes: host.budgetBytes === undefined ? undefined : host.budgetBytes - otherBytes,
        scores: {
          metrics: [...scores.metrics, ...(run.request.where ?? []).map(({ metric }) => metric)],
          take: (rows, row) => scores.take(i, rows, row),
        },
        onProgress: ({ scored }) => onScored(i, i * expected + scored),
      }),
    );
    run.engines[i] = engine;
    run.workers = Math.max(run.workers, plan.workers);
    run.columnsComputed += plan.columnsComputed;
    run.bytesPredicted = Math.max(run.bytesPredicted, plan.bytesPredicted + otherBytes);
    if (host.stop.reason() !== undefined && scores.filled(i) < expected) return false;
    assert(scores.filled(i) === expected, 'a cell that was not stopped scores every variant of its part');
  }
  return true;
}

/** Variants that the buffers of a part hold. Errors: LIMIT_EXCEEDED when one base variant alone needs too many. */
function partRows(grid: Grid, bytesPerRow: number, wanted: number): number {
  const least = grid.riskPoints;
  if (least * bytesPerRow > LIMITS.partBytesMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: 'A sweep over many cells holds every combination of barriers of one variant in every cell at once.',
      found: `${least.toLocaleString('en')} combinations, ${Math.ceil((least * bytesPerRow) / 1e6)} MB; the limit is ${Math.floor(LIMITS.partBytesMax / 1e6)} MB.`,
      todo: 'Use larger steps of the barriers, or fewer markets and windows.',
    });
  }
  const fitting = Math.min(wanted, Math.floor(PART_BYTES / bytesPerRow), grid.basePoints * grid.riskPoints);
  return Math.max(least, 1, fitting);
}

function* inParts(items: Iterable<number>, size: () => number): Generator<number[]> {
  let part: number[] = [];
  for (const item of items) {
    part.push(item);
    if (part.length >= size()) {
      yield part;
      part = [];
    }
  }
  if (part.length > 0) yield part;
}

/** Doubles parts until one takes long enough that starting threads and columns again costs little of it. */
class PartSizer {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #enoughMs: number;
  variants: number;

  constructor(clock: Clock, most: number, enoughMs: number) {
    this.#clock = clock;
    this.#most = most;
    this.#enoughMs = enoughMs;
    this.variants = Math.min(most, FIRST_PART_VARIANTS);
  }

  async time<T>(run: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    const result = await run();
    const tookMs = this.#clock.monotonicMs() - startedMs;
    if (tookMs < this.#enoughMs) this.variants = Math.min(this.#most, this.variants * 2);
    return result;
  }
}

export function noVariant(grid: Grid): AppError {
  return new AppError('GRID_INVALID', {
    found: `${grid.basePoints} points, none of which satisfies the constraint of ${grid.strategyName}.`,
    todo: 'Widen the ranges given with --set.',
  });
}
