// defineStrategy: a strategy as parameters, a constraint, and signals as conditions or as a plain function.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Candles } from '../market/candles.ts';
import type { Condition } from './expression.ts';
import type { Axis, ParameterRef, ParameterValues } from './parameters.ts';
import type { StrategyProgram } from './program.ts';

/** Signals as events: what to do at the close of the bar where a condition is true. */
export interface EventSignals {
  readonly enterLong?: Condition;
  readonly exitLong?: Condition;
  readonly enterShort?: Condition;
  readonly exitShort?: Condition;
}

/** Signals as a target: long while `long` is true, short while `short` is true, flat otherwise or when both are. */
export interface TargetSignals {
  readonly long?: Condition;
  readonly short?: Condition;
}

/** Barriers to try in stage B; 0 in an axis means "off". */
export interface RiskAxes {
  readonly stopLoss?: Axis;
  readonly takeProfit?: Axis;
  readonly trailingStop?: Axis;
  readonly timeLimit?: Axis;
}

/** What a signal function reads: the candles it runs on, and closed candles of higher timeframes. */
export interface SignalCandles extends Candles {
  /**
   * Columns of a higher timeframe laid out on the bars of this one: each value is that of the last higher candle that
   * has closed, NaN before the first.
   */
  higher(timeframe: string): Omit<Candles, 'timeframe' | 'barCount'>;
}

/** Returns +1 long, 0 neutral, -1 short per bar. Causal: out[i] may read bars 0..i only. */
export type SignalFunction = (candles: SignalCandles, parameters: ParameterValues) => Int8Array;

export interface StrategyHead<P extends Readonly<Record<string, Axis>>> {
  /** Lower case letters, digits and dashes. */
  readonly name: string;
  readonly description?: string;
  /** Default axes of the grid; the command line can replace them with --set. */
  readonly parameters: P;
  /** Variants for which this is false are not part of the grid. */
  readonly constraint?: (parameters: { readonly [K in keyof P]: number }) => boolean;
  readonly risk?: RiskAxes;
}

export interface ExpressionStrategyInput<P extends Readonly<Record<string, Axis>>> extends StrategyHead<P> {
  /** Builds the conditions once, over symbolic parameters. */
  readonly signals: (parameters: { readonly [K in keyof P]: ParameterRef }) => EventSignals | TargetSignals;
}

export interface FunctionStrategyInput<P extends Readonly<Record<string, Axis>>> extends StrategyHead<P> {
  readonly compute: (candles: SignalCandles, parameters: { readonly [K in keyof P]: number }) => Int8Array;
}

/** A validated strategy. Exactly one of `signals` (the built conditions), `compute` and `program` is set. */
export interface Strategy {
  readonly kind: 'gridmill-strategy';
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly constraint: ((parameters: ParameterValues) => boolean) | undefined;
  readonly risk: RiskAxes;
  readonly signals: EventSignals | TargetSignals | undefined;
  readonly compute: SignalFunction | undefined;
  readonly program: StrategyProgram | undefined;
}

const NAME = /^[a-z][a-z0-9-]*$/;
const PARAMETER_NAME = /^[a-zA-Z][a-zA-Z0-9]*$/;
const EVENT_NAMES = ['enterLong', 'exitLong', 'enterShort', 'exitShort', 'long', 'short'];
const RISK_NAMES = ['stopLoss', 'takeProfit', 'trailingStop', 'timeLimit'];

/**
 * Defines a strategy whose signals are conditions over indicators (`signals`) or a plain function (`compute`).
 * Errors: STRATEGY_INVALID with what to change.
 */
export function defineStrategy<const P extends Readonly<Record<string, Axis>>>(
  input: ExpressionStrategyInput<P> | FunctionStrategyInput<P>,
): Strategy {
  const head = checkedHead(input);
  const compute = 'compute' in input ? input.compute : undefined;
  if ('signals' in input === (typeof compute === 'function')) {
    throw invalid('both or neither of `signals` and `compute`.', 'Give exactly one of the two.');
  }
  return {
    ...head,
    signals: 'signals' in input ? buildSignals(input.signals as never, Object.keys(head.parameters)) : undefined,
    compute: compute as SignalFunction | undefined,
    program: undefined,
  };
}

