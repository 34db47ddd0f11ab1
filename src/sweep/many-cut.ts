// Cuts a sweep over many cells into shards of about equal work, by variants, markets and windows: a pure function of the request.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { createGrid } from './grid.ts';
import { firstManyStage } from './many-pieces.ts';
import { cellMetricNames, type ManyCell, type ManyRequest } from './many-request.ts';
import { CellScores } from './many-scores.ts';
import { noVariant, PART_BYTES } from './many-sweep.ts';
import { predictedSeconds } from './plan.ts';
import type { Stage } from './ranking.ts';
import type { EngineName } from './request.ts';
import type { Stretch } from './shard.ts';
import { type CutRule, cutStretch, stretchOf } from './shard-cut.ts';
import { COUNTED_POINTS_MAX, countBaseVariants } from './variants.ts';

/** The first stage in pieces, a block of base variants in a cell each. They are numbered cell by cell, block by block. */
export interface ManyCut {
  readonly stage: Stage;
  readonly blocks: readonly Stretch[];
  /** Pieces from `from` to before `to`. */
  readonly shards: readonly { readonly from: number; readonly to: number }[];
}

/** A machine that goes away without a word costs about this much predicted work of one core. */
const PIECE_SECONDS = 10;
/** Shards are whole pieces: with so many in each they are equal within an eighth. */
const PIECES_PER_SHARD = 8;

export const pieceAt = ({ blocks }: { readonly blocks: { readonly length: number } }, piece: number) => ({
  cell: Math.floor(piece / blocks.length),
  block: piece % blocks.length,
});

/**
 * Cuts the first stage; undefined when it is not worth two shards. Neighbours in the numbers of pieces are in one cell, so that a
 * shard has few cells and needs the candles of those alone.
 * Errors: GRID_INVALID without a variant; LIMIT_EXCEEDED when the values of all variants in all cells are too many to hand in.
 */
export function cutMany(
  request: ManyRequest,
  cells: readonly Pick<ManyCell, 'window'>[],
  engines: readonly EngineName[],
  rule: CutRule,
): ManyCut | undefined {
  const { strategy, parameters, risk, profile, rank } = request;
  const grid = createGrid({ strategy, arithmetic: profile.arithmetic, parameters, risk });
  if (countBaseVariants(grid) === 0) throw noVariant(grid);
  const { stage } = firstManyStage(request, grid);
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  const opened = { grid, selected: countBaseVariants(grid, request) };
  if (opened.selected === undefined) throw notCounted(grid.basePoints);
  const { count = 0 } = stretchOf(request, opened, {});
  const seconds = cells.map(({ window }, i) =>
    predictedSeconds(count * perBase, window.candles.barCount, engines[i] ?? 'fast'),
  );
  const total = seconds.reduce((sum, one) => sum + one, 0);
  const { shards, shardSeconds } = rule;
  const wanted = shards ?? (total < 2 * shardSeconds ? 1 : Math.ceil(total / shardSeconds));
  if (wanted < 2) return undefined;
  const bytes = count * perBase * CellScores.bytesPerRow(cells.length, cellMetricNames(rank));
  checkBytes(bytes);

  const parts = Math.max(
    Math.ceil(bytes / PART_BYTES),
    Math.ceil(Math.max(...seconds) / PIECE_SECONDS),
    Math.ceil((PIECES_PER_SHARD * Math.min(wanted, LIMITS.shardsMax)) / cells.length),
  );
  const blocks = cutStretch(request, opened, {}, Math.min(parts, Math.floor(LIMITS.piecesMax / cells.length)));
  const weights = cells.map(({ window }, i) =>
    blocks.map((block) => (block.count ?? block.to - block.from) * window.candles.barCount * weightOf(engines[i])),
  );
  const cuts = cutByWeight(weights.flat(), Math.min(wanted, LIMITS.shardsMax));
  return cuts.length < 2 ? undefined : { stage, blocks, shards: cuts };
}

const weightOf = (engine: EngineName | undefined): number => predictedSeconds(1, 1, engine ?? 'fast');

/** Neighbours in `parts` groups, or fewer, of about the same weight; none is empty. */
function cutByWeight(weights: readonly number[], parts: number): { from: number; to: number }[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const count = Math.min(parts, weights.length);
  const cuts: { from: number; to: number }[] = [];
  let from = 0;
  let before = 0;
  for (const [at, weight] of weights.entries()) {
    before += weight;
    const left = count - cuts.length - 1;
    if (left === 0) break;
    // Half of a piece beyond the goal is nearer to it than half of one before.
    const isFull = before + weight / 2 >= ((cuts.length + 1) * total) / count;
    // The last groups have one piece each where there are no more.
    if (!isFull && weights.length - at - 1 > left) continue;
    cuts.push({ from, to: at + 1 });
    from = at + 1;
  }
  cuts.push({ from, to: weights.length });
  return cuts;
}

const notCounted = (points: number): AppError =>
  new AppError('LIMIT_EXCEEDED', {
    rule: `Shards of a sweep over many cells are cut where variants can be counted: up to ${COUNTED_POINTS_MAX.toLocaleString('en')} points of a grid with a constraint.`,
    found: `${points.toLocaleString('en')} points.`,
    todo: 'Sweep a --sample, or parts by --offset and --limit.',
  });

function checkBytes(bytes: number): void {
  if (bytes <= LIMITS.handedInBytesMax) return;
  const gb = (of: number): string => `${Math.ceil(of / 1e9).toLocaleString('en')} GB`;
  throw new AppError('LIMIT_EXCEEDED', {
    rule: 'Shards of a sweep over many cells hand in the values of every variant in every cell, since variants are ranked across all of them.',
    found: `${gb(bytes)} of values; the limit is ${gb(LIMITS.handedInBytesMax)}.`,
    todo: 'Sweep a --sample, or parts by --offset and --limit, or fewer markets and windows.',
  });
}
