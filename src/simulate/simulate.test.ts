// The door to simulation: settings out of range are refused, and buffers are used as promised.
import { describe, expect, test } from 'vitest';
import { type RuleRun, runRule } from '../../test/fixtures/simulate/rule-run.ts';
import { AssertionError } from '../core/assert.ts';
import { isAppError } from '../core/errors.ts';
import { createCandles } from '../market/candles.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { PROFILES } from './profiles.ts';
import { simulate } from './simulate.ts';
import { ENTER_LONG, type SimulationSettings } from './simulation.ts';

const tiny = { candles: '10, 20', signals: 'L .' };

function errorOf(run: Partial<RuleRun>): unknown {
  try {
    runRule({ ...tiny, ...run });
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('settings out of range are refused with their name', () => {
  test.each([
    ['initialCash', { initialCash: 0 }],
    ['initialCash', { initialCash: Number.POSITIVE_INFINITY }],
    ['feeRate', { costs: { feeRate: -0.001 } }],
    ['feeRate', { costs: { feeRate: 1 } }],
    ['fixedFee', { costs: { fixedFee: -1 } }],
    ['slippage', { costs: { slippage: 1 } }],
    ['slippage', { costs: { slippage: Number.NaN } }],
    ['sizing.value', { sizing: { value: 0 } }],
    ['sizing.value', { sizing: { value: 1.01 } }],
    ['sizing.sizeStep', { sizing: { sizeStep: -1 } }],
    ['sizing.minSize', { sizing: { minSize: Number.NaN } }],
    ['sizing.minNotional', { sizing: { minNotional: -1 } }],
    ['stopLoss', { barriers: { stopLoss: 0 } }],
    ['takeProfit', { barriers: { takeProfit: -0.1 } }],
    ['trailingStop', { barriers: { trailingStop: Number.NaN } }],
    ['timeLimit', { barriers: { timeLimit: 0 } }],
    ['timeLimit', { barriers: { timeLimit: 1.5 } }],
  ] as const)('%s %j', (name, run) => {
    const error = errorOf(run);
    expect(isAppError(error, 'REQUEST_INVALID')).toBe(true);
    expect((error as Error).message).toContain(name);
  });
});

describe('vectorbt rules refuse what that peer does not have', () => {
  test.each([
    ['a time limit', { barriers: { timeLimit: 3 } }],
    ['a fixed and a trailing stop at once', { barriers: { stopLoss: 0.1, trailingStop: 0.1 } }],
    ['a minimum notional', { sizing: { minNotional: 10 } }],
    ['a reversal by a share of cash', { sizing: { value: 0.5 }, signals: 'L S', direction: 'both' }],
  ] as const)('%s', (_what, run) => {
    expect(isAppError(errorOf({ profile: 'vectorbt', ...run }), 'REQUEST_INVALID')).toBe(true);
  });

  test('closeAtEnd is our addition: the position is closed by one more order', () => {
    const { fills, trades } = runRule({ ...tiny, profile: 'vectorbt', closeAtEnd: true });
    expect(fills.map((fill) => [fill.bar, fill.side, fill.reason])).toEqual([
      [0, 'buy', 'entry'],
      [1, 'sell', 'end'],
    ]);
    expect(trades[0].exitReason).toBe('end');
  });

  test('in one direction an opposite entry exits, as under our own rules', () => {
    const { trades } = runRule({ ...tiny, signals: 'L S', profile: 'vectorbt' });
    expect(trades.map((trade) => [trade.side, trade.exitReason])).toEqual([['long', 'signal']]);
  });
});

describe('buffers', () => {
  const column = Float64Array.of(10, 20, 15);
  const candles = createCandles(parseTimeframe('1h'), {
    time: Float64Array.of(0, 1, 2),
    open: column,
    high: column,
    low: column,
    close: column,
    volume: column,
  });
  const signals = Uint8Array.of(ENTER_LONG, 0, 0);
  const settingsOf = (profile: 'close' | 'next-open' | 'vectorbt'): SimulationSettings => ({
    profile: PROFILES[profile],
    ...PROFILES[profile].defaults,
    barriers: {},
  });

  test.each(['close', 'next-open', 'vectorbt'] as const)(
    '%s writes equity into the buffer that was passed',
    (profile) => {
      const settings = settingsOf(profile);
      const equity = new Float64Array(3).fill(-1);
      const { equity: returned } = simulate({ candles, signals, settings, equity });
      expect(returned).toBe(equity);
      expect(equity).toEqual(simulate({ candles, signals, settings }).equity);
    },
  );

  test.each(['close', 'next-open', 'vectorbt'] as const)('%s takes an empty window', (profile) => {
    const none = new Float64Array(0);
    const empty = { time: none, open: none, high: none, low: none, close: none, volume: none };
    const settings = { ...settingsOf(profile), closeAtEnd: true };
    const input = { candles: createCandles(parseTimeframe('1h'), empty), signals: new Uint8Array(0), settings };
    expect(simulate(input)).toMatchObject({ fills: [], trades: [], finalEquity: 100, totalReturn: 0 });
  });

  test('columns of another length are a bug', () => {
    const settings = settingsOf('close');
    expect(() => simulate({ candles, signals: new Uint8Array(2), settings })).toThrow(AssertionError);
    expect(() => simulate({ candles, signals, settings, equity: new Float64Array(4) })).toThrow(AssertionError);
  });

  test('options of a peer are refused under another profile, never ignored', () => {
    const settings = { ...settingsOf('close'), freqtrade: { leverage: 2 } };
    expect(() => simulate({ candles, signals, settings })).toThrow(/options of freqtrade under the profile close/);
  });
});
