// One test per sentence of docs/fills.md on exits in a bar, entries inside one, brackets and executors: rules 25 to 28.
import { describe, expect, test } from 'vitest';
import { type Bar, candlesOf, runStrategy, type Settings, scripted } from '../../test/bar-harness.ts';
import type { Simulation } from '../simulate/simulation.ts';
import type { BarContext, BarOrder } from '../strategy/bar-context.ts';

const FLAT: Bar = [100, 101, 99, 100];
type Steps = Readonly<Record<number, (context: BarContext) => void>>;

const run = (bars: readonly Bar[], steps: Steps, settings: Settings = {}): Simulation =>
  runStrategy(scripted(steps), candlesOf(bars), settings);
const ONE = { units: 1 };
const WIDE: Bar = [100, 120, 80, 100];

describe('fills rule 25', () => {
  const held = (orders: readonly BarOrder[], bar: Bar, own: BarOrder = {}): Simulation =>
    run([FLAT, FLAT, bar, FLAT], {
      0: (c) => c.buy({ ...ONE, ...own }),
      1: (c) => {
        for (const order of orders) c.sell(order);
      },
    });
  const stop = { stop: 90, reduceOnly: true };
  const target = { limit: 110, reduceOnly: true };

  test('a stop order comes before a limit order, whatever their order; the bar is ambiguous', () => {
    for (const orders of [
      [stop, target],
      [target, stop],
    ]) {
      expect(held(orders, WIDE)).toMatchObject({
        ambiguousBars: 1,
        trades: [{ exitPrice: 90, exitReason: 'stop-loss' }],
      });
    }
    expect(held([stop, target], [100, 111, 99, 110])).toMatchObject({
      ambiguousBars: 0,
      trades: [{ exitPrice: 110, exitReason: 'take-profit' }],
    });
  });

  test('an open beyond the stop is certain and not ambiguous', () => {
    expect(held([stop, target], [85, 120, 80, 100])).toMatchObject({ ambiguousBars: 0, trades: [{ exitPrice: 85 }] });
  });

  test('a stop order against a target, and a stop against a limit order, are ambiguous alike', () => {
    expect(held([stop], WIDE, { takeProfitPrice: 110 })).toMatchObject({
      ambiguousBars: 1,
      trades: [{ exitPrice: 90 }],
    });
    expect(held([target], WIDE, { stopLossPrice: 90 })).toMatchObject({
      ambiguousBars: 1,
      trades: [{ exitPrice: 90 }],
    });
  });

  test('of its own stop and a stop order the one nearer to the price acts', () => {
    expect(held([stop], WIDE, { stopLossPrice: 95 }).trades).toMatchObject([{ exitPrice: 95 }]);
    expect(held([stop], WIDE, { stopLossPrice: 85 }).trades).toMatchObject([{ exitPrice: 90 }]);
  });

  test('a stop order that reverses comes before the target too', () => {
    const found = held([{ ...ONE, stop: 90 }], WIDE, { takeProfitPrice: 110 });
    expect(found).toMatchObject({ ambiguousBars: 1 });
    expect(found.trades).toMatchObject([
      { exitPrice: 90, exitReason: 'reverse' },
      { side: 'short', entryPrice: 90 },
    ]);
  });

  test('a part of a position leaves the rest to its stop', () => {
    const found = held([{ limit: 110, units: 0.25, reduceOnly: true }], [100, 111, 99, 110], { stopLossPrice: 50 });
    expect(found.trades).toMatchObject([{ size: 0.25 }, { size: 0.75, exitReason: 'open' }]);
  });

  test('of limit orders and the target prices reach the nearest first, whatever was placed first', () => {
    const up: Bar = [100, 111, 99, 110];
    const half = { limit: 105, units: 0.5, reduceOnly: true };
    expect(held([half], up, { takeProfitPrice: 110 }).trades).toMatchObject([
      { size: 0.5, exitPrice: 105 },
      { size: 0.5, exitPrice: 110 },
    ]);
    expect(held([target, { limit: 105, reduceOnly: true }], up).trades).toMatchObject([{ size: 1, exitPrice: 105 }]);
    const short = run([FLAT, FLAT, [100, 101, 89, 90], FLAT], {
      0: (c) => c.sell({ ...ONE, takeProfitPrice: 90 }),
      1: (c) => c.buy({ limit: 95, units: 0.5, reduceOnly: true }),
    });
    expect(short.trades).toMatchObject([{ exitPrice: 95 }, { exitPrice: 90 }]);
  });

  test('of several stop orders the nearest acts first, whatever was placed first', () => {
    expect(held([stop, { stop: 95, reduceOnly: true }], WIDE).trades).toMatchObject([{ size: 1, exitPrice: 95 }]);
    const parts = held([stop, { stop: 95, units: 0.5, reduceOnly: true }], WIDE, { stopLossPrice: 93 });
    expect(parts.trades).toMatchObject([
      { size: 0.5, exitPrice: 95 },
      { size: 0.5, exitPrice: 93 },
    ]);
  });

  test('a time limit closes at the close, after all that lies inside its bar', () => {
    const own = { timeLimit: 2 };
    expect(held([], [100, 111, 99, 104], own).trades).toMatchObject([{ exitPrice: 104, exitReason: 'time-limit' }]);
    expect(held([target], [100, 111, 99, 104], own).trades).toMatchObject([{ exitPrice: 110 }]);
  });
});

