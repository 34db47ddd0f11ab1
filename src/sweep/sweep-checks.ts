// What a request must satisfy before anything is computed, and which engine it gets.
import { checkBarSettings } from '../bars/bar-run.ts';
import { checkInterval } from '../controllers/controller-market.ts';
import { configurator } from '../controllers/controller-strategy.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Candles, sliceCandles } from '../market/candles.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { simulate } from '../simulate/simulate.ts';
import type { SimulationSettings } from '../simulate/simulation.ts';
import type { StrategyProgram } from '../strategy/program.ts';
import { simulationSettings } from './execution-settings.ts';
import { type EngineChoice, engineFor } from './fast-settings.ts';
import { barriersAt, type Grid } from './grid.ts';
import type { EngineName, ExecutionRequest, SweepRequest } from './request.ts';
import type { Window } from './window.ts';

/**
 * The engine for a request whose fast scorer would take `fastBytes` of kernel memory at least.
 * Errors: REQUEST_INVALID when the fast engine is asked for what it does not cover.
 */
export function chooseEngine(
  request: SweepRequest,
  grid: Grid,
  window: Window,
  wanted: 'auto' | EngineName,
  fastBytes: () => number,
): EngineChoice {
  if (wanted === 'normative') return { engine: 'normative', reason: 'it was asked for' };
  const covered = engineFor(request, grid, window.candles);
  const choice: EngineChoice =
    covered.engine === 'fast' && fastBytes() > LIMITS.kernelBytesMax
      ? { engine: 'normative', reason: 'so many candles do not fit the memory of the kernels' }
      : covered;
  if (wanted === 'auto' || choice.engine === 'fast') return choice;
  throw new AppError('REQUEST_INVALID', {
    rule: 'The fast engine must cover what it is asked for.',
    found: `${choice.reason}.`,
    todo: 'Leave the choice of engine open.',
  });
}

/** Errors: REQUEST_INVALID when a controller is to run under the profile of another kind of strategy, or the reverse. */
export function checkProfile(request: ExecutionRequest & Pick<SweepRequest, 'strategy'>): void {
  const { strategy, profile } = request;
  const isController = strategy.program?.kind === 'controller';
  if (isController === (profile.ruleBook === 'hummingbot')) return;
  throw new AppError('REQUEST_INVALID', {
    rule: isController
      ? 'A Hummingbot controller runs under the profile hummingbot or hummingbot-corrected.'
      : `The profile ${profile.name} is for Hummingbot's controllers.`,
    found: `${strategy.name} under the profile ${profile.name}.`,
    todo: isController
      ? 'Leave --profile out, or choose one of the two.'
      : 'Leave --profile out, or name a controller file.',
  });
}

/** Errors: TIMEFRAME_INVALID when a controller's candles cannot be built from those of the window. */
export function checkIntervals({ strategy }: Pick<SweepRequest, 'strategy'>, grid: Grid, window: Window): void {
  const { program } = strategy;
  if (program?.kind !== 'controller') return;
  const configOf = configurator(program.given);
  const { values } = grid.axes.find(({ name }) => name === 'interval_minutes') ?? { values: [undefined] };
  for (const minutes of values) {
    const config = configOf(minutes === undefined ? {} : { interval_minutes: minutes });
    if ('interval' in config) checkInterval(parseTimeframe(config.interval), window.history.timeframe);
  }
}

/** Lets the rule book judge every combination of barriers over no bars at all, so that it refuses before work begins. */
export function checkRiskGrid(request: SweepRequest, grid: Grid, window: Window): void {
  // A controller has no signals for a rule book to judge, and no barriers but its own.
  if (request.strategy.program?.kind === 'controller') return;
  const candles = sliceCandles(window.candles, 0, 0);
  const { program, name } = request.strategy;
  for (let risk = 0; risk < grid.riskPoints; risk++) {
    const settings = simulationSettings(request, barriersAt(grid, risk));
    judgeSettings(program?.kind ?? 'signals', name, settings, candles);
  }
}

/** What a rule book says to settings, over candles of no bars. Errors: REQUEST_INVALID. */
export function judgeSettings(
  kind: 'signals' | StrategyProgram['kind'],
  name: string,
  settings: SimulationSettings,
  candles: Candles,
): void {
  if (kind === 'bars') checkBarSettings(settings, name);
  else if (kind === 'signals') simulate({ candles, signals: new Uint8Array(0), settings });
}

/** Errors: REQUEST_INVALID. */
export function checkLimits(request: SweepRequest): void {
  const check = (name: string, value: number, low: number, high: number): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    throw new AppError('REQUEST_INVALID', {
      rule: `--${name} must be a whole number from ${low} to ${high}.`,
      found: `${value}.`,
      todo: 'Change it.',
    });
  };
  check('top', request.top, 1, LIMITS.topMax);
  check('preselect', request.preselect, 0, LIMITS.preselectMax);
  if (new Set([request.rank, ...(request.alsoRank ?? [])]).size !== 1 + (request.alsoRank?.length ?? 0)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Each objective may be named once.',
      found: `${[request.rank, ...(request.alsoRank ?? [])].join(', ')}.`,
      todo: 'Leave out the repeated one.',
    });
  }
  check('seed', request.seed, 0, Number.MAX_SAFE_INTEGER);
  if (request.sample !== undefined) check('sample', request.sample, 1, LIMITS.gridPointsMax);
  if (request.offset !== undefined) check('offset', request.offset, 0, LIMITS.gridPointsMax);
  if (request.limit !== undefined) check('limit', request.limit, 1, LIMITS.gridPointsMax);
  if (request.sample !== undefined && (request.offset !== undefined || request.limit !== undefined)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A sweep visits a range of the grid or a random sample of it, not both.',
      found: '--sample together with --offset or --limit.',
      todo: 'Leave one of them out.',
    });
  }
}
