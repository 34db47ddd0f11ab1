// One test per sentence of docs/fills.md on orders: rules 18 to 24 and 29.
import { describe, expect, test } from 'vitest';
import { type Bar, candlesOf, coded, runStrategy, type Settings, scripted } from '../../test/bar-harness.ts';
import { LIMITS } from '../core/limits.ts';
import type { Simulation } from '../simulate/simulation.ts';
import type { BarContext, BarOrder } from '../strategy/bar-context.ts';

const FLAT: Bar = [100, 101, 99, 100];
type Steps = Readonly<Record<number, (context: BarContext) => void>>;

const run = (bars: readonly Bar[], steps: Steps, settings: Settings = {}): Simulation =>
  runStrategy(scripted(steps), candlesOf(bars), settings);
const ONE = { units: 1 };
const PROFILES = ['close', 'next-open'] as const;

describe('fills rule 18', () => {
  const bars: Bar[] = [FLAT, [102, 104, 101, 103], [105, 106, 104, 105]];

  test('a market order fills at the close under close, at the next open under next-open', () => {
    const steps: Steps = { 0: (c) => c.buy(ONE), 1: (c) => c.exit() };
    expect(run(bars, steps).trades).toMatchObject([{ entryBar: 0, entryPrice: 100, exitBar: 1, exitPrice: 103 }]);
    expect(run(bars, steps, { profile: 'next-open' }).trades).toMatchObject([
      { entryBar: 1, entryPrice: 102, exitBar: 2, exitPrice: 105, exitReason: 'signal' },
    ]);
  });

  test('under next-open an order of the last bar does not fill', () => {
    expect(run(bars, { 2: (c) => c.buy(ONE) }, { profile: 'next-open' }).fills).toEqual([]);
    expect(run(bars, { 2: (c) => c.buy(ONE) }).fills).toHaveLength(1);
  });

  test('the strategy sees its position once the order was carried out, not within the same call', () => {
    const seen: number[] = [];
    run(bars, {
      0: (c) => {
        c.buy(ONE);
        seen.push(c.position().side, c.waitingOrders);
      },
      1: (c) => seen.push(c.position().side, c.position().entryBar, c.position().barsHeld, c.waitingOrders),
    });
    expect(seen).toEqual([0, 1, 1, 0, 1, 0]);
  });
});

describe('fills rule 19', () => {
  test('market orders fill in the order they were placed: an exit frees the cash of the entry after it', () => {
    const all = { fraction: 1 };
    const steps = (first: 'exit' | 'buy'): Steps => ({
      0: (c) => c.buy({ ...all, tag: 'a' }),
      1: (c) => {
        if (first === 'exit') c.exit('a');
        c.buy({ ...all, tag: 'b' });
        if (first === 'buy') c.exit('a');
      },
    });
    expect(run([FLAT, FLAT, FLAT], steps('exit')).trades).toMatchObject([{ tag: 'a' }, { tag: 'b', size: 10 }]);
    expect(run([FLAT, FLAT, FLAT], steps('buy'))).toMatchObject({ skippedOrders: 1, trades: [{ tag: 'a' }] });
  });

  test('market orders pay slippage and fees', () => {
    const costs = { feeRate: 0.01, fixedFee: 1, slippage: 0.02 };
    const { fills } = run([FLAT, FLAT], { 0: (c) => c.buy(ONE), 1: (c) => c.exit() }, { costs });
    expect(fills).toMatchObject([
      { side: 'buy', price: 102, fee: 2.02 },
      { side: 'sell', price: 98, fee: 1.98 },
    ]);
  });
});

