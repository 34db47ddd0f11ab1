// What a sweep settles before it computes anything: grid, counts, engine, plan, and the refusals.
import { AppError } from '../core/errors.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { planFastMemory } from './fast-memory.ts';
import type { EngineChoice } from './fast-settings.ts';
import { createGrid, type Grid } from './grid.ts';
import { planSweep, type SweepPlan } from './plan.ts';
import type { Stage } from './ranking.ts';
import type { EngineName, SweepRequest } from './request.ts';
import type { SweepShard } from './shard.ts';
import { checkIntervals, checkLimits, checkProfile, checkRiskGrid, chooseEngine } from './sweep-checks.ts';
import { countBaseVariants } from './variants.ts';
import { checkHistory, checkIndicatorParameters } from './warm-up.ts';
import type { Window } from './window.ts';

/** The part of a host that a plan depends on. */
export interface PlanHost {
  readonly window: Window;
  /** Bytes the whole process may take; no limit when left out. */
  readonly budgetBytes?: number;
  /** Scoring threads that `createScorer` would like to have; the plan may grant fewer. Default 1. */
  readonly workers?: number;
  /** Whether `createScorer` scores in other threads than the calling one, also where the plan grants one. */
  readonly apart?: boolean;
  /** Grants all of them, also where the sweep is over before they have started. */
  readonly allWorkers?: boolean;
  /** Who scores: the fast engine wherever it covers the request (`auto`, the default), or the one that is named. */
  readonly engine?: 'auto' | EngineName;
  /** Most bytes of finished columns, however much room there is. */
  readonly columnBytesMax?: number;
  /** Scores one stage of these base variants, in this order, and nothing else: part of a search larger than this sweep. */
  readonly part?: { readonly stage: Stage; readonly bases: readonly number[] };
  /** Scores this shard of the sweep, and nothing else. */
  readonly shard?: SweepShard;
  /** Bytes that the host itself will hold of the last stage's rows, however many those are. */
  readonly hostBytes?: (rows: number) => number;
  /** Resident bytes of the process before the sweep, its candles among them; an average when left out. */
  readonly residentBytes?: number;
  /** Most resident bytes of this process so far. */
  readonly peakBytes?: () => number;
}

export interface OpenedSweep {
  readonly grid: Grid;
  /** Base variants under the constraint, where they can be counted. */
  readonly bases: number | undefined;
  /** Those of them that the request visits: a part, a sample, or all. */
  readonly selected: number | undefined;
  /** Variants to be scored, both stages together, where they can be counted. */
  readonly toScore: number | undefined;
  readonly choice: EngineChoice;
  /** The columns of the fast engine; absent for functions, which have none, and for the normative engine. */
  readonly catalog: ColumnCatalog | undefined;
  readonly plan: SweepPlan;
}

/** Checks a request against its window and budget, and plans it. Errors: those of runSweep. */
export function openSweep(request: SweepRequest, host: PlanHost): OpenedSweep {
  checkLimits(request);
  checkProfile(request);
  const { strategy } = request;
  const { window } = host;
  const { arithmetic } = request.profile;
  const grid = createGrid({ strategy, arithmetic, parameters: request.parameters, risk: request.risk });
  const { part, shard } = host;
  const bases = part?.bases.length ?? (shard === undefined ? countBaseVariants(grid) : shard.whole.bases);
  if (bases === 0) {
    throw new AppError('GRID_INVALID', {
      found: `${grid.basePoints} points, none of which satisfies the constraint of ${strategy.name}.`,
      todo: 'Widen the ranges given with --set.',
    });
  }
  checkIndicatorParameters(strategy, grid);
  checkIntervals(request, grid, window);
  checkHistory(strategy, grid, window);
  checkRiskGrid(request, grid, window);
  const fastBytes = (): number => planFastMemory(strategy, grid, window, { threads: 1, columnBudget: 0 }).arenaBytes;
  const choice = chooseEngine(request, grid, window, host.engine ?? 'auto', fastBytes);
  // Counting asks the constraint about every point: done twice only when a part of the grid is asked for.
  const isWhole = request.sample === undefined && request.offset === undefined && request.limit === undefined;
  const selected = shard?.whole.selected ?? (isWhole || part !== undefined ? bases : countBaseVariants(grid, request));
  const toScore =
    part === undefined && shard === undefined
      ? variantsToScore(request, grid, selected)
      : variantsOfPart((part ?? shard)!, grid);
  const catalog = choice.engine === 'fast' ? new ColumnCatalog(strategy, grid) : undefined;
  const plan = planSweep(strategy, grid, window, {
    budgetBytes: host.budgetBytes,
    engine: choice.engine,
    workers: host.workers,
    apart: host.apart,
    variants: host.allWorkers === true ? undefined : toScore,
    columnBytesMax: host.columnBytesMax,
    keptRows: request.top + (grid.riskAxes.length === 0 ? 0 : request.preselect),
    residentBytes: host.residentBytes,
    peakBytes: host.peakBytes?.(),
    hostBytes: host.hostBytes?.(rowsOfLastStage(request, { grid, selected }) ?? grid.basePoints * grid.riskPoints),
  });
  return { grid, bases, selected, toScore, choice, catalog: catalog?.count === 0 ? undefined : catalog, plan };
}

function variantsOfPart(part: NonNullable<PlanHost['part'] | PlanHost['shard']>, grid: Grid): number {
  const count = 'whole' in part ? (part.count ?? part.to - part.from) : part.bases.length;
  return count * (part.stage === 'A' ? 1 : grid.riskPoints);
}

/** Whether there is nothing to choose for stage B: everything is asked for, or fits the shortlist. */
export function skipsStageA(
  request: Pick<SweepRequest, 'preselect' | 'alsoRank'>,
  selected: number | undefined,
): boolean {
  const { preselect, alsoRank = [] } = request;
  return preselect === 0 || (alsoRank.length === 0 && selected !== undefined && selected <= preselect);
}

/** Variants of both stages, where they can be counted. */
function variantsToScore(request: SweepRequest, grid: Grid, bases: number | undefined): number | undefined {
  if (bases === undefined || grid.riskAxes.length === 0) return bases;
  if (skipsStageA(request, bases)) return bases * grid.riskPoints;
  return bases + Math.min(bases, request.preselect) * grid.riskPoints;
}

/** Rows of the last stage, where they can be counted. */
export function rowsOfLastStage(
  { preselect }: Pick<SweepRequest, 'preselect'>,
  { grid, selected }: Pick<OpenedSweep, 'grid' | 'selected'>,
): number | undefined {
  if (selected === undefined || grid.riskAxes.length === 0) return selected;
  return (preselect === 0 ? selected : Math.min(selected, preselect)) * grid.riskPoints;
}
