// Execution profiles: complete, named sets of fill assumptions, as data.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import type { Costs, Direction, Sizing } from './terms.ts';

export type { Arithmetic } from '../indicators/arithmetic.ts';

export type ProfileName =
  | 'close'
  | 'next-open'
  | 'vectorbt'
  | 'backtesting.py'
  | 'freqtrade'
  | 'hummingbot'
  | 'hummingbot-corrected';

/**
 * Whose fill rules run: `gridmill` covers fills.md rules 4-17, the others reproduce a peer. `hummingbot` is for
 * controllers alone, and runs in src/executors.
 */
export type RuleBook = 'gridmill' | 'vectorbt' | 'backtesting.py' | 'freqtrade' | 'hummingbot';

export interface Profile {
  readonly name: ProfileName;
  readonly ruleBook: RuleBook;
  /** One sentence a trader reads: when and at what price a signal fills. Printed with every result. */
  readonly assumption: string;
  /** The arithmetic of indicators; part of the indicator variant key. */
  readonly arithmetic: Arithmetic;
  readonly metricSet: 'standard' | 'vectorbt' | 'backtesting.py' | 'hummingbot';
  /** Where a signal of bar i fills. */
  readonly fillAt: 'close' | 'next-open';
  /** Defaults of the command line for this profile. */
  readonly defaults: {
    readonly initialCash: number;
    readonly direction: Direction;
    readonly costs: Costs;
    readonly sizing: Sizing;
    readonly closeAtEnd: boolean;
  };
}

const NO_COSTS: Costs = { feeRate: 0, fixedFee: 0, slippage: 0 };
const ALL_CASH: Sizing = { kind: 'equity-fraction', value: 1, sizeStep: 0, minSize: 0, minNotional: 0 };

/** What controllers run under; amounts, sides and exits are in their configurations. */
const CONTROLLERS = {
  ruleBook: 'hummingbot',
  arithmetic: 'standard',
  metricSet: 'hummingbot',
  fillAt: 'close',
  defaults: { initialCash: 100, direction: 'both', costs: NO_COSTS, sizing: ALL_CASH, closeAtEnd: true },
} as const satisfies Omit<Profile, 'name' | 'assumption'>;

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  close: {
    name: 'close',
    ruleBook: 'gridmill',
    assumption:
      'A signal at the close of a bar fills at that same close; barriers are tested from the next bar, stops first.',
    arithmetic: 'standard',
    metricSet: 'standard',
    fillAt: 'close',
    defaults: { initialCash: 100, direction: 'long', costs: NO_COSTS, sizing: ALL_CASH, closeAtEnd: false },
  },
  'next-open': {
    name: 'next-open',
    ruleBook: 'gridmill',
    assumption:
      'A signal at the close of a bar fills at the next open; barriers are tested from the entry bar on, stops first.',
    arithmetic: 'standard',
    metricSet: 'standard',
    fillAt: 'next-open',
    defaults: { initialCash: 100, direction: 'long', costs: NO_COSTS, sizing: ALL_CASH, closeAtEnd: false },
  },
  vectorbt: {
    name: 'vectorbt',
    ruleBook: 'vectorbt',
    assumption:
      "As vectorbt's Portfolio.from_signals: a signal fills at the same bar's close, a reversal is one order, stops pay no slippage, and no account is ever ruined.",
    arithmetic: 'vectorbt',
    metricSet: 'vectorbt',
    fillAt: 'close',
    defaults: {
      initialCash: 100,
      direction: 'long',
      costs: NO_COSTS,
      sizing: { ...ALL_CASH, minSize: 1e-8 },
      closeAtEnd: false,
    },
  },
  'backtesting.py': {
    name: 'backtesting.py',
    ruleBook: 'backtesting.py',
    assumption:
      'As backtesting.py: orders fill at the next open in whole units, the spread is paid on entry, stops may hit in the entry bar.',
    arithmetic: 'standard',
    metricSet: 'backtesting.py',
    fillAt: 'next-open',
    defaults: {
      initialCash: 10_000,
      direction: 'both',
      costs: NO_COSTS,
      sizing: { ...ALL_CASH, value: 1 - 2 ** -52, sizeStep: 1 },
      closeAtEnd: true,
    },
  },
  freqtrade: {
    name: 'freqtrade',
    ruleBook: 'freqtrade',
    assumption:
      'As freqtrade: entries fill at the next open; exit signal before stop-loss before target before trailing stop; a stop fills at its level.',
    arithmetic: 'standard',
    metricSet: 'standard',
    fillAt: 'next-open',
    defaults: { initialCash: 1000, direction: 'long', costs: NO_COSTS, sizing: ALL_CASH, closeAtEnd: true },
  },
  hummingbot: {
    ...CONTROLLERS,
    name: 'hummingbot',
    assumption:
      "As Hummingbot's own back-test of its controllers: fills and exits at closes, stops scanned from the entry bar, longer candles visible from their open, equity without open positions.",
  },
  'hummingbot-corrected': {
    ...CONTROLLERS,
    name: 'hummingbot-corrected',
    assumption:
      "Hummingbot's controllers without look-ahead: limits and targets fill at their price, stops at their level or a worse open, stops before targets, equity with open positions.",
  },
};

/** Looks a profile up by name. Errors: PROFILE_UNKNOWN. */
export function profileNamed(name: string): Profile {
  const profile = (PROFILES as Readonly<Record<string, Profile | undefined>>)[name];
  if (profile === undefined || !Object.hasOwn(PROFILES, name)) {
    throw new AppError('PROFILE_UNKNOWN', {
      found: `"${name}".${didYouMean(name, Object.keys(PROFILES))}`,
      todo: `Choose one of ${Object.keys(PROFILES).join(', ')}.`,
    });
  }
  return profile;
}