describe('fills rule 20', () => {
  test('positions of different tags are independent, long and short side by side', () => {
    const found = run([FLAT, [100, 111, 99, 110], FLAT], {
      0: (c) => {
        c.buy({ ...ONE, tag: 'up' });
        c.sell({ ...ONE, tag: 'down' });
      },
      1: (c) => {
        expect([c.position('up').side, c.position('down').side, c.openPositions, c.equity]).toEqual([1, -1, 2, 1000]);
        c.exit('up');
      },
      2: (c) => c.exitAll(),
    });
    expect(found.trades).toMatchObject([
      { tag: 'up', side: 'long', exitBar: 1, pnl: 10 },
      { tag: 'down', side: 'short', exitBar: 2, pnl: 0 },
    ]);
    expect(found.exposedBars).toBe(2);
  });

  test('an order in the direction of its position is ignored', () => {
    const found = run([FLAT, FLAT, FLAT], { 0: (c) => c.buy(ONE), 1: (c) => c.buy({ units: 2 }) });
    expect(found).toMatchObject({ skippedOrders: 0, trades: [{ size: 1, exitReason: 'open' }] });
    expect(found.fills).toHaveLength(1);
  });

  test('an order against its position reverses it: two fills at one price', () => {
    const found = run([FLAT, FLAT, FLAT], { 0: (c) => c.buy(ONE), 1: (c) => c.sell({ units: 3 }) });
    expect(found.fills).toMatchObject([{ side: 'buy' }, { side: 'sell', size: 1 }, { side: 'sell', size: 3 }]);
    expect(found.trades).toMatchObject([{ exitReason: 'reverse' }, { side: 'short', exitReason: 'open' }]);
  });

  test('reduceOnly never opens: it takes units, all when none are named, nothing when flat', () => {
    const found = run([FLAT, FLAT, FLAT, FLAT, FLAT], {
      0: (c) => c.sell({ ...ONE, reduceOnly: true }),
      1: (c) => c.buy({ units: 4 }),
      2: (c) => c.sell({ units: 1, reduceOnly: true }),
      3: (c) => c.sell({ units: 9, reduceOnly: true }),
    });
    expect(found.trades).toMatchObject([
      { size: 1, exitBar: 2, entryBar: 1, exitReason: 'signal' },
      { size: 3, exitBar: 3, entryBar: 1 },
    ]);
    expect(found.fills).toHaveLength(3);
  });

  test('a part that is closed takes its part of the entry fee', () => {
    const costs = { feeRate: 0.01, fixedFee: 0, slippage: 0 };
    const found = run(
      [FLAT, FLAT],
      { 0: (c) => c.buy({ units: 4 }), 1: (c) => c.sell({ units: 1, reduceOnly: true }) },
      { costs },
    );
    expect(found.trades).toMatchObject([
      { size: 1, fees: 2, pnl: -2 },
      { size: 3, fees: 3, pnl: -3, exitReason: 'open' },
    ]);
    expect(found.finalEquity).toBe(995);
  });

  test('in one direction an order of the other side only closes', () => {
    const steps: Steps = { 0: (c) => c.sell(ONE), 1: (c) => c.buy(ONE), 2: (c) => c.sell(ONE) };
    const found = run([FLAT, FLAT, FLAT, FLAT], steps, { direction: 'long' });
    expect(found.trades).toMatchObject([{ side: 'long', entryBar: 1, exitBar: 2, exitReason: 'signal' }]);
    expect(found.fills).toHaveLength(2);
  });

  test('orders that only reduce go with their position', () => {
    const found = run([FLAT, FLAT, FLAT, FLAT, FLAT], {
      0: (c) => c.buy(ONE),
      1: (c) => {
        c.sell({ limit: 150, reduceOnly: true });
        c.exit();
      },
      2: (c) => {
        expect(c.waitingOrders).toBe(0);
        c.buy(ONE);
      },
    });
    expect(found.trades).toHaveLength(2);
  });
});

