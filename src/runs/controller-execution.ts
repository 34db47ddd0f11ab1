// What a controller runs under: its profile, its capital, its trade cost, and the trading rules of its instrument.
import { controllerCapital } from '../controllers/controller-strategy.ts';
import type { GivenFields } from '../controllers/grid-fields.ts';
import { AppError } from '../core/errors.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import type { CandleContext } from './candle-source.ts';
import type { ExecutionSelection } from './execution-selection.ts';
import { findInstrumentRules, type GivenRules } from './instrument-rules.ts';

/** Tells what the corrected fills do without choosing a profile; the exact one is for comparison. */
export const DEFAULT_CONTROLLER_PROFILE = 'hummingbot-corrected';

interface ControllerAxes {
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly risk: RiskAxes;
}

/** Errors: PROFILE_UNKNOWN, REQUEST_INVALID, those of findInstrumentRules. */
export async function controllerExecution(
  selection: ExecutionSelection,
  name: string,
  given: GivenFields,
  { parameters, risk }: ControllerAxes,
  context: Pick<CandleContext, 'folder' | 'storeRoot'> & { readonly rules?: GivenRules },
): Promise<ExecutionRequest> {
  refuseForeign(selection, name);
  refuseBarriers(risk, name);
  const profile = profileNamed(selection.profile ?? DEFAULT_CONTROLLER_PROFILE);
  const { direction, costs, sizing, closeAtEnd } = profile.defaults;
  const { rules } = context;
  const { instrument } = rules ?? { instrument: await findInstrumentRules(given, selection.instruments, context) };
  return {
    profile,
    direction,
    initialCash: selection.cash ?? controllerCapital(given, parameters),
    costs: { ...costs, feeRate: selection.fee ?? costs.feeRate },
    sizing,
    closeAtEnd,
    calendar: selection.calendar,
    ...(instrument === undefined ? {} : { instrument }),
  };
}

/** Options of signal strategies, with what says the same in a configuration. */
const FOREIGN: readonly (readonly [keyof ExecutionSelection, option: string, instead: string])[] = [
  ['direction', '--direction', 'The controller takes both sides.'],
  ['fixedFee', '--fixed-fee', 'Costs of a controller are a share of notional: use --fee.'],
  ['slippage', '--slippage', 'Costs of a controller are a share of notional: add it to --fee.'],
  ['sizing', '--sizing', 'Amounts come from total_amount_quote: use --set total_amount_quote=….'],
  ['size', '--size', 'Amounts come from total_amount_quote: use --set total_amount_quote=….'],
  ['sizeStep', '--size-step', 'Steps of size come from --instruments.'],
  ['minSize', '--min-size', 'Smallest sizes come from --instruments.'],
  ['minNotional', '--min-notional', 'Smallest orders come from --instruments, or from --set min_order_amount_quote=….'],
  ['closeAtEnd', '--close-at-end', 'What is open at the end is closed at the last close.'],
];

/** Members of `execution` and `risk` that a controller takes from its configuration, each with what to do instead. */
export function refusedByControllers(): { readonly member: string; readonly rule: string }[] {
  return [
    ...FOREIGN.map(([member, , rule]) => ({ member, rule })),
    ...Object.entries(BARRIER_FIELDS).map(([member, [, field]]) => ({ member, rule: `Use the parameter ${field}.` })),
  ];
}

function refuseForeign(selection: ExecutionSelection, name: string): void {
  for (const [member, option, todo] of FOREIGN) {
    if (selection[member] === undefined) continue;
    throw new AppError('REQUEST_INVALID', {
      rule: `${option} is for strategies of signals.`,
      found: `${option} with the Hummingbot controller ${name}.`,
      todo,
    });
  }
}

/** A controller's time limit counts seconds, not bars, and its trailing stop has two numbers: nothing is guessed. */
const BARRIER_FIELDS = {
  stopLoss: ['--stop-loss', 'stop_loss=0.01,0.02'],
  takeProfit: ['--take-profit', 'take_profit=0.01,0.02'],
  trailingStop: ['--trailing', 'trailing_stop.activation_price=0.01 --set trailing_stop.trailing_delta=0.003'],
  timeLimit: ['--time-limit', 'time_limit=1800,3600 (seconds)'],
} as const;

function refuseBarriers(risk: RiskAxes, name: string): void {
  const given = (Object.keys(BARRIER_FIELDS) as (keyof typeof BARRIER_FIELDS)[]).find((key) => risk[key] !== undefined);
  if (given === undefined) return;
  const [option, field] = BARRIER_FIELDS[given];
  const prefix = name === 'grid_strike' ? 'triple_barrier_config.' : '';
  throw new AppError('REQUEST_INVALID', {
    rule: `${option} is for strategies of signals; a controller has barriers of its own.`,
    found: `${option} with the Hummingbot controller ${name}.`,
    todo: `Write --set ${prefix}${field}.`,
  });
}
