// Unit tests of the backtesting.py rules: orders and queue, how barriers map, what is refused, and the account's laws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { type Candles, createCandles, sliceCandles } from '../market/candles.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { BacktestingPyBroker } from './backtesting-py-broker.ts';
import { runBacktestingPyRules, runOnBroker } from './backtesting-py-rules.ts';
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
  return createCandles(parseTimeframe('1d'), {
    time: Float64Array.from(bars, (_, i) => i * 86_400_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: new Float64Array(bars.length),
  });
}

const PROFILE = PROFILES['backtesting.py'];
const { sizing, costs } = PROFILE.defaults;
const units = (value: number) => ({ kind: 'fixed-units', value }) as const;

function settingsOf(more: Partial<SimulationSettings>): SimulationSettings {
  return { profile: PROFILE, ...PROFILE.defaults, barriers: {}, ...more };
}

function run(bars: readonly Bar[], signals: readonly number[], more: Partial<SimulationSettings> = {}): Simulation {
  const settings = settingsOf(more);
  return runBacktestingPyRules({ candles: candlesOf(bars), signals: Uint8Array.from(signals), settings });
}

/** Runs actions at the close of bars. */
function drive(
  bars: readonly Bar[],
  actions: Readonly<Record<number, (broker: BacktestingPyBroker) => void>>,
  more: Partial<SimulationSettings> = {},
): Simulation {
  return runOnBroker({ candles: candlesOf(bars), settings: settingsOf(more) }, (broker, bar) => actions[bar]?.(broker));
}

const FLAT: Bar = [100, 101, 99, 100];

describe('signals', () => {
  test('an order fills at the next open in whole units, and what is left ends at the open of the last bar', () => {
    const bars: Bar[] = [FLAT, [103, 104, 102, 103], FLAT, [107, 108, 106, 107]];
    const found = run(bars, [ENTER_LONG, 0, 0, 0]);
    expect(found.trades).toMatchObject([
      { size: 97, entryBar: 1, entryPrice: 103, exitBar: 3, exitPrice: 107, exitReason: 'end' },
    ]);
    expect(found.exposedBars).toBe(2);
    expect(found.finalEquity).toBe(10_000 + 97 * 4);
  });

  test('a signal on the last bar does not fill', () => {
    expect(run([FLAT, FLAT], [0, ENTER_LONG]).fills).toEqual([]);
  });

  test('a trade left open is marked at the last close when closeAtEnd is off', () => {
    const found = run([FLAT, FLAT, [100, 110, 100, 110]], [ENTER_LONG, 0, 0], { closeAtEnd: false });
    expect(found.trades).toMatchObject([{ exitReason: 'open', exitBar: 2, exitPrice: 110, pnl: 990 }]);
    // All in is a hair less than everything, so that 10,000 buys 99 units at 100.
    expect(found.finalEquity).toBe(10_990);
  });

  test('an opposite entry reverses in direction both, closes in one direction, and waits when told to', () => {
    const signals = [ENTER_LONG, ENTER_SHORT, 0, 0];
    const bars = [FLAT, FLAT, FLAT, FLAT];
    const sides = (more: Partial<SimulationSettings>): string[] =>
      run(bars, signals, more).trades.map(({ side, exitReason }) => `${side} ${exitReason}`);
    expect(sides({})).toEqual(['long reverse', 'short end']);
    expect(sides({ direction: 'long' })).toEqual(['long signal']);
    expect(sides({ backtestingPy: { oppositeEntry: 'ignore' } })).toEqual(['long end']);
    expect(sides({ backtestingPy: { exclusiveOrders: true } })).toEqual(['long reverse', 'short end']);
  });

  test('with hedging a short opens beside the long', () => {
    const found = run([FLAT, FLAT, FLAT, FLAT], [ENTER_LONG, ENTER_SHORT, 0, 0], {
      sizing: { ...sizing, ...units(10) },
      backtestingPy: { hedging: true },
    });
    expect(found.trades.map(({ side, exitReason }) => `${side} ${exitReason}`)).toEqual(['long end', 'short end']);
  });

  test('tradeOnClose fills at the close of the signal bar', () => {
    const found = run([FLAT, [103, 104, 102, 103], FLAT], [ENTER_LONG, 0, 0], {
      backtestingPy: { tradeOnClose: true },
    });
    expect(found.trades[0]).toMatchObject({ entryBar: 0, entryPrice: 100 });
  });
});

