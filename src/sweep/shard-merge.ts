// From what shards hand in to the checkpoint of the whole sweep: from there the one runner goes on as if it had got there itself.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import type { SweepCheckpoint } from './checkpoint.ts';
import type { OpenedSweep } from './open-sweep.ts';
import { createShortlist, restore } from './ranking.ts';
import type { SweepOutcome, SweepRequest } from './request.ts';
import type { ShardResult, Stretch, SweepCost, SweepRound } from './shard.ts';
import { firstRound, stretchOf } from './shard-cut.ts';

export interface MergedShards {
  /** Where the sweep has got to: the end of a stage. */
  readonly checkpoint: SweepCheckpoint;
  /** What is to be scored next; undefined when all is. */
  readonly next: SweepRound | undefined;
  /** What all shards took together. */
  readonly cost: SweepCost;
  readonly notes: readonly string[];
}

/**
 * Merges the results of all shards of a sweep so far, in any order. Everything here is a union, a sum of whole numbers or a
 * choice by a total order, so that neither the cuts nor the order of results can change a bit.
 * Errors: REQUEST_INVALID when they are not of one sweep.
 */
export function mergeShards(
  request: SweepRequest,
  opened: Pick<OpenedSweep, 'grid' | 'selected' | 'choice'>,
  results: readonly ShardResult[],
): MergedShards {
  const first = firstRound(request, opened);
  const inOrder = [...results].sort((a, b) => a.from - b.from);
  const begun = inOrder.filter(({ isLast }) => isLast === first.isLast);
  checkOneSweep(opened, begun, results);
  assertCovers(stretchOf(request, opened, first), begun);
  const over = {
    ...begun[0]!.progress,
    taken: 0,
    stageIsOver: true,
    scored: sum(results, ({ progress }) => progress.scored),
  };
  const common = { cost: costOf(inOrder), notes: [...new Set(results.flatMap(({ notes }) => notes))] };
  if (first.isLast) return { ...common, checkpoint: { ...over, ...last(begun) }, next: undefined };
  const shortlist = shortlistOf(request, opened, begun);
  if (begun.length === results.length) {
    const kept = begun.flatMap(({ progress }) => progress.kept);
    return { ...common, checkpoint: { ...over, kept }, next: { stage: 'B', isLast: true, shortlist } };
  }
  const ended = inOrder.filter(({ isLast }) => isLast);
  assertCovers({ from: 0, to: shortlist.length }, ended);
  return { ...common, checkpoint: { ...over, stage: 'B', shortlist, ...last(ended) }, next: undefined };
}

/** What the shards of the last stage keep: the ranking takes its pick from all of it. */
const last = (shards: readonly ShardResult[]): Pick<SweepCheckpoint, 'detail' | 'kept' | 'sampled'> => ({
  detail: shards.find(({ progress }) => progress.detail !== 'full')?.progress.detail ?? 'full',
  kept: shards.flatMap(({ progress }) => progress.kept),
  sampled: shards.flatMap(({ progress }) => progress.sampled ?? []),
});

function shortlistOf(
  request: SweepRequest,
  { grid }: Pick<OpenedSweep, 'grid'>,
  shards: readonly ShardResult[],
): readonly number[] {
  const shortlist = createShortlist(grid, [request.rank, ...(request.alsoRank ?? [])], request.preselect);
  for (const { progress } of shards) restore(shortlist, progress.kept);
  return shortlist.baseIndices();
}

function checkOneSweep(
  { choice }: Pick<OpenedSweep, 'choice'>,
  begun: readonly ShardResult[],
  results: readonly ShardResult[],
): void {
  assert(begun.length > 0, 'a merge has the shards of the first round');
  const [{ progress }] = results as readonly [ShardResult];
  const other = results.find((shard) => shard.progress.sweep !== progress.sweep || shard.engine !== choice.engine);
  if (other !== undefined) throw notOneSweep();
}

export const notOneSweep = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'Shards of a job are parts of one sweep: same version of Gridmill, strategy, settings and candles.',
    found: 'another sweep than the one that was cut.',
    todo: 'Submit it again; something of it has changed since.',
  });

/** That shards cover a stretch once and in order. */
function assertCovers({ from, to }: Stretch, shards: readonly Stretch[]): void {
  let at = from;
  for (const shard of shards) {
    assert(shard.from === at, `a shard begins where the one before it ends: at ${at}, not at ${shard.from}`);
    at = shard.to;
  }
  assert(at === to, `shards reach the end of their round: ${to}, not ${at}`);
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** Counters add up; shares are weighted by the time they are of. */
function costOf(shards: readonly ShardResult[]): SweepCost {
  const costs = shards.map(({ cost }) => cost);
  const elapsedMs = sum(costs, (cost) => cost.elapsedMs);
  const share = (of: (cost: SweepCost) => number | null): number | null => {
    const known = costs.filter((cost) => of(cost) !== null);
    const ms = sum(known, (cost) => cost.elapsedMs);
    return ms === 0 ? null : sum(known, (cost) => of(cost)! * cost.elapsedMs) / ms;
  };
  const bytes = costs.flatMap(({ bytesActual }) => bytesActual ?? []);
  return {
    elapsedMs,
    bytesActual: bytes.length === 0 ? null : bytes.reduce((most, each) => Math.max(most, each)),
    columnsComputed: sum(costs, (cost) => cost.columnsComputed),
    sharedTrades: sum(costs, (cost) => cost.sharedTrades),
    singleTrades: sum(costs, (cost) => cost.singleTrades),
    columnCacheHitRate: share((cost) => cost.columnCacheHitRate) ?? 0,
    usefulShare: share((cost) => cost.usefulShare),
  };
}

/** The outcome of the merge with what its shards took added to it. */
export function withCost(outcome: SweepOutcome, { elapsedMs, ...cost }: SweepCost): SweepOutcome {
  const { plan } = outcome;
  return {
    ...outcome,
    elapsedMs: outcome.elapsedMs + elapsedMs,
    plan: {
      ...plan,
      ...cost,
      bytesActual: Math.max(plan.bytesActual ?? 0, cost.bytesActual ?? 0) || null,
      columnsComputed: plan.columnsComputed + cost.columnsComputed,
      sharedTrades: plan.sharedTrades + cost.sharedTrades,
      singleTrades: plan.singleTrades + cost.singleTrades,
    },
  };
}

export function shardCost({ elapsedMs, plan }: SweepOutcome): SweepCost {
  const { bytesActual, columnsComputed, sharedTrades, singleTrades, columnCacheHitRate, usefulShare } = plan;
  return { elapsedMs, bytesActual, columnsComputed, sharedTrades, singleTrades, columnCacheHitRate, usefulShare };
}
