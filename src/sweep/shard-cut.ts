// Cuts a sweep into shards of about equal work: a pure function of the request, so that every machine cuts alike.
import { LIMITS } from '../core/limits.ts';
import { createPrng } from '../core/prng.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import { type Grid, meetsConstraint } from './grid.ts';
import { type OpenedSweep, skipsStageA } from './open-sweep.ts';
import { predictedSeconds } from './plan.ts';
import type { SweepRequest } from './request.ts';
import type { Stretch, SweepRound, SweepShard } from './shard.ts';
import { COUNTED_POINTS_MAX, pointRange, type VariantSelection } from './variants.ts';

/** What is scored first: stage A, or where there is nothing to choose from the one stage there is. */
export function firstRound(
  request: SweepRequest,
  { grid, selected }: Pick<OpenedSweep, 'grid' | 'selected'>,
): SweepRound {
  if (grid.riskAxes.length === 0) return { stage: 'A', isLast: true };
  return skipsStageA(request, selected) ? { stage: 'B', isLast: true } : { stage: 'A', isLast: false };
}

/** The whole stretch of a round. */
export function stretchOf(
  request: VariantSelection,
  { grid, selected }: Pick<OpenedSweep, 'grid' | 'selected'>,
  { shortlist }: Pick<SweepRound, 'shortlist'>,
): Stretch {
  if (shortlist !== undefined) return { from: 0, to: shortlist.length, count: shortlist.length };
  if (request.sample !== undefined) return { from: 0, to: selected ?? request.sample, count: selected };
  return { ...pointRange(grid, request), count: selected };
}

/** Cuts a round into `parts` shards, or fewer where there are not as many base variants. They cover it in order. */
export function cutRound(
  request: SweepRequest,
  opened: Pick<OpenedSweep, 'grid' | 'selected' | 'bases'>,
  round: SweepRound,
  parts: number,
  sweep: string,
): SweepShard[] {
  const { grid, bases, selected } = opened;
  const { stage, isLast, shortlist } = round;
  return cutStretch(request, opened, round, parts).map((cut) => ({
    ...cut,
    stage,
    isLast,
    ...(cut.count === undefined ? {} : { variants: cut.count * (stage === 'A' ? 1 : grid.riskPoints) }),
    ...(shortlist === undefined ? {} : { bases: shortlist.slice(cut.from, cut.to) }),
    whole: { sweep, ...(bases === undefined ? {} : { bases }), ...(selected === undefined ? {} : { selected }) },
  }));
}

/** The stretch of a round in `parts`, or fewer, of about as many base variants each. */
export function cutStretch(
  request: VariantSelection,
  opened: Pick<OpenedSweep, 'grid' | 'selected'>,
  round: Pick<SweepRound, 'shortlist'>,
  parts: number,
): Stretch[] {
  const { grid } = opened;
  const stretch = stretchOf(request, opened, round);
  const isEven = round.shortlist !== undefined || request.sample !== undefined || grid.constraint === undefined;
  return isEven ? cutEvenly(stretch, parts) : cutGrid(grid, stretch, parts);
}

/** Every place is one base variant. */
function cutEvenly({ from, to }: Stretch, parts: number): Stretch[] {
  const size = to - from;
  const count = Math.min(parts, size);
  const edge = (part: number): number => from + Math.floor((part * size) / count);
  return Array.from({ length: count }, (_, part) => {
    const [low, high] = [edge(part), edge(part + 1)];
    return { from: low, to: high, count: high - low };
  });
}

/** A constraint leaves parts of a grid empty: equal ranges of points would not be equal work. */
const cutGrid = (grid: Grid, stretch: Stretch, parts: number): Stretch[] =>
  stretch.to - stretch.from <= COUNTED_POINTS_MAX ? cutCounted(grid, stretch, parts) : cutByGuess(grid, stretch, parts);

