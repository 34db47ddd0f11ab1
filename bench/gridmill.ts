// Gridmill as a contestant: a sweep through its public calls, on one engine or the other.
import { assert } from '../src/core/assert.ts';
import { createStopSource, NEVER_STOP } from '../src/core/cancel.ts';
import type { Clock } from '../src/core/clock.ts';
import { METRIC_NAMES, type MetricName } from '../src/metrics/metrics.ts';
import { createPoolScorer, type StrategyRef } from '../src/pool/pool-scorer.ts';
import { type ProfileName, profileNamed } from '../src/simulate/profiles.ts';
import { BUILT_IN_STRATEGIES } from '../src/strategy/builtin/index.ts';
import type { Strategy } from '../src/strategy/strategy.ts';
import type { EngineName, ScoredRow, SweepOutcome, SweepRequest } from '../src/sweep/request.ts';
import { runSweep, type SweepHost } from '../src/sweep/run-sweep.ts';
import type { Window } from '../src/sweep/window.ts';
import type { Scores, Values } from './agreement.ts';
import { type Contestant, now } from './measure.ts';
import { pairKey } from './peers.ts';

export type Engine = EngineName;

/** Gridmill's engines in the order of the tables. */
export const ENGINES: readonly Engine[] = ['fast', 'normative'];
/** The engine whose numbers are judged against the targets. */
export const JUDGED: Engine = 'fast';
export const engineName = (engine: Engine): string => `Gridmill ${engine}`;

export const benchClock: Clock = { monotonicMs: now, wallMs: () => 0 };

type RequestParts = Partial<Omit<SweepRequest, 'profile' | 'strategy'>> & { readonly profile?: ProfileName };

/**
 * A sweep with the defaults of its profile, long only, ranked by Sharpe ratio: that needs every metric's ingredients of
 * every variant. Ranked by total return alone, Gridmill would leave out what nobody reads.
 */
export function benchRequest(strategy: string | Strategy, parts: RequestParts): SweepRequest {
  const profile = profileNamed(parts.profile ?? 'close');
  return {
    strategy: typeof strategy === 'string' ? BUILT_IN_STRATEGIES[strategy] : strategy,
    strategyHash: 'built-in',
    ...profile.defaults,
    direction: 'long',
    calendar: 'continuous',
    rank: 'sharpe',
    top: 20,
    preselect: 0,
    seed: 1,
    ...parts,
    profile,
  };
}

export interface SweepOptions {
  readonly engine: Engine;
  /** Default 1: the calling thread. */
  readonly workers?: number;
  /** Needed for more than one worker and a strategy that is no built-in. */
  readonly moduleUrl?: string;
  readonly budgetBytes?: number;
  readonly deadlineMs?: number;
  readonly onRow?: (row: ScoredRow) => void;
}

export interface SweepRun {
  readonly ms: number;
  readonly outcome: SweepOutcome;
}

export async function sweep(request: SweepRequest, window: Window, options: SweepOptions): Promise<SweepRun> {
  const { engine, workers = 1, moduleUrl, deadlineMs } = options;
  const strategyRef: StrategyRef = moduleUrl === undefined ? { builtIn: request.strategy.name } : { moduleUrl };
  const host: SweepHost = {
    window,
    engine,
    clock: benchClock,
    stop: deadlineMs === undefined ? NEVER_STOP : createStopSource(benchClock, deadlineMs),
    onRow: options.onRow,
    budgetBytes: options.budgetBytes,
    workers,
    ...(workers === 1 ? {} : { createScorer: createPoolScorer({ workers, strategyRef, onNote: () => undefined }) }),
  };
  const start = now();
  const outcome = await runSweep(request, host);
  const ms = now() - start;
  assert(outcome.engine.name === engine, 'the engine that was asked for scores');
  return { ms, outcome };
}

/** Every variant of a sweep of two averages, under the keys of the peers. Never timed: rows cost more than scores. */
export async function sweepScores(request: SweepRequest, window: Window, options: SweepOptions): Promise<Scores> {
  const scores = new Map<string, Values>();
  await sweep(request, window, { ...options, onRow: (row) => void scores.set(keyOf(row), row.metrics) });
  return scores;
}

function keyOf({ params, risk, variantKey }: ScoredRow): string {
  if (params['fast'] === undefined || params['slow'] === undefined) return variantKey;
  return pairKey(params['fast'], params['slow'], risk.stopLoss, risk.takeProfit);
}

/** Repeats one whole sweep; every repetition plans, computes columns, scores and ranks anew. */
export function sweepContestant(
  name: string,
  request: SweepRequest,
  window: Window,
  options: SweepOptions,
  units: number,
): Contestant {
  return {
    name,
    units,
    async runOnce() {
      const { ms, outcome } = await sweep(request, window, options);
      if (outcome.stopped !== undefined) throw new Error(`${name} was stopped: ${outcome.stopped}`);
      return ms;
    },
  };
}

/** Metrics whose formulas need exp, log or pow are compared too: their inputs agree to the last digits or they do not. */
export const ALL_METRICS: readonly MetricName[] = METRIC_NAMES;

/** Trades of all variants together, those still open included. */
export function tradesOf(scores: Scores): number {
  let sum = 0;
  for (const { trades, openTrades } of scores.values()) sum += (trades ?? 0) + (openTrades ?? 0);
  return sum;
}