describe('barriers', () => {
  const enter = [ENTER_LONG, 0, 0, 0, 0];

  test('stopLoss and takeProfit are prices from the close of the signal bar; the stop comes first and is counted', () => {
    const found = run([FLAT, [105, 120, 80, 100], FLAT, FLAT, FLAT], enter, {
      barriers: { stopLoss: 0.1, takeProfit: 0.1 },
    });
    expect(found.trades).toMatchObject([{ entryBar: 1, exitBar: 1, exitPrice: 90, exitReason: 'stop-loss' }]);
    expect(found.ambiguousBars).toBe(1);
  });

  test('a stop that the open has passed fills at the open, and nothing was assumed', () => {
    const found = run([FLAT, FLAT, [85, 120, 80, 100], FLAT, FLAT], enter, {
      barriers: { stopLoss: 0.1, takeProfit: 0.1 },
    });
    expect(found).toMatchObject({ trades: [{ exitPrice: 85, exitReason: 'stop-loss' }], ambiguousBars: 0 });
  });

  test('trailingStop follows the best price from the close of each bar and never loosens', () => {
    const bars: Bar[] = [FLAT, FLAT, [100, 120, 112, 118], [116, 117, 109, 110], [109, 112, 100, 101], FLAT];
    expect(run(bars, [...enter, 0], { barriers: { trailingStop: 0.1 } }).trades).toMatchObject([
      { exitBar: 4, exitPrice: 108, exitReason: 'trailing-stop' },
    ]);
  });

  test('of stop-loss and trailing stop the nearer acts', () => {
    const fall: Bar[] = [FLAT, FLAT, [100, 100, 80, 85], FLAT, FLAT];
    const near = run(fall, enter, { barriers: { stopLoss: 0.05, trailingStop: 0.1 } });
    expect(near.trades).toMatchObject([{ exitPrice: 95, exitReason: 'stop-loss' }]);
    const trailing = run(fall, enter, { barriers: { stopLoss: 0.15, trailingStop: 0.1 } });
    // The bar of entry reached 101, and the stop followed it there.
    expect(trailing.trades[0]).toMatchObject({ exitReason: 'trailing-stop' });
    expect(trailing.trades[0]!.exitPrice).toBeCloseTo(90.9, 10);
  });

  test('timeLimit places a closing order that many bars after the entry, which fills at the next open', () => {
    const bars: Bar[] = [FLAT, FLAT, FLAT, FLAT, [103, 104, 102, 103], FLAT];
    expect(run(bars, [...enter, 0], { barriers: { timeLimit: 2 } }).trades).toMatchObject([
      { entryBar: 1, exitBar: 4, exitPrice: 103, exitReason: 'time-limit' },
    ]);
  });
});