describe('fills rule 26', () => {
  const entered = (order: BarOrder, bar: Bar, side: 'buy' | 'sell' = 'buy'): Simulation =>
    run([FLAT, bar, FLAT], { 0: (c) => c[side]({ ...ONE, ...order }) });

  test('after a fill at the open the whole bar counts', () => {
    const found = entered({ limit: 95, takeProfitPrice: 105 }, [94, 106, 93, 94]);
    expect(found).toMatchObject({ ambiguousBars: 0, trades: [{ entryPrice: 94, exitBar: 1, exitPrice: 105 }] });
  });

  test('a limit that fills inside meets its stop in that bar: prices fell on', () => {
    const found = entered({ limit: 95, stopLossPrice: 90 }, [100, 101, 89, 96]);
    expect(found).toMatchObject({ ambiguousBars: 0, trades: [{ exitBar: 1, exitPrice: 90 }] });
  });

  test('its target counts only as far as the close proves; a high that may have come before is ambiguous', () => {
    const proven = entered({ limit: 95, takeProfitPrice: 99 }, [100, 101, 94, 99.5]);
    expect(proven).toMatchObject({ ambiguousBars: 0, trades: [{ exitBar: 1, exitPrice: 99 }] });
    const unproven = entered({ limit: 95, takeProfitPrice: 99 }, [100, 101, 94, 96]);
    expect(unproven).toMatchObject({ ambiguousBars: 1, trades: [{ exitBar: 2, exitPrice: 100 }] });
  });

  test('a stop that fills inside meets its target in that bar: prices rose on', () => {
    const found = entered({ stop: 110, takeProfitPrice: 115 }, [105, 116, 104, 112]);
    expect(found).toMatchObject({ ambiguousBars: 0, trades: [{ exitBar: 1, exitPrice: 115 }] });
  });

  test('its own stop is assumed hit when the low reaches it; only a close beyond it is certain', () => {
    const assumed = entered({ stop: 110, stopLossPrice: 105 }, [107, 116, 104, 112]);
    expect(assumed).toMatchObject({ ambiguousBars: 1, trades: [{ exitBar: 1, exitPrice: 105 }] });
    const certain = entered({ stop: 110, stopLossPrice: 105 }, [107, 116, 104, 104.5]);
    expect(certain).toMatchObject({ ambiguousBars: 0, trades: [{ exitBar: 1, exitPrice: 105 }] });
    const both = entered({ stop: 110, stopLossPrice: 105, takeProfitPrice: 115 }, [107, 116, 104, 112]);
    expect(both).toMatchObject({ ambiguousBars: 1, trades: [{ exitPrice: 105 }] });
  });

  test('shorts mirror it', () => {
    const limit = entered({ limit: 105, stopLossPrice: 110 }, [100, 111, 99, 104], 'sell');
    expect(limit).toMatchObject({ ambiguousBars: 0, trades: [{ side: 'short', exitBar: 1, exitPrice: 110 }] });
    const target = entered({ limit: 105, takeProfitPrice: 101 }, [100, 106, 99, 104], 'sell');
    expect(target).toMatchObject({ ambiguousBars: 1 });
    const stop = entered({ stop: 90, stopLossPrice: 95 }, [93, 96, 84, 88], 'sell');
    expect(stop).toMatchObject({ ambiguousBars: 1, trades: [{ exitBar: 1, exitPrice: 95 }] });
    const on = entered({ stop: 90, takeProfitPrice: 85 }, [95, 96, 84, 88], 'sell');
    expect(on).toMatchObject({ ambiguousBars: 0, trades: [{ exitBar: 1, exitPrice: 85 }] });
  });

  test('a trailing stop starts from what the rest of the bar proves', () => {
    const bars: Bar[] = [FLAT, [100, 130, 94, 96], [100, 101, 94, 98], FLAT];
    const found = run(bars, { 0: (c) => c.buy({ ...ONE, limit: 95, trailingStop: 0.1 }) });
    // From 130, seen before the fill, it would have trailed at 117; from the close it trails at 86.4.
    expect(found.trades).toMatchObject([{ exitReason: 'open' }]);
  });
});

