// What each profile runs and what it refuses, found by asking its rule book over no candles at all.
import { isAppError } from '../core/errors.ts';
import { type Candles, createCandles } from '../market/candles.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { PROFILES, type Profile } from '../simulate/profiles.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { simulationSettings } from '../sweep/execution-settings.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import { judgeSettings } from '../sweep/sweep-checks.ts';
import { refusedByControllers } from './controller-execution.ts';
import { type ExecutionSelection, executionRequest } from './execution-selection.ts';

/** Signals as conditions or a function; code that runs bar by bar; a Hummingbot controller. */
export type StrategyKind = 'signals' | 'bars' | 'controller';

export const kindOf = ({ program }: Pick<Strategy, 'program'>): StrategyKind => program?.kind ?? 'signals';

export interface Refusal {
  /** A member of `execution` or `risk` of a request, or several together. */
  readonly members: readonly string[];
  /** A value of each that is refused; null where every value is. */
  readonly values: readonly (string | number | boolean | null)[];
  readonly rule: string;
}

export interface ProfileSupport extends Profile {
  readonly strategies: readonly StrategyKind[];
  /** Of the ordinary wishes about execution and barriers, those that it refuses. */
  readonly refuses: readonly Refusal[];
}

type Wish = Partial<Omit<ExecutionSelection, 'profile' | 'calendar' | 'instruments'>>;

/** One at a time, and the pair of stops that not every peer has together. */
const WISHES: readonly (readonly [execution: Wish, risk: Barriers])[] = [
  ...(['long', 'short', 'both'] as const).map((direction) => [{ direction }, {}] as const),
  [{ fee: 0.001 }, {}],
  [{ fixedFee: 1 }, {}],
  [{ slippage: 0.001 }, {}],
  [{ sizing: 'equity-fraction', size: 0.5 }, {}],
  [{ sizing: 'fixed-notional', size: 50 }, {}],
  [{ sizing: 'fixed-units', size: 1 }, {}],
  [{ sizeStep: 1 }, {}],
  [{ minSize: 1 }, {}],
  [{ minNotional: 10 }, {}],
  [{ closeAtEnd: true }, {}],
  [{ closeAtEnd: false }, {}],
  [{}, { stopLoss: 0.01 }],
  [{}, { takeProfit: 0.01 }],
  [{}, { trailingStop: 0.01 }],
  [{}, { timeLimit: 10 }],
  [{}, { stopLoss: 0.01, trailingStop: 0.01 }],
];

/** In the order of PROFILES. */
export function profileSupport(): ProfileSupport[] {
  return Object.values(PROFILES).map((profile): ProfileSupport => {
    if (profile.ruleBook === 'hummingbot') {
      const refuses = refusedByControllers().map(({ member, rule }) => ({ members: [member], values: [null], rule }));
      return { ...profile, strategies: ['controller'], refuses };
    }
    const execution = executionRequest({ profile: profile.name, calendar: 'continuous' });
    const strategies = (['signals', 'bars'] as const).filter((kind) => refusalOf(execution, kind) === undefined);
    return { ...profile, strategies, refuses: WISHES.flatMap(([wish, risk]) => refused(profile, wish, risk)) };
  });
}

function refused({ name: profile }: Profile, wish: Wish, risk: Barriers): Refusal[] {
  const rule = refusalOf(executionRequest({ ...wish, profile, calendar: 'continuous' }), 'signals', risk);
  if (rule === undefined) return [];
  const entries = Object.entries({ ...wish, ...risk });
  return [{ members: entries.map(([member]) => member), values: entries.map(([, value]) => value), rule }];
}

/** The rule that a strategy of this kind would break; undefined where it may run. */
export function refusalOf(execution: ExecutionRequest, kind: StrategyKind, risk: Barriers = {}): string | undefined {
  const isController = execution.profile.ruleBook === 'hummingbot';
  if (isController !== (kind === 'controller')) return `The profile ${execution.profile.name} is for another kind.`;
  try {
    judgeSettings(kind, 'a strategy', simulationSettings(execution, risk), NO_CANDLES);
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error.rule;
    throw error;
  }
}

const none = new Float64Array(0);
const columns = { time: none, open: none, high: none, low: none, close: none, volume: none };
const NO_CANDLES: Candles = createCandles(parseTimeframe('1h'), columns);