describe('the broker', () => {
  test('closes opposite trades oldest first, in parts where the order is smaller', () => {
    const found = drive(
      [FLAT, FLAT, FLAT, [110, 111, 109, 110], FLAT],
      {
        0: (broker) => broker.submit({ side: 1, size: units(10) }),
        1: (broker) => broker.submit({ side: 1, size: units(10) }),
        2: (broker) => broker.submit({ side: -1, size: units(15) }),
      },
      { closeAtEnd: false },
    );
    expect(found.trades.map(({ entryBar, size, exitReason }) => [entryBar, size, exitReason])).toEqual([
      [1, 10, 'reverse'],
      [2, 5, 'reverse'],
      [2, 5, 'open'],
    ]);
  });

  test('leaves an order out that the margin does not cover, and counts it', () => {
    const submit = (broker: BacktestingPyBroker): void => broker.submit({ side: 1, size: units(101) });
    expect(drive([FLAT, FLAT, FLAT], { 0: submit })).toMatchObject({ skippedOrders: 1, fills: [] });
    const margin = drive([FLAT, FLAT, FLAT], { 0: submit }, { backtestingPy: { margin: 0.5 } });
    expect(margin.trades[0]!.size).toBe(101);
  });

  test('fills limit orders at the limit or better at the open', () => {
    const bars: Bar[] = [FLAT, FLAT, [100, 101, 90, 95], [80, 101, 79, 90], FLAT];
    const buy = (limit: number) => (broker: BacktestingPyBroker) => broker.submit({ side: 1, size: units(1), limit });
    expect(drive(bars, { 0: buy(95) }).fills[0]).toMatchObject({ bar: 2, price: 95 });
    expect(drive(bars, { 0: buy(85) }).fills[0]).toMatchObject({ bar: 3, price: 80 });
  });

  test('cancels waiting orders when a new exclusive order comes', () => {
    const found = drive(
      [FLAT, FLAT, [100, 101, 50, 95], FLAT],
      {
        0: (broker) => broker.submit({ side: 1, size: units(1), limit: 60 }),
        1: (broker) => broker.submit({ side: -1, size: units(1) }),
      },
      { backtestingPy: { exclusiveOrders: true } },
    );
    expect(found.trades).toMatchObject([{ side: 'short' }]);
  });

  test('fills nothing that still waits when the run ends', () => {
    // The stop is reached in the last bar, where the limit counts as passed before it.
    const found = drive([FLAT, FLAT, [106, 112, 104, 110]], {
      0: (broker) => broker.submit({ side: 1, size: units(1), stop: 110, limit: 105 }),
    });
    expect(found.fills).toEqual([]);
  });

  test('refuses an order outside its own barriers', () => {
    const place = () =>
      drive([FLAT, FLAT], { 0: (broker) => broker.submit({ side: 1, size: units(1), stopLoss: 105 }) });
    expect(place).toThrow(/between its stop-loss and its take-profit/);
  });

  test('trades in steps smaller than one unit when the size step says so', () => {
    const found = run([FLAT, FLAT, FLAT], [ENTER_LONG, 0, 0], {
      initialCash: 25,
      sizing: { ...sizing, sizeStep: 0.001 },
    });
    expect(found.trades[0]!.size).toBeCloseTo(0.249, 12);
  });

  test.each([[0], [1]])('runs over %d bars', (count) => {
    const found = run(new Array<Bar>(count).fill(FLAT), new Array<number>(count).fill(ENTER_LONG));
    expect(found).toMatchObject({ trades: [], finalEquity: 10_000, totalReturn: 0 });
  });
});

describe('refusals', () => {
  const cases: readonly (readonly [string, Partial<SimulationSettings>])[] = [
    ['slippage', { costs: { ...costs, slippage: 0.001 } }],
    ['a size step of 0', { sizing: { ...sizing, sizeStep: 0 } }],
    ['a margin of 0', { backtestingPy: { margin: 0 } }],
    ['a negative spread', { backtestingPy: { spread: -0.1 } }],
    ['a take-profit inside the spread', { barriers: { takeProfit: 0.01 }, backtestingPy: { spread: 0.01 } }],
    ['a stop-loss of 0', { barriers: { stopLoss: 0 } }],
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
    closeAtEnd: false,
    costs: { feeRate: 0.001, fixedFee: 1, slippage: 0 },
    barriers: { stopLoss: 0.06, takeProfit: 0.08, trailingStop: 0.04, timeLimit: 9 },
    backtestingPy: { spread: 0.0005 },
  });

  test('profits of the trades add up to the equity', () => {
    fc.assert(
      fc.property(markets, (market) => {
        const found = runBacktestingPyRules({ ...market, settings });
        const pnl = found.trades.reduce((sum, trade) => sum + trade.pnl, 0);
        expect(found.finalEquity).toBeCloseTo(10_000 + pnl, 7);
      }),
    );
  });

  test('cutting off the future changes nothing before the cut', () => {
    fc.assert(
      fc.property(markets, fc.double({ min: 0.2, max: 0.95, noNaN: true }), ({ candles, signals }, share) => {
        const cut = Math.max(1, Math.floor(candles.barCount * share));
        const whole = runBacktestingPyRules({ candles, signals, settings });
        const part = runBacktestingPyRules({
          candles: sliceCandles(candles, 0, cut),
          signals: signals.subarray(0, cut),
          settings,
        });
        expect([...part.equity]).toEqual([...whole.equity.subarray(0, cut)]);
        expect(part.fills).toEqual(whole.fills.filter((fill) => fill.bar < cut));
      }),
    );
  });
});