describe('fills rule 27', () => {
  test('exits attached to an order are shares of its price before slippage, or prices', () => {
    const costs = { feeRate: 0, fixedFee: 0, slippage: 0.1 };
    const seen: number[] = [];
    const look = (order: BarOrder) =>
      run(
        [FLAT, FLAT],
        { 0: (c) => c.buy({ ...ONE, ...order }), 1: (c) => seen.push(c.position().stopPrice) },
        { costs },
      );
    look({ stopLoss: 0.25 });
    look({ stopLossPrice: 80 });
    look({ stopLoss: 0.25, stopLossPrice: 80 });
    look({});
    expect(seen).toEqual([75, 80, 80, Number.NaN]);
  });

  test('barriers of the run hold beside those of the order; of each kind the one that acts first', () => {
    const barriers = { stopLoss: 0.1, takeProfit: 0.1, timeLimit: 2 };
    const seen: number[][] = [];
    const look = (order: BarOrder) =>
      run(
        [FLAT, FLAT],
        {
          0: (c) => c.sell({ ...ONE, ...order }),
          1: (c) => seen.push([c.position().stopPrice, c.position().targetPrice].map(Math.round)),
        },
        { barriers },
      );
    look({});
    look({ stopLoss: 0.05, takeProfit: 0.2 });
    look({ stopLossPrice: 130, takeProfitPrice: 95 });
    expect(seen).toEqual([
      [110, 90],
      [105, 90],
      [110, 95],
    ]);
    const late = run([FLAT, FLAT, FLAT, FLAT], { 0: (c) => c.buy({ ...ONE, timeLimit: 3 }) }, { barriers });
    expect(late.trades).toMatchObject([{ exitBar: 2, exitReason: 'time-limit' }]);
  });

  test('every position has barriers of its own', () => {
    const found = run([FLAT, [100, 106, 94, 100], FLAT], {
      0: (c) => {
        c.buy({ ...ONE, tag: 'near', stopLossPrice: 95 });
        c.buy({ ...ONE, tag: 'far', stopLossPrice: 90, takeProfitPrice: 105 });
      },
    });
    expect(found.trades).toMatchObject([
      { tag: 'near', exitPrice: 95 },
      { tag: 'far', exitPrice: 105 },
    ]);
  });

  test('protect moves exits from the next bar on; null takes them away, those of the run stay', () => {
    const bars: Bar[] = [FLAT, [100, 101, 94, 100], [100, 101, 96, 100], FLAT];
    const moved = run(bars, { 0: (c) => c.buy(ONE), 1: (c) => c.protect({ stopLossPrice: 97 }) });
    expect(moved.trades).toMatchObject([{ exitBar: 2, exitPrice: 97, exitReason: 'stop-loss' }]);
    const taken = { 0: (c: BarContext) => c.buy({ ...ONE, stopLossPrice: 97 }) };
    expect(
      run([FLAT, FLAT, bars[2]!], { ...taken, 1: (c) => c.protect({ stopLossPrice: null }) }).trades,
    ).toMatchObject([{ exitReason: 'open' }]);
    const kept = run(
      [FLAT, FLAT, bars[2]!],
      { ...taken, 1: (c) => c.protect({ stopLossPrice: null }) },
      {
        barriers: { stopLoss: 0.03 },
      },
    );
    expect(kept.trades).toMatchObject([{ exitPrice: 97 }]);
  });

  test('a trailing stop set later follows the best price from then on', () => {
    const bars: Bar[] = [FLAT, FLAT, [100, 120, 100, 119], [119, 119, 105, 106], FLAT];
    const found = run(bars, { 0: (c) => c.buy(ONE), 1: (c) => c.protect({ trailingStop: 0.1 }) });
    expect(found.trades).toMatchObject([{ exitBar: 3, exitPrice: 108, exitReason: 'trailing-stop' }]);
  });
});

