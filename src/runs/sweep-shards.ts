// A sweep in shards: cut, one of them scored, and all of them merged into what one machine would have made.

import { sweepIdentity } from '../sweep/checkpoint.ts';
import { openSweep, type PlanHost } from '../sweep/open-sweep.ts';
import { runShard } from '../sweep/run-sweep.ts';
import type { ShardResult, SweepRound, SweepShard } from '../sweep/shard.ts';
import { type CutRule, countShards, cutRound, firstRound } from '../sweep/shard-cut.ts';
import { type MergedShards, mergeShards, notOneSweep, shardCost } from '../sweep/shard-merge.ts';
import { rowColumns, type SweepLimits, sweepHost } from './sweep-host.ts';
import type { PreparedSweep, RunContext } from './sweep-run.ts';

/** What comes next for a sweep some shards of which may have been scored: more shards, or the rest of it here. */
export type NextStep =
  | { readonly shards: readonly SweepShard[] }
  | { readonly shards: undefined; readonly merged: MergedShards | undefined };

/**
 * Merges what there is and cuts what comes next. A sweep that is not worth cutting has no shards, ever.
 * Errors: those of openSweep and mergeShards.
 */
export function nextStep(
  prepared: PreparedSweep,
  results: readonly ShardResult[],
  rule: CutRule,
  plan: PlanHost,
  { engineVersion }: Pick<RunContext, 'engineVersion'>,
): NextStep {
  const { request, loadedWindow } = prepared;
  const { window } = loadedWindow;
  const opened = openSweep(request, plan);
  const merged = results.length === 0 ? undefined : mergeShards(request, opened, results);
  const round: SweepRound | undefined = merged === undefined ? firstRound(request, opened) : merged.next;
  const whole = { shards: undefined, merged };
  if (round === undefined) return whole;
  const count = countShards(request, opened, round, window.candles.barCount, rule);
  if (count < 2) return whole;
  const identity = sweepIdentity(engineVersion, request, window);
  return { shards: cutRound(request, opened, round, count, identity) };
}

/** Scores one shard; undefined when it was stopped before its end. Errors: those of runSweep; REQUEST_INVALID for one of another sweep. */
export async function scoreShard(
  prepared: PreparedSweep,
  shard: SweepShard,
  limits: Omit<SweepLimits, 'shard' | 'merged' | 'keepAllRows' | 'onNote'>,
  context: RunContext,
): Promise<ShardResult | undefined> {
  const { request, grid, loadedWindow } = prepared;
  const identity = sweepIdentity(context.engineVersion, request, loadedWindow.window);
  if (identity !== shard.whole.sweep) throw notOneSweep();
  const notes: string[] = [];
  const all = { ...limits, shard, keepAllRows: false, onNote: (note: string) => notes.push(note) };
  const host = sweepHost(prepared, rowColumns(grid, false), all, context);
  const { progress, outcome } = await runShard(request, { ...host, shard });
  if (outcome.stopped !== undefined) return undefined;
  const { stage, isLast, from, to } = shard;
  return { stage, isLast, from, to, progress, engine: outcome.engine.name, cost: shardCost(outcome), notes };
}
