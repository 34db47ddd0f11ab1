// Which requests the fast engine covers, and their settings as the numbers a walk reads.
import { irregularBar } from '../kernels/market-tables.ts';
import {
  AT_CLOSE,
  AT_NEXT_OPEN,
  CLOSE_AT_END,
  FEE_RATE,
  FILL_AT,
  FIXED_FEE,
  GRIDMILL,
  INITIAL_CASH,
  LONG_ONLY,
  MIN_NOTIONAL,
  MIN_SIZE,
  RULE_BOOK,
  SIZE_STEP,
  SIZING_FRACTION,
  SIZING_KIND,
  SIZING_NOTIONAL,
  SIZING_UNITS,
  SIZING_VALUE,
  SLIPPAGE,
  STOP_LOSS,
  TAKE_PROFIT,
  TIME_LIMIT,
  TRAILING_STOP,
  VECTORBT,
  WALK_SETTINGS,
} from '../kernels/walk-layout.ts';
import type { Candles } from '../market/candles.ts';
import type { SimulationSettings, SizingKind } from '../simulate/simulation.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { Grid } from './grid.ts';
import type { EngineName, ExecutionRequest } from './request.ts';

/** Which engine scores a request, and why. */
export interface EngineChoice {
  readonly engine: EngineName;
  /** One clause, for the user: why it is this engine. */
  readonly reason: string;
}

const normative = (reason: string): EngineChoice => ({ engine: 'normative', reason });

/** Chooses the engine for a request over `candles`. What the fast engine does not cover runs on the normative one. */
export function engineFor(
  execution: ExecutionRequest & { readonly strategy?: Pick<Strategy, 'program'> },
  grid: Pick<Grid, 'riskAxes'>,
  candles: Candles,
): EngineChoice {
  const { profile, direction, sizing } = execution;
  if (execution.strategy?.program !== undefined) return normative('the strategy places its own orders');
  if (profile.ruleBook !== 'gridmill' && profile.ruleBook !== 'vectorbt') {
    return normative(`the profile ${profile.name} has its own rule book`);
  }
  if (profile.ruleBook === 'vectorbt') {
    if (direction === 'both' && sizing.kind === 'equity-fraction' && sizing.value !== 1) {
      return normative('under vectorbt rules a share of cash cannot reverse a position');
    }
    if (sizing.minNotional > 0) return normative('vectorbt rules have no minimum notional');
    const axes = grid.riskAxes.map((axis) => axis.name);
    if (axes.includes('timeLimit')) return normative('vectorbt rules have no time limit');
    if (axes.includes('stopLoss') && axes.includes('trailingStop')) {
      return normative('vectorbt rules have one stop per position');
    }
  }
  const bar = irregularBar(candles);
  if (bar !== undefined) return normative(`candle ${bar} has a price that is not above 0 or outside its high and low`);
  return { engine: 'fast', reason: 'the profile, sizing and barriers are covered' };
}

const SIZING_CODES: Readonly<Record<SizingKind, number>> = {
  'equity-fraction': SIZING_FRACTION,
  'fixed-notional': SIZING_NOTIONAL,
  'fixed-units': SIZING_UNITS,
};

/** Writes settings in the layout of WALK_SETTINGS, for a walk in full detail. The rule book must be `gridmill` or `vectorbt`. */
export function writeWalkSettings(out: Float64Array, settings: SimulationSettings): void {
  const { profile, costs, sizing, barriers } = settings;
  out.fill(0, 0, WALK_SETTINGS);
  out[RULE_BOOK] = profile.ruleBook === 'vectorbt' ? VECTORBT : GRIDMILL;
  out[FILL_AT] = profile.fillAt === 'close' ? AT_CLOSE : AT_NEXT_OPEN;
  out[INITIAL_CASH] = settings.initialCash;
  out[FEE_RATE] = costs.feeRate;
  out[FIXED_FEE] = costs.fixedFee;
  out[SLIPPAGE] = costs.slippage;
  out[SIZING_KIND] = SIZING_CODES[sizing.kind];
  out[SIZING_VALUE] = sizing.value;
  out[SIZE_STEP] = sizing.sizeStep;
  out[MIN_SIZE] = sizing.minSize;
  out[MIN_NOTIONAL] = sizing.minNotional;
  out[STOP_LOSS] = barriers.stopLoss ?? Number.NaN;
  out[TAKE_PROFIT] = barriers.takeProfit ?? Number.NaN;
  out[TRAILING_STOP] = barriers.trailingStop ?? Number.NaN;
  out[TIME_LIMIT] = barriers.timeLimit ?? Number.NaN;
  out[CLOSE_AT_END] = settings.closeAtEnd ? 1 : 0;
  out[LONG_ONLY] = settings.direction === 'long' ? 1 : 0;
}