describe.each(PROFILES)('fills rule 21 under %s', (profile) => {
  const settings: Settings = { profile, costs: { feeRate: 0, fixedFee: 0, slippage: 0.1 } };
  const entry = (order: object, bar: Bar, side: 'buy' | 'sell' = 'buy') =>
    run([FLAT, bar, FLAT], { 0: (c) => c[side]({ ...ONE, ...order }) }, settings).fills[0];

  test.each([
    ['a buy limit at its price', 'buy', { limit: 95 }, [97, 98, 94, 96], 95],
    ['a buy limit at a better open', 'buy', { limit: 95 }, [93, 98, 92, 96], 93],
    ['a sell limit at its price', 'sell', { limit: 105 }, [103, 106, 102, 104], 105],
    ['a sell limit at a better open', 'sell', { limit: 105 }, [107, 108, 104, 106], 107],
    ['a buy stop at its level, with slippage', 'buy', { stop: 110 }, [105, 112, 104, 111], 121],
    ['a buy stop at a worse open, with slippage', 'buy', { stop: 110 }, [115, 116, 112, 113], 126.5],
    ['a sell stop at its level, with slippage', 'sell', { stop: 90 }, [95, 96, 88, 89], 81],
    ['a sell stop at a worse open, with slippage', 'sell', { stop: 90 }, [80, 85, 79, 84], 72],
    ['a stop-limit at its stop, without slippage', 'buy', { stop: 110, limit: 112 }, [105, 113, 104, 111], 110],
    ['a stop-limit that opens between the two', 'buy', { stop: 110, limit: 112 }, [111, 113, 104, 111], 111],
    ['a stop-limit that opens beyond and comes back', 'buy', { stop: 110, limit: 112 }, [114, 115, 111, 113], 112],
    ['a sell stop-limit at its stop', 'sell', { stop: 90, limit: 88 }, [95, 96, 87, 89], 90],
  ] as const)('%s', (_, side, order, bar, price) => {
    expect(entry(order, bar as unknown as Bar, side)?.price).toBeCloseTo(price, 10);
    expect(entry(order, bar as unknown as Bar, side)?.bar).toBe(1);
  });

  test.each([
    ['a buy limit below the low', 'buy', { limit: 95 }, [97, 98, 96, 97]],
    ['a sell limit above the high', 'sell', { limit: 105 }, [97, 104, 96, 97]],
    ['a buy stop above the high', 'buy', { stop: 110 }, [105, 109, 104, 105]],
    ['a sell stop below the low', 'sell', { stop: 90 }, [95, 96, 91, 92]],
    [
      'a stop-limit that opens beyond its limit and stays there',
      'buy',
      { stop: 110, limit: 112 },
      [114, 115, 113, 114],
    ],
    ['a stop-limit whose limit lies on the near side', 'buy', { stop: 110, limit: 105 }, [106, 111, 104, 110]],
  ] as const)('%s does not fill in that bar', (_, side, order, bar) => {
    const fill = entry(order, bar as unknown as Bar, side);
    expect(fill?.bar).not.toBe(1);
  });

  test('a triggered stop-limit waits as a limit order from the next bar on', () => {
    const bars: Bar[] = [FLAT, [106, 111, 106, 110], [108, 109, 104, 106], FLAT];
    const found = run(bars, { 0: (c) => c.buy({ ...ONE, stop: 110, limit: 105 }) }, settings);
    expect(found.fills).toMatchObject([{ bar: 2, price: 105 }]);
  });

  test('an order placed at a close cannot fill in that bar', () => {
    const found = run([[100, 120, 80, 100], FLAT], { 0: (c) => c.buy({ ...ONE, limit: 90 }) }, settings);
    expect(found.fills).toEqual([]);
  });
});

describe('fills rule 22', () => {
  const entered = (order: object, settings: Settings = {}) => run([FLAT, FLAT], { 0: (c) => c.buy(order) }, settings);

  test('an order has units, notional or a share of equity; the sizing of the run otherwise', () => {
    expect(entered({ units: 2 }).trades[0]!.size).toBe(2);
    expect(entered({ notional: 250 }).trades[0]!.size).toBe(2.5);
    expect(entered({ fraction: 0.5 }).trades[0]!.size).toBe(5);
    const sizing = { kind: 'fixed-units', value: 3, sizeStep: 0, minSize: 0, minNotional: 0 } as const;
    expect(entered({}, { sizing }).trades[0]!.size).toBe(3);
  });

  test('step and minimum of the run hold for every size; what is too small is skipped and counted', () => {
    const sizing = { kind: 'equity-fraction', value: 1, sizeStep: 0.5, minSize: 1, minNotional: 0 } as const;
    expect(entered({ units: 2.7 }, { sizing }).trades[0]!.size).toBe(2.5);
    expect(entered({ units: 0.9 }, { sizing })).toMatchObject({ skippedOrders: 1, fills: [] });
    const part = run(
      [FLAT, FLAT],
      { 0: (c) => c.buy({ units: 2 }), 1: (c) => c.sell({ units: 0.4, reduceOnly: true }) },
      { sizing },
    );
    expect(part).toMatchObject({ skippedOrders: 1, trades: [{ size: 2, exitReason: 'open' }] });
  });

  test('an order that wants more than free cash is cut to it', () => {
    const found = run([FLAT, FLAT], {
      0: (c) => {
        c.buy({ units: 8, tag: 'a' });
        c.buy({ units: 8, tag: 'b' });
        c.buy({ units: 8, tag: 'c' });
      },
    });
    expect(found.trades.map(({ size }) => size)).toEqual([8, 2]);
    expect(found.skippedOrders).toBe(1);
  });

  test('a short holds back its proceeds and as much again', () => {
    run([FLAT, FLAT], {
      0: (c) => c.sell({ units: 6 }),
      1: (c) => {
        expect([c.freeCash, c.equity]).toEqual([400, 1000]);
        c.buy({ units: 9, tag: 'b' });
      },
    });
    const found = run([FLAT, FLAT, FLAT], {
      0: (c) => c.sell({ units: 6 }),
      1: (c) => c.buy({ units: 9, tag: 'b' }),
    });
    expect(found.trades.map(({ size }) => size)).toEqual([6, 4]);
  });

  test.each(PROFILES)('a share is one of equity with positions at the price of the fill: %s', (profile) => {
    const bars: Bar[] = [FLAT, FLAT, [100, 121, 99, 120], [140, 141, 139, 140]];
    const steps: Steps = { 0: (c) => c.buy({ units: 5, tag: 'a' }), 2: (c) => c.buy({ fraction: 0.25, tag: 'b' }) };
    const found = run(bars, steps, { profile });
    const price = profile === 'close' ? 120 : 140;
    const equity = 1000 + 5 * (price - 100);
    expect(found.trades[1]!.size).toBeCloseTo((equity * 0.25) / price, 10);
  });
});