describe('fills rule 28', () => {
  const costs = { feeRate: 0.001, fixedFee: 0, slippage: 0.001 };
  const equityOf = (found: Simulation) => [...found.equity];

  test('a position executor holds cash back, is marked with both sides of its costs, and adds up', () => {
    const bars: Bar[] = [FLAT, [100, 104, 99, 103], [103, 111, 102, 108], FLAT];
    const seen: unknown[] = [];
    const found = run(
      bars,
      {
        0: (c) => {
          const id = c.executors.position({ side: 'long', units: 5, stopLoss: 0.05, takeProfit: 0.1 });
          seen.push(id, c.freeCash);
        },
        1: (c) => seen.push(c.executors.active, c.executors.state(1).netPnl, c.equity),
        2: (c) => seen.push(c.executors.active, c.executors.state(1).end),
      },
      { costs },
    );
    expect(seen).toEqual([1, 498, 1, expect.closeTo(13, 9), expect.closeTo(1013, 9), 0, 'take-profit']);
    expect(equityOf(found)).toEqual([998, 1013, 1048, 1048].map((value) => expect.closeTo(value, 9)));
    expect(found.trades).toMatchObject([{ tag: 'executor 1', exitBar: 2, exitReason: 'take-profit', size: 5 }]);
    expect(found.trades[0]!.pnl).toBeCloseTo(48, 9);
    expect(found.exposedBars).toBe(2);
  });

  test('once one is stopped its profit is cash, and counts once: in that call, and for sizes after it', () => {
    const bars: Bar[] = [FLAT, [100, 111, 99, 110], [110, 111, 109, 110], [110, 111, 109, 110]];
    const seen: number[] = [];
    const found = run(bars, {
      0: (c) => c.executors.position({ side: 'long', units: 5, stopLoss: 0.5 }),
      1: (c) => {
        seen.push(c.equity);
        c.executors.stop(1);
        seen.push(c.equity);
      },
      2: (c) => {
        seen.push(c.equity);
        c.buy({ fraction: 0.5 });
      },
    });
    expect(seen).toEqual([1050, 1050, 1050]);
    expect(found.trades[1]!.size * 110).toBeCloseTo(525, 9);
    expect(found.finalEquity).toBe(1050);
  });

  test('a bar in which an executor and a position hold something is exposed once', () => {
    const found = run([FLAT, FLAT, FLAT, FLAT], {
      0: (c) => c.executors.position({ side: 'long', units: 1, stopLoss: 0.5 }),
      1: (c) => c.buy(ONE),
    });
    expect(found.exposedBars).toBe(4);
  });

  test('several run at once, of every kind, beside positions; profits add up to the change of equity', () => {
    const bars = Array.from({ length: 60 }, (_, i): Bar => {
      const middle = 100 + 8 * Math.sin(i / 3);
      const next = 100 + 8 * Math.sin((i + 1) / 3);
      return [middle, Math.max(middle, next) + 1, Math.min(middle, next) - 1, next];
    });
    const found = run(
      bars,
      {
        0: (c) => {
          c.buy({ units: 1, stopLoss: 0.04 });
          c.executors.grid({ side: 'long', from: 92, to: 112, notional: 300, minSpread: 0.02, takeProfit: 0.02 });
          c.executors.dca({ side: 'long', prices: [97, 94], notionals: [50, 100], takeProfit: 0.05, stopLoss: 0.1 });
        },
        5: (c) => c.executors.position({ side: 'short', units: 1, limit: 106, stopLoss: 0.05, timeLimit: 10 }),
        30: (c) => expect(c.executors.stop(1)).toBe(true),
      },
      { costs },
    );
    expect(new Set(found.trades.map(({ tag }) => tag)).size).toBe(4);
    const pnl = found.trades.reduce((sum, trade) => sum + trade.pnl, 0);
    expect(found.finalEquity - 1000).toBeCloseTo(pnl, 9);
    expect(found.fills.map(({ bar }) => bar)).toEqual(found.fills.map(({ bar }) => bar).toSorted((a, b) => a - b));
    expect(found.trades.find(({ tag }) => tag === 'executor 1')).toMatchObject({ exitBar: 30, exitReason: 'signal' });
  });

  test('without the cash it is skipped and counted; in one direction only its side starts', () => {
    const order = { side: 'long', units: 11, takeProfit: 0.1 } as const;
    expect(run([FLAT, FLAT], { 0: (c) => expect(c.executors.position(order)).toBe(-1) })).toMatchObject({
      skippedOrders: 1,
    });
    const short = run(
      [FLAT, FLAT],
      { 0: (c) => c.executors.position({ ...order, units: 1, side: 'short' }) },
      {
        direction: 'long',
      },
    );
    expect(short).toMatchObject({ skippedOrders: 0, trades: [] });
  });

  test('its end is not known before it is there', () => {
    const seen: unknown[] = [];
    run([FLAT, FLAT, [100, 101, 80, 85], FLAT], {
      0: (c) => c.executors.position({ side: 'long', units: 1, limit: 95, stopLoss: 0.05 }),
      1: (c) => seen.push(c.executors.state(1)),
      2: (c) => seen.push(c.executors.state(1)),
    });
    expect(seen).toMatchObject([
      { isActive: true, isFilled: false, netPnl: 0, end: undefined },
      { isActive: false, isFilled: true, end: 'stop-loss' },
    ]);
  });

  test('one still running at the end is an open trade, or closed with closeAtEnd', () => {
    const steps: Steps = { 0: (c) => c.executors.position({ side: 'long', units: 1, takeProfit: 0.5 }) };
    expect(run([FLAT, FLAT], steps).trades).toMatchObject([{ exitReason: 'open' }]);
    expect(run([FLAT, FLAT], steps, { closeAtEnd: true }).trades).toMatchObject([{ exitReason: 'end' }]);
  });

  test('executors that lose all there is ruin the account', () => {
    const bars: Bar[] = [FLAT, [100, 101, 99, 100], [250, 260, 240, 250], FLAT];
    const found = run(bars, { 0: (c) => c.executors.position({ side: 'short', units: 9, timeLimit: 3 }) });
    expect(found).toMatchObject({ ruined: true, finalEquity: 0 });
    expect(found.trades).toMatchObject([{ exitReason: 'ruin', exitBar: 2 }]);
    expect(found.trades[0]!.pnl).toBeCloseTo(-1000, 9);
  });

  test.each([
    ['the profile next-open', { profile: 'next-open' }],
    ['a fixed fee', { costs: { feeRate: 0, fixedFee: 1, slippage: 0 } }],
  ] as const)('they are refused under %s', (_, settings) => {
    const steps: Steps = { 0: (c) => c.executors.position({ side: 'long', units: 1 }) };
    expect(() => run([FLAT, FLAT], steps, settings)).toThrow(/Executors/);
  });
});
