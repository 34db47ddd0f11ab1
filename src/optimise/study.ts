// A study: what is searched, how, and over which cells; its identity, and the sampler of its mode.
import { hashJson, type Json } from '../core/hash.ts';
import type { Across } from '../sweep/many-across.ts';
import type { MetricCondition } from '../sweep/metric-condition.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import { executionJson } from '../sweep/result-hash.ts';
import { createDiscoverySampler } from './discovery.ts';
import type { Objective } from './objective.ts';
import { createGridSampler, createRandomSampler, createSobolSampler } from './plain-samplers.ts';
import { createRefineSampler } from './refine.ts';
import type { Sampler } from './sampler.ts';
import { nearestPoint, type Space } from './space.ts';
import { createTpeSampler } from './tpe.ts';

export const MODES = ['grid', 'random', 'sobol', 'discovery', 'tpe', 'refine'] as const;
export type Mode = (typeof MODES)[number];

/** One market on one window, by content. Cells are in the order rung by rung, markets within. */
export interface StudyCell {
  readonly market: string;
  readonly rung: number;
  readonly dataHash: string;
  readonly timeframe: string;
  /** First tradable bar and end, as indices of the candles the hash is over. */
  readonly fromBar: number;
  readonly toBar: number;
}

/** An earlier find that `refine` begins at: parameters and barriers by name. */
export type Anchor = Readonly<Record<string, number>>;

export interface StudyRequest extends ExecutionRequest {
  readonly strategyHash: string;
  readonly space: Space;
  readonly mode: Mode;
  readonly seed: number;
  /** Trials at most. */
  readonly trials: number;
  /** Trial n may depend on the results of the trials 0 to n - lag. */
  readonly lag: number;
  readonly objectives: readonly Objective[];
  readonly where: readonly MetricCondition[];
  readonly across: Across;
  /** Windows from the shortest to the whole; 1 but for discovery. */
  readonly rungs: number;
  readonly cells: readonly StudyCell[];
  /** End after so many trials of the whole window without a better one. */
  readonly patience?: number;
  /** End when the first objective is as good as this. */
  readonly target?: number;
  readonly anchors: readonly Anchor[];
}

export const marketsOf = ({ cells, rungs }: Pick<StudyRequest, 'cells' | 'rungs'>): number => cells.length / rungs;

/** Everything the trials of a study are a function of, as plain JSON. What says only how fast they run is not in it. */
export function studyJson(request: StudyRequest): { readonly [key: string]: Json | undefined } {
  const { space, objectives } = request;
  return {
    strategy: space.strategyName,
    strategyHash: request.strategyHash,
    axes: space.axes.map(({ name, values }) => ({ name, values })),
    parameterCount: space.parameterCount,
    ...executionJson(request),
    mode: request.mode,
    seed: request.seed,
    trials: request.trials,
    lag: request.lag,
    objectives: objectives.map(({ text }) => text),
    where: request.where.map((condition) => ({ ...condition })),
    across: request.across,
    rungs: request.rungs,
    patience: request.patience ?? null,
    target: request.target ?? null,
    anchors: request.anchors.map((anchor) => ({ ...anchor })),
    // Names of markets are labels: the candles are what counts.
    cells: request.cells.map(({ rung, dataHash, timeframe, fromBar, toBar }) => ({
      rung,
      dataHash,
      timeframe,
      fromBar,
      toBar,
    })),
  };
}

/** Two runs of one identity give the same trials in the same order. */
export const studyIdentity = (engineVersion: string, request: StudyRequest): string =>
  hashJson({ engineVersion, request: studyJson(request) });

export function createSampler(request: StudyRequest): Sampler {
  const { space, mode, seed, trials, rungs } = request;
  const rung = rungs - 1;
  const objectives = request.objectives.length;
  if (mode === 'grid') return createGridSampler(space, rung);
  if (mode === 'random') return createRandomSampler(space, seed, rung);
  if (mode === 'sobol') return createSobolSampler(space, seed, rung);
  if (mode === 'tpe') return createTpeSampler(space, { seed, rung, objectives });
  if (mode === 'discovery') return createDiscoverySampler(space, { seed, trials, rungs, objectives });
  const anchors = request.anchors.map((anchor) => nearestPoint(space, anchor));
  return createRefineSampler(space, { seed, rung, anchors, objectives });
}