describe('fills rule 23', () => {
  test('an order is good until cancelled, or for the bars it names', () => {
    const dip: Bar = [100, 101, 89, 100];
    const placed = (order: object) =>
      run([FLAT, FLAT, FLAT, dip], { 0: (c) => c.buy({ ...ONE, limit: 90, ...order }) });
    expect(placed({}).fills).toMatchObject([{ bar: 3 }]);
    expect(placed({ expireAfter: 3 }).fills).toMatchObject([{ bar: 3 }]);
    expect(placed({ expireAfter: 2 }).fills).toEqual([]);
  });

  test('cancel takes back one order, cancelAll those of a tag or all', () => {
    const dip: Bar = [100, 101, 89, 100];
    const seen: unknown[] = [];
    const found = run([FLAT, FLAT, dip], {
      0: (c) => {
        const first = c.buy({ ...ONE, limit: 90, tag: 'a' });
        c.buy({ ...ONE, limit: 90, tag: 'b' });
        c.buy({ ...ONE, limit: 90, tag: 'c' });
        seen.push(c.waitingOrders, c.isWaiting(first), c.cancel(first), c.cancel(first), c.isWaiting(first));
      },
      1: (c) => {
        c.cancelAll('b');
        seen.push(c.waitingOrders);
      },
    });
    expect(seen).toEqual([3, true, true, false, false, 1]);
    expect(found.trades).toMatchObject([{ tag: 'c' }]);
  });

  test('a market order can be taken back in the call that placed it', () => {
    expect(run([FLAT, FLAT], { 0: (c) => c.cancel(c.buy(ONE)) }).fills).toEqual([]);
    const buyAndCancel = (c: BarContext): void => {
      c.buy(ONE);
      c.cancelAll();
    };
    expect(run([FLAT, FLAT], { 0: buyAndCancel }).fills).toEqual([]);
  });

  test('the first of a group that fills cancels the others; two in one bar are ambiguous, the one placed first fills', () => {
    const straddle: Steps = {
      0: (c) => {
        c.buy({ ...ONE, stop: 110, tag: 'up', group: 'break' });
        c.sell({ ...ONE, stop: 90, tag: 'down', group: 'break' });
      },
    };
    const fell = run([FLAT, [100, 101, 85, 86], [86, 120, 85, 118]], straddle);
    expect(fell).toMatchObject({ ambiguousBars: 0, trades: [{ tag: 'down', entryPrice: 90 }] });
    const both = run([FLAT, [100, 115, 85, 100], FLAT], straddle);
    expect(both).toMatchObject({ ambiguousBars: 1, trades: [{ tag: 'up', entryPrice: 110 }] });
  });
});

describe('fills rule 23, orders alike', () => {
  test('of orders of one tag, side and kind the nearest opens the position, whatever was placed first', () => {
    const opened = (orders: readonly BarOrder[], bar: Bar, side: 'buy' | 'sell' = 'buy') =>
      run([FLAT, bar, FLAT], {
        0: (c) => {
          for (const order of orders) c[side]({ ...ONE, ...order });
        },
      });
    const down: Bar = [100, 101, 94, 97];
    expect(opened([{ limit: 95 }, { limit: 98 }], down).trades).toMatchObject([{ entryPrice: 98, size: 1 }]);
    expect(opened([{ stop: 105 }, { stop: 103 }], [100, 106, 99, 104]).trades).toMatchObject([{ entryPrice: 103 }]);
    expect(opened([{ limit: 105 }, { limit: 103 }], [100, 106, 99, 104], 'sell').trades).toMatchObject([
      { entryPrice: 103 },
    ]);
    // Stopped out of the first, the second opens where prices came to it.
    const again = opened([{ limit: 95 }, { limit: 98, stopLossPrice: 96 }], down);
    expect(again.trades).toMatchObject([{ entryPrice: 98, exitPrice: 96 }, { entryPrice: 95 }]);
  });
});

