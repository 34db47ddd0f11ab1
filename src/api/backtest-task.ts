// From the body of a request to the task that is computed.

import type { ComputeShare, RunTask, SweepTask } from '../compute/task.ts';
import { AppError } from '../core/errors.ts';
import { parseObjectives } from '../runs/metric-name.ts';
import type { SweepSelection } from '../runs/sweep-run.ts';
import { parseWhere } from '../runs/where-text.ts';
import { type Axis, choice, parseAxis } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { DEFAULT_PRESELECT, DEFAULT_TOP } from '../sweep/request.ts';
import type { AxisInput, BacktestBody } from './schemas.ts';

/** Errors: REQUEST_INVALID, GRID_INVALID. */
export function backtestTask(body: BacktestBody, share: ComputeShare): SweepTask | RunTask {
  const { kind = 'sweep' } = body;
  const selection = sweepSelection(body);
  if (kind === 'sweep') return { kind, selection, share, save: body.save ?? true };
  refuseForRuns(body);
  const { strategy, window, execution, grid } = selection;
  return {
    kind,
    selection: { strategy, window, execution, parameters: grid.parameters, risk: grid.risk },
    withEquity: body.equity === true,
  };
}

/** Errors: REQUEST_INVALID, GRID_INVALID. */
export function sweepSelection(body: BacktestBody): SweepSelection {
  const { strategy, data, timeframe, from, to, coldStart, execution = {}, where } = body;
  const { top = DEFAULT_TOP, preselect = DEFAULT_PRESELECT, seed = 1, sample, offset, limit } = body;
  return {
    strategy,
    window: { data, timeframe, from, to, coldStart, policies: {} },
    execution: { ...execution, calendar: execution.calendar ?? 'continuous' },
    grid: {
      parameters: axes(body.parameters ?? {}),
      risk: axes(body.risk ?? {}) as RiskAxes,
      ...parseObjectives('rank', body.rank ?? 'totalReturn'),
      top,
      preselect,
      seed,
      sample,
      offset,
      limit,
      where: where === undefined ? undefined : parseWhere(where),
    },
  };
}

const axes = (given: Readonly<Record<string, AxisInput>>): Record<string, Axis> =>
  Object.fromEntries(Object.entries(given).map(([name, input]) => [name, axisOf(input)]));

function axisOf(input: AxisInput): Axis {
  if (typeof input === 'string') return parseAxis(input);
  return typeof input === 'number' ? choice(input) : choice(...input);
}

/** Members that only a sweep reads. */
const OF_SWEEPS = ['rank', 'where', 'top', 'preselect', 'sample', 'seed', 'offset', 'limit', 'save'] as const;

function refuseForRuns(body: BacktestBody): void {
  const given = OF_SWEEPS.find((name) => body[name] !== undefined);
  if (given === undefined) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A run takes no option of a sweep.',
    found: `${given} with kind "run".`,
    todo: 'Leave it out, or ask for a sweep.',
  });
}
