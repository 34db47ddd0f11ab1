// The result hash: SHA-256 over what a result is a function of, and the ranked rows. docs/numerics.md lists the fields.
import { hashJson, type Json } from '../core/hash.ts';
import { METRIC_NAMES, METRICS } from '../metrics/metrics.ts';
import { createGrid } from './grid.ts';
import type { ExecutionRequest, RankedRow, SweepOutcome, SweepRequest } from './request.ts';
import type { Window } from './window.ts';

const HASHED_METRICS = METRIC_NAMES.filter((name) => METRICS[name].hashed);

/**
 * Hash of a result. In: engine version, which engine scored, request without host options, data hash and window, how many were scored, the
 * ranked rows with every metric that needs + - * / and square root only. Out: timings, plan, paths, machine, Node
 * version, workers, memory, and the metrics that need exp, log or pow.
 */
export function resultHash(
  engineVersion: string,
  request: SweepRequest,
  window: Window,
  outcome: Pick<SweepOutcome, 'engine' | 'scored' | 'top'>,
): string {
  return hashJson({
    engineVersion,
    engine: outcome.engine.name,
    request: requestJson(request),
    data: {
      hash: window.dataHash,
      timeframe: window.history.timeframe,
      from: window.from,
      to: window.history.barCount,
    },
    scored: outcome.scored,
    rows: outcome.top.map(rowJson),
  });
}

/** The request as plain JSON, without anything that only says how or where to run it. */
export function requestJson(request: SweepRequest): Json {
  const grid = createGrid({
    strategy: request.strategy,
    arithmetic: request.profile.arithmetic,
    parameters: request.parameters,
    risk: request.risk,
  });
  const axes = (list: typeof grid.axes): Json => Object.fromEntries(list.map((axis) => [axis.name, [...axis.values]]));
  return {
    strategy: request.strategy.name,
    strategyHash: request.strategyHash,
    parameters: axes(grid.axes),
    risk: axes(grid.riskAxes),
    ...executionJson(request),
    rank: request.rank,
    alsoRank: request.alsoRank?.length ? request.alsoRank : undefined,
    top: request.top,
    preselect: grid.riskAxes.length === 0 ? null : request.preselect,
    sample: request.sample ?? null,
    seed: request.sample === undefined ? null : request.seed,
    offset: request.offset,
    limit: request.limit,
    where: request.where?.map((condition) => ({ ...condition })),
  };
}

/** How trades are filled, paid for and sized: all of it decides what a trial is worth. */
export function executionJson(execution: ExecutionRequest): { readonly [key: string]: Json | undefined } {
  const { profile, direction, initialCash, costs, sizing, closeAtEnd, calendar, instrument } = execution;
  return {
    profile: profile.name,
    direction,
    initialCash,
    costs: { ...costs },
    sizing: { ...sizing },
    closeAtEnd,
    calendar,
    instrument:
      instrument === undefined
        ? undefined
        : { ...instrument, quoteRates: instrument.quoteRates.map((rate) => ({ ...rate })) },
  };
}

function rowJson(row: RankedRow): Json {
  return {
    rank: row.rank,
    variantKey: row.variantKey,
    indicatorVariantKey: row.indicatorVariantKey,
    params: row.params,
    risk: { ...row.risk },
    metrics: Object.fromEntries(HASHED_METRICS.map((name) => [name, row.metrics[name]])),
  };
}