describe('fills rule 24', () => {
  test('exits of open positions come before orders that open: their cash is there', () => {
    const found = run([FLAT, [100, 112, 94, 100], FLAT], {
      0: (c) => {
        c.buy({ fraction: 1, tag: 'a', takeProfitPrice: 110 });
        c.buy({ fraction: 1, tag: 'b', limit: 95 });
      },
    });
    expect(found.trades).toMatchObject([
      { tag: 'a', exitPrice: 110, exitReason: 'take-profit' },
      { tag: 'b', entryPrice: 95 },
    ]);
    expect(found.skippedOrders).toBe(0);
  });

  test('under next-open a market order fills at the open before anything inside its bar', () => {
    const found = run(
      [FLAT, FLAT, [100, 101, 89, 95], FLAT],
      { 0: (c) => c.buy({ ...ONE, stopLoss: 0.1 }), 1: (c) => c.exit() },
      { profile: 'next-open' },
    );
    expect(found.trades).toMatchObject([{ exitBar: 2, exitPrice: 100, exitReason: 'signal' }]);
  });

  test('onBar sees what its bar did', () => {
    const seen: unknown[] = [];
    run([FLAT, [100, 101, 89, 95]], {
      0: (c) => c.buy({ ...ONE, stopLoss: 0.1 }),
      1: (c) => seen.push(c.position().side, c.position().lastExitBar, c.position().lastExitReason, c.equity),
    });
    expect(seen).toEqual([0, 1, 'stop-loss', 990]);
  });
});

describe('fills rule 29', () => {
  test('what is left at the end is marked, or closed with closeAtEnd, in the order it was opened; waiting orders lapse', () => {
    const steps: Steps = {
      0: (c) => {
        c.buy({ ...ONE, tag: 'a' });
        c.sell({ ...ONE, tag: 'b' });
        c.buy({ ...ONE, tag: 'c', limit: 50 });
      },
    };
    const open = run([FLAT, FLAT], steps);
    expect(open.trades).toMatchObject([
      { tag: 'a', exitReason: 'open' },
      { tag: 'b', exitReason: 'open' },
    ]);
    const closed = run([FLAT, FLAT], steps, { closeAtEnd: true });
    expect(closed.trades).toMatchObject([
      { tag: 'a', exitReason: 'end' },
      { tag: 'b', exitReason: 'end' },
    ]);
    expect(closed.fills).toHaveLength(4);
  });

  test.each(PROFILES)('equity at or below 0 closes everything and ends the run: %s', (profile) => {
    let calls = 0;
    const strategy = coded(
      () => undefined,
      (c) => {
        calls++;
        if (c.bar > 0) return;
        c.sell({ units: 8, tag: 'short' });
        c.buy({ units: 1, tag: 'long' });
      },
    );
    const bars: Bar[] = [FLAT, FLAT, [100, 260, 100, 250], FLAT, FLAT];
    const found = runStrategy(strategy, candlesOf(bars), { profile });
    expect(found).toMatchObject({ ruined: true, finalEquity: 0 });
    expect(found.trades).toMatchObject([{ exitReason: 'ruin', exitBar: 2 }, { exitReason: 'ruin' }]);
    expect(found.trades.reduce((sum, { pnl }) => sum + pnl, 0)).toBeCloseTo(-1000, 9);
    expect(calls).toBe(profile === 'close' ? 3 : 2);
    expect([...found.equity.subarray(2)]).toEqual([0, 0, 0]);
  });
});

describe('limits by name', () => {
  const repeat = (count: number, act: (n: number, c: BarContext) => unknown) => () =>
    run([FLAT, FLAT], {
      0: (c) => {
        for (let n = 0; n < count; n++) act(n, c);
      },
    });
  const { waitingOrdersMax, positionTagsMax, activeExecutorsMax } = LIMITS;
  const executor = { side: 'long', units: 1e-6, takeProfit: 0.5 } as const;

  test.each([
    ['orders that wait', waitingOrdersMax, (_: number, c: BarContext) => c.buy({ limit: 1 }), /orders wait/],
    // The tag "main" is there from the start.
    ['tags', positionTagsMax - 1, (n: number, c: BarContext) => c.position(`tag ${n}`), /tags/],
    ['executors', activeExecutorsMax, (_: number, c: BarContext) => c.executors.position(executor), /executors/],
  ] as const)('%s: as many as the limit, and not one more', (_, most, act, words) => {
    expect(repeat(most, act)).not.toThrow();
    expect(repeat(most + 1, act)).toThrow(words);
  });
});
