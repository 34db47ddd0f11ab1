// Unit tests of the freqtrade rules: how barriers map, what is refused, and the laws of the account.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { type Candles, createCandles, sliceCandles } from '../market/candles.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { runFreqtradeRules } from './freqtrade-rules.ts';
import { PROFILES } from './profiles.ts';
import {
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  EXIT_SHORT,
  type Simulation,
  type SimulationSettings,
} from './simulation.ts';

type Bar = readonly [open: number, high: number, low: number, close: number];

function candlesOf(bars: readonly Bar[]): Candles {
  const column = (index: 0 | 1 | 2 | 3): Float64Array => Float64Array.from(bars, (bar) => bar[index]);
  return createCandles(parseTimeframe('1h'), {
    time: Float64Array.from(bars, (_, i) => i * 3_600_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: new Float64Array(bars.length),
  });
}

const PROFILE = PROFILES.freqtrade;

function settingsOf(more: Partial<SimulationSettings>): SimulationSettings {
  return { profile: PROFILE, ...PROFILE.defaults, barriers: {}, ...more };
}

function run(bars: readonly Bar[], signals: readonly number[], more: Partial<SimulationSettings> = {}): Simulation {
  return runFreqtradeRules({ candles: candlesOf(bars), signals: Uint8Array.from(signals), settings: settingsOf(more) });
}

const FLAT: Bar = [100, 101, 99, 100];

describe('signals', () => {
  test('a signal acts at the open of the next bar, and the open of the last bar ends what is left', () => {
    const bars: Bar[] = [FLAT, [102, 103, 101, 102], [104, 105, 103, 104], [106, 107, 105, 107]];
    const found = run(bars, [ENTER_LONG, 0, 0, 0]);
    expect(found.trades).toMatchObject([
      { entryBar: 1, entryPrice: 102, exitBar: 3, exitPrice: 106, exitReason: 'end', side: 'long' },
    ]);
    expect(found.exposedBars).toBe(2);
    expect(found.finalEquity).toBeCloseTo((1000 * 106) / 102, 10);
  });

  test('a trade left open is marked at the last close when closeAtEnd is off', () => {
    const found = run([FLAT, FLAT, [100, 111, 99, 110]], [ENTER_LONG, 0, 0], { closeAtEnd: false });
    expect(found.trades).toMatchObject([{ exitReason: 'open', exitBar: 2, exitPrice: 110, return: 0.1 }]);
    expect(found.finalEquity).toBe(1100);
  });

  test('no trade is opened in the last bar', () => {
    expect(run([FLAT, FLAT], [ENTER_LONG, 0]).fills).toEqual([]);
  });

  test('an opposite entry alone closes nothing; with an exit it reverses at one open', () => {
    const alone = run([FLAT, FLAT, FLAT, FLAT], [ENTER_LONG, ENTER_SHORT, 0, 0], { direction: 'both' });
    expect(alone.trades).toMatchObject([{ side: 'long', exitReason: 'end' }]);
    const both = run([FLAT, FLAT, FLAT, FLAT], [ENTER_LONG, ENTER_SHORT | EXIT_LONG, 0, 0], { direction: 'both' });
    expect(both.trades).toMatchObject([
      { side: 'long', exitBar: 2, exitReason: 'signal' },
      { side: 'short', entryBar: 2, exitReason: 'end' },
    ]);
  });

  test.each([
    ['an entry meets an exit of its side', ENTER_LONG | EXIT_LONG, 'both', 0],
    ['long and short entries meet', ENTER_LONG | ENTER_SHORT, 'both', 0],
    ['long and short entries meet but shorts are not seen', ENTER_LONG | ENTER_SHORT, 'long', 1],
    ['only a short entry is there and shorts are not seen', ENTER_SHORT, 'long', 0],
    ['only a long entry is there and longs are not seen', ENTER_LONG, 'short', 0],
  ] as const)('when %s', (_name, flags, direction, trades) => {
    expect(run([FLAT, FLAT, FLAT], [flags, 0, 0], { direction }).trades.length).toBe(trades);
  });

  test('an exit signal is ignored next to an entry of its side', () => {
    const found = run([FLAT, FLAT, FLAT, FLAT], [ENTER_LONG, ENTER_LONG | EXIT_LONG, 0, 0]);
    expect(found.trades).toMatchObject([{ exitReason: 'end' }]);
  });
});

describe('barriers', () => {
  const enter = [ENTER_LONG, 0, 0, 0, 0];

  test('stopLoss and takeProfit are a stop-loss and a ROI table, the stop first', () => {
    const wide: Bar = [100, 120, 80, 100];
    const both = run([FLAT, FLAT, wide, FLAT, FLAT], enter, { barriers: { stopLoss: 0.1, takeProfit: 0.1 } });
    expect(both.trades).toMatchObject([{ exitBar: 2, exitPrice: 90, exitReason: 'stop-loss' }]);
    expect(both.ambiguousBars).toBe(1);
    const target = run([FLAT, FLAT, wide, FLAT, FLAT], enter, { barriers: { takeProfit: 0.1 } });
    expect(target.trades[0]).toMatchObject({ exitReason: 'take-profit' });
    expect(target.trades[0]!.exitPrice).toBeCloseTo(110, 10);
    expect(target.ambiguousBars).toBe(0);
  });

  test('timeLimit closes at the open of that many bars after the entry', () => {
    const bars: Bar[] = [FLAT, FLAT, FLAT, [103, 104, 102, 103], FLAT];
    expect(run(bars, enter, { barriers: { timeLimit: 2 } }).trades).toMatchObject([
      { entryBar: 1, exitBar: 3, exitPrice: 103, exitReason: 'time-limit' },
    ]);
  });

  test('trailingStop alone trails the best price by its distance, from the entry bar on', () => {
    const bars: Bar[] = [FLAT, FLAT, [100, 120, 115, 118], [117, 118, 100, 101], FLAT];
    expect(run(bars, enter, { barriers: { trailingStop: 0.1 } }).trades).toMatchObject([
      { exitBar: 3, exitPrice: 108, exitReason: 'trailing-stop' },
    ]);
  });

  test('trailingStop next to a stopLoss takes over once there is a profit', () => {
    const bars: Bar[] = [FLAT, [100, 100, 95, 96], [96, 110, 100, 109], [109, 109, 100, 101], FLAT];
    const found = run(bars, enter, { barriers: { stopLoss: 0.2, trailingStop: 0.05 } });
    expect(found.trades).toMatchObject([{ exitBar: 2, exitReason: 'trailing-stop' }]);
    expect(found.trades[0]!.exitPrice).toBeCloseTo(104.5, 10);
  });

  test('an exit at the open is not ambiguous, whatever else the bar holds', () => {
    const bars: Bar[] = [FLAT, FLAT, [100, 120, 115, 118], [110, 111, 100, 101], FLAT];
    const found = run(bars, enter, { barriers: { trailingStop: 0.1, timeLimit: 2 } });
    expect(found).toMatchObject({ trades: [{ exitPrice: 110, exitReason: 'time-limit' }], ambiguousBars: 0 });
  });

  test('a stop never moves away from the price', () => {
    const bars: Bar[] = [FLAT, FLAT, [100, 120, 115, 118], [116, 116, 110, 111], [111, 112, 100, 101], FLAT];
    const found = run(bars, [...enter, 0], { barriers: { trailingStop: 0.1 } });
    expect(found.trades).toMatchObject([{ exitBar: 4, exitPrice: 108 }]);
  });

  test('a ROI step that began in an earlier bar fills at its price inside the bar, not at the better open', () => {
    const roi = [
      { afterMinutes: 0, profit: 0.2 },
      { afterMinutes: 60, profit: 0.05 },
    ];
    const bars: Bar[] = [FLAT, FLAT, FLAT, [110, 112, 107, 111], FLAT];
    expect(run(bars, enter, { freqtrade: { roi } }).trades).toMatchObject([{ exitBar: 3, exitPrice: 107 }]);
  });

  test('the target price earns the profit after both fees, over the entry price as freqtrade counts it', () => {
    const found = run([FLAT, FLAT, [100, 115, 99, 110], FLAT, FLAT], enter, {
      barriers: { takeProfit: 0.1 },
      costs: { feeRate: 0.01, fixedFee: 0, slippage: 0 },
    });
    const { entryPrice, exitPrice } = found.trades[0]!;
    expect((exitPrice * 0.99 - entryPrice * 1.01) / entryPrice).toBeCloseTo(0.1, 12);
  });

  test('leverage multiplies the size and divides the stop distance', () => {
    const found = run([FLAT, FLAT, [100, 100, 90, 95], FLAT, FLAT], enter, {
      barriers: { stopLoss: 0.2 },
      freqtrade: { leverage: 4 },
    });
    expect(found.trades).toMatchObject([{ size: 40, exitPrice: 95, exitReason: 'stop-loss' }]);
    expect(found.finalEquity).toBe(800);
  });
});

describe('the account', () => {
  test('ends at zero when a leveraged trade loses more than there is', () => {
    const found = run([FLAT, FLAT, [60, 61, 50, 55], FLAT, FLAT], [ENTER_LONG, 0, 0, 0, 0], {
      freqtrade: { leverage: 5 },
    });
    expect(found).toMatchObject({ ruined: true, finalEquity: 0, totalReturn: -1 });
    expect(found.trades).toMatchObject([{ exitReason: 'ruin', pnl: -1000 }]);
    expect([...found.equity.subarray(2)]).toEqual([0, 0, 0]);
  });

  test('counts orders that are too small', () => {
    const sizing = { ...PROFILE.defaults.sizing, sizeStep: 100 };
    expect(run([FLAT, FLAT, FLAT], [ENTER_LONG, 0, 0], { sizing })).toMatchObject({ skippedOrders: 1, fills: [] });
  });

  test('cuts a fixed stake to the balance', () => {
    const sizing = { ...PROFILE.defaults.sizing, kind: 'fixed-notional', value: 5000 } as const;
    expect(run([FLAT, FLAT, FLAT], [ENTER_LONG, 0, 0], { sizing }).trades[0]!.size).toBe(10);
  });

  test.each([[0], [1]])('runs over %d bars', (count) => {
    const found = run(new Array<Bar>(count).fill(FLAT), new Array<number>(count).fill(ENTER_LONG));
    expect(found).toMatchObject({ trades: [], finalEquity: 1000, totalReturn: 0 });
  });
});

describe('refusals', () => {
  const costs = PROFILE.defaults.costs;
  const cases: readonly (readonly [string, Partial<SimulationSettings>])[] = [
    ['slippage', { costs: { ...costs, slippage: 0.001 } }],
    ['a fixed fee', { costs: { ...costs, fixedFee: 1 } }],
    ['two targets', { barriers: { takeProfit: 0.1 }, freqtrade: { roi: [] } }],
    ['two trailing stops', { barriers: { stopLoss: 0.1, trailingStop: 0.1 }, freqtrade: { trailingStop: true } }],
    ['trailing without a stop-loss', { freqtrade: { trailingStop: true } }],
    ['trailing options without trailing', { freqtrade: { trailingStopPositive: 0.1 } }],
    ['an offset below the distance', { barriers: { stopLoss: 0.1 }, freqtrade: offsets(0.02, 0.01) }],
    ['an offset of 0 to wait for', { barriers: { stopLoss: 0.1 }, freqtrade: { ...offsets(0.02, 0), ...ONLY } }],
    ['a leverage of 0', { freqtrade: { leverage: 0 } }],
  ];

  test.each(cases)('%s', (_name, more) => {
    let error: unknown;
    try {
      run([FLAT, FLAT], [0, 0], more);
    } catch (caught) {
      error = caught;
    }
    expect(isAppError(error, 'REQUEST_INVALID')).toBe(true);
  });
});

const ONLY = { trailingOnlyOffsetIsReached: true } as const;

function offsets(trailingStopPositive: number, trailingStopPositiveOffset: number) {
  return { trailingStop: true, trailingStopPositive, trailingStopPositiveOffset } as const;
}

describe('laws on random markets', () => {
  const move = fc.tuple(
    fc.double({ min: 0.93, max: 1.07, noNaN: true }),
    fc.double({ min: 1, max: 1.05, noNaN: true }),
    fc.double({ min: 0.95, max: 1, noNaN: true }),
    fc.constantFrom(0, 0, 0, ENTER_LONG, EXIT_LONG, ENTER_SHORT, EXIT_SHORT, ENTER_SHORT | EXIT_LONG),
  );
  const markets = fc.array(move, { minLength: 2, maxLength: 60 }).map((moves) => {
    let price = 100;
    const bars = moves.map(([change, up, down]): Bar => {
      const open = price;
      price *= change;
      return [open, Math.max(open, price) * up, Math.min(open, price) * down, price];
    });
    return { candles: candlesOf(bars), signals: Uint8Array.from(moves, (one) => one[3]) };
  });
  const settings = settingsOf({
    direction: 'both',
    closeAtEnd: false,
    costs: { feeRate: 0.001, fixedFee: 0, slippage: 0 },
    barriers: { stopLoss: 0.05, takeProfit: 0.06, trailingStop: 0.03, timeLimit: 9 },
    freqtrade: { leverage: 2 },
  });

  test('profits of the trades add up to the equity', () => {
    fc.assert(
      fc.property(markets, (market) => {
        const found = runFreqtradeRules({ ...market, settings });
        const pnl = found.trades.reduce((sum, trade) => sum + trade.pnl, 0);
        expect(found.finalEquity).toBeCloseTo(1000 + pnl, 7);
        for (const fill of found.fills) {
          expect(fill.price).toBeGreaterThanOrEqual(market.candles.low[fill.bar]! * (1 - 1e-12));
          expect(fill.price).toBeLessThanOrEqual(market.candles.high[fill.bar]! * (1 + 1e-12));
        }
      }),
    );
  });

  test('cutting off the future changes nothing before the cut', () => {
    fc.assert(
      fc.property(markets, fc.double({ min: 0.2, max: 0.95, noNaN: true }), ({ candles, signals }, share) => {
        const cut = Math.max(1, Math.floor(candles.barCount * share));
        const whole = runFreqtradeRules({ candles, signals, settings });
        const part = runFreqtradeRules({
          candles: sliceCandles(candles, 0, cut),
          signals: signals.subarray(0, cut),
          settings,
        });
        // The last bar of a run opens no trade, so the cut itself is left out.
        expect([...part.equity.subarray(0, cut - 1)]).toEqual([...whole.equity.subarray(0, cut - 1)]);
        const before = (fill: { readonly bar: number }): boolean => fill.bar < cut - 1;
        expect(part.fills.filter(before)).toEqual(whole.fills.filter(before));
      }),
    );
  });
});