/** As many base variants in each, give or take one. */
function cutCounted(grid: Grid, { from, to }: Stretch, parts: number): Stretch[] {
  const meets = new Uint8Array(to - from);
  let total = 0;
  for (let point = from; point < to; point++) {
    if (!meetsConstraint(grid, point)) continue;
    meets[point - from] = 1;
    total++;
  }
  const shards = Math.min(parts, total);
  const cuts: Stretch[] = [];
  let low = from;
  let seen = 0;
  let before = 0;
  for (let point = from; point < to && cuts.length < shards - 1; point++) {
    seen += meets[point - from]!;
    if (seen < Math.floor(((cuts.length + 1) * total) / shards)) continue;
    cuts.push({ from: low, to: point + 1, count: seen - before });
    low = point + 1;
    before = seen;
  }
  if (shards > 0) cuts.push({ from: low, to, count: total - before });
  return cuts;
}

/** Points that are asked about in all, and blocks of points for each shard. */
const ASKED_POINTS = 2_000_000;
const BLOCKS_PER_PART = 8;

/** By the share of base variants in each of many blocks of points, as a seeded sample of them tells. */
function cutByGuess(grid: Grid, { from, to }: Stretch, parts: number): Stretch[] {
  const blocks = BLOCKS_PER_PART * parts;
  const edge = (block: number): number => from + Math.floor((block * (to - from)) / blocks);
  const asked = Math.max(1, Math.floor(ASKED_POINTS / blocks));
  const prng = createPrng(from + to);
  const weights = Array.from({ length: blocks }, (_, block) => {
    const [low, high] = [edge(block), edge(block + 1)];
    let met = 0;
    for (let i = 0; i < asked; i++) if (meetsConstraint(grid, low + prng.nextBelow(high - low))) met++;
    // A block in which nothing was found may yet hold something.
    return ((met + 1 / 2) / asked) * (high - low);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const cuts: Stretch[] = [];
  let low = from;
  let before = 0;
  for (const [block, weight] of weights.entries()) {
    // Within a block base variants are taken to lie evenly. A heavy one may hold the ends of several shards.
    while (cuts.length < parts - 1) {
      const goal = ((cuts.length + 1) * total) / parts;
      if (goal >= before + weight) break;
      const end = edge(block) + Math.floor(((goal - before) / weight) * (edge(block + 1) - edge(block)));
      if (end <= low) break;
      cuts.push({ from: low, to: end });
      low = end;
    }
    before += weight;
  }
  cuts.push({ from: low, to });
  return cuts;
}

/** When a sweep is cut, and into how many. */
export interface CutRule {
  /** So many, whatever the sweep takes; 1 leaves it whole. */
  readonly shards?: number | undefined;
  /** Otherwise: about so many predicted seconds of one core for each; sweeps of less than two are left whole, and with 0 all are. */
  readonly shardSeconds: number;
}

/** Numbers that a merge holds of all shards together: some 64 MB of JSON. */
const MERGED_NUMBERS_MAX = 4_000_000;
/** What the place of a number that nobody reads costs beside one. */
const EMPTY_SHARE = 1 / 4;
/** Fronts of several objectives are rarely longer, however many variants there are. */
const FRONT_ROWS = 1_000;

/** How many shards a round is cut into; below 2 it is left whole. */
export function countShards(
  request: SweepRequest,
  opened: OpenedSweep,
  round: SweepRound,
  bars: number,
  rule: CutRule,
): number {
  const { grid, choice } = opened;
  const { from, to, count = to - from } = stretchOf(request, opened, round);
  const variants = count * (round.stage === 'A' ? 1 : grid.riskPoints);
  const seconds = predictedSeconds(variants, bars, choice.engine);
  const { shardSeconds } = rule;
  const wanted =
    rule.shards ?? (shardSeconds === 0 || seconds < 2 * shardSeconds ? 1 : Math.ceil(seconds / shardSeconds));
  const objectives = 1 + (request.alsoRank?.length ?? 0);
  const rows = round.isLast ? (objectives === 1 ? request.top : FRONT_ROWS) : request.preselect + objectives;
  const numbers = rows * (2 + (round.isLast ? METRIC_NAMES.length : objectives + METRIC_NAMES.length * EMPTY_SHARE));
  // Both rounds of a sweep of two stages count.
  const most = round.isLast && round.shortlist === undefined ? LIMITS.shardsMax : LIMITS.shardsMax / 2;
  return Math.min(wanted, most, count, Math.max(1, Math.floor(MERGED_NUMBERS_MAX / numbers)));
}