/** What strategies of every kind say alike, checked. Errors: STRATEGY_INVALID. */
export function checkedHead<P extends Readonly<Record<string, Axis>>>(
  input: StrategyHead<P>,
): Omit<Strategy, 'signals' | 'compute' | 'program'> {
  if (typeof input !== 'object' || input === null || typeof input.name !== 'string' || !NAME.test(input.name)) {
    throw invalid(`the name ${JSON.stringify(input?.name)}.`, 'Name it in lower case, such as "my-strategy".');
  }
  if (input.name.length > LIMITS.nameLengthMax) {
    throw invalid(`a name of ${input.name.length} characters.`, `Use at most ${LIMITS.nameLengthMax}.`);
  }
  const parameters = checkedAxes(input.parameters);
  for (const name of Object.keys(input.risk ?? {})) {
    if (!RISK_NAMES.includes(name)) throw invalid(`risk.${name}.`, `Use ${RISK_NAMES.join(', ')}.`);
  }
  return {
    kind: 'gridmill-strategy',
    name: input.name,
    description: input.description ?? '',
    parameters,
    constraint: input.constraint as Strategy['constraint'],
    risk: input.risk ?? {},
  };
}

function checkedAxes(parameters: Readonly<Record<string, Axis>>): Readonly<Record<string, Axis>> {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > LIMITS.parametersMax) {
    throw invalid(`${entries.length} parameters.`, `Use at most ${LIMITS.parametersMax}.`);
  }
  for (const [name, axis] of entries) {
    if (!PARAMETER_NAME.test(name)) throw invalid(`the parameter name "${name}".`, 'Use letters and digits only.');
    if (!Array.isArray(axis?.values) || axis.values.length === 0) {
      throw invalid(`parameter ${name} without values.`, 'Write for example range(5, 50, 5) or choice(14, 21).');
    }
  }
  return Object.freeze({ ...parameters });
}

function buildSignals(
  signals: (parameters: Readonly<Record<string, ParameterRef>>) => EventSignals | TargetSignals,
  names: readonly string[],
): EventSignals | TargetSignals {
  const declared = Object.fromEntries(names.map((name) => [name, { parameter: name }]));
  // A misspelt parameter must fail here, not become `undefined` deep inside an indicator.
  const refs = new Proxy(declared, {
    get(target, name) {
      if (typeof name === 'string' && !Object.hasOwn(target, name)) {
        throw invalid(`the parameter "${name}" in signals.`, `Declared are ${names.join(', ') || 'none'}.`);
      }
      return Reflect.get(target, name);
    },
  });
  const built = signals(refs);
  const members = Object.entries(built ?? {});
  const unknown = members.find(([name, condition]) => !EVENT_NAMES.includes(name) || !isCondition(condition));
  if (members.length === 0 || unknown !== undefined) {
    throw invalid(
      unknown === undefined ? 'signals that return nothing.' : `signals.${unknown[0]} that is no condition.`,
      'Return { enterLong, exitLong, enterShort, exitShort } or { long, short } made of conditions such as crossAbove(...).',
    );
  }
  const isTarget = members.some(([name]) => name === 'long' || name === 'short');
  if (isTarget && members.some(([name]) => name !== 'long' && name !== 'short')) {
    throw invalid('a mix of events and targets in signals.', 'Return either the events or { long, short }.');
  }
  return built;
}

function isCondition(value: unknown): value is Condition {
  const kind = (value as Condition | undefined)?.kind;
  return kind === 'compare' || kind === 'cross' || kind === 'logic';
}

/** True for values made by defineStrategy. */
export function isStrategy(value: unknown): value is Strategy {
  return typeof value === 'object' && value !== null && (value as Strategy).kind === 'gridmill-strategy';
}

function invalid(found: string, todo: string): AppError {
  return new AppError('STRATEGY_INVALID', { rule: 'A strategy must be complete and well named.', found, todo });
}
