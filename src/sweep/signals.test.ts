// From strategies to event flags: conditions, targets, functions, timeframes, sharing.
import { describe, expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import { crossAbove as crossAboveColumns } from '../indicators/crossing.ts';
import { INDICATORS } from '../indicators/registry.ts';
import { alignHigherTimeframe, resampleCandles } from '../market/resample.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from '../simulate/simulation.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import {
  add,
  and,
  close,
  crossAbove,
  customColumn,
  divide,
  gt,
  lag,
  not,
  on,
  open,
  or,
} from '../strategy/expression.ts';
import { ema, sma } from '../strategy/indicator-expressions.ts';
import { choice, range } from '../strategy/parameters.ts';
import { defineStrategy, type Strategy } from '../strategy/strategy.ts';
import { createGrid } from './grid.ts';
import { createSignalSource, targetToEvents } from './signals.ts';
import { createWindow } from './window.ts';

const candles = testCandles(3000);
const everything = { arithmetic: 'standard', cacheBytes: 1e9 } as const;

function flagsOf(strategy: Strategy, parameters: Record<string, number>, fromMs?: number): Uint8Array {
  const window = createWindow(candles, fromMs === undefined ? {} : { fromMs });
  return createSignalSource({ strategy, window, ...everything })
    .signals(parameters)
    .slice();
}

describe('expression strategies', () => {
  test('give the flags that the indicators give by hand', () => {
    const flags = flagsOf(BUILT_IN_STRATEGIES['sma-cross']!, { fast: 5, slow: 20 });
    const column = (length: number) => INDICATORS.sma.compute([candles.close], [length], 'standard')[0]!;
    const up = crossAboveColumns(column(5), column(20));
    const down = crossAboveColumns(column(20), column(5));
    expect(up.reduce((a, b) => a + b)).toBeGreaterThan(50);
    for (let i = 0; i < flags.length; i++) {
      const wanted = up[i] ? ENTER_LONG | EXIT_SHORT : down[i] ? EXIT_LONG | ENTER_SHORT : 0;
      if (flags[i] !== wanted) expect.fail(`bar ${i}: found ${flags[i]}, expected ${wanted}`);
    }
  });

  test('a window is a view: its flags equal those of the same bars in the whole', () => {
    const strategy = BUILT_IN_STRATEGIES['trend-filter']!;
    const parameters = { fast: 5, slow: 20, trend: 5 };
    const whole = flagsOf(strategy, parameters);
    expect(flagsOf(strategy, parameters, candles.time[1234])).toEqual(whole.slice(1234));
  });

  test('arithmetic, lag, and, or and not mean what they say, and missing values are false on both sides', () => {
    const rising = gt(divide(add(close, open), 2), lag(close, 3));
    const strategy = defineStrategy({
      name: 'algebra',
      parameters: { limit: choice(0) },
      signals: () => ({
        enterLong: and(rising, or(gt(close, open), gt(open, close))),
        exitLong: not(rising),
      }),
    });
    const flags = flagsOf(strategy, { limit: 0 });
    expect(flags.subarray(0, 3)).toEqual(new Uint8Array(3));
    for (let i = 3; i < flags.length; i++) {
      const up = (candles.close[i]! + candles.open[i]!) / 2 > candles.close[i - 3]!;
      const moved = candles.close[i] !== candles.open[i];
      const wanted = (up && moved ? ENTER_LONG : 0) | (up ? 0 : EXIT_LONG);
      if (flags[i] !== wanted) expect.fail(`bar ${i}: found ${flags[i]}, expected ${wanted}`);
    }
  });

  test('a negated crossing is true where both sides have values and no crossing happened', () => {
    const crossed = crossAbove(close, sma(close, 10));
    const strategy = (condition: typeof crossed) =>
      defineStrategy({ name: 'x', parameters: {}, signals: () => ({ enterLong: condition }) });
    const yes = flagsOf(strategy(crossed), {});
    const no = flagsOf(strategy(not(crossed)), {});
    for (let i = 0; i < yes.length; i++) expect(yes[i]! + no[i]!, `bar ${i}`).toBe(i < 9 ? 0 : 1);
  });

  test('a higher timeframe is readable only when its candle has closed', () => {
    const strategy = defineStrategy({
      name: 'hourly',
      parameters: {},
      signals: () => ({ long: gt(on('1h').close, ema(on('1h').close, 3)) }),
    });
    const hourly = resampleCandles(candles, parseTimeframe('1h'));
    const average = INDICATORS.ema.compute([hourly.close], [3], 'standard')[0]!;
    const closedAt = alignHigherTimeframe(candles, hourly);
    let held = 0;
    const flags = flagsOf(strategy, {});
    for (let i = 0; i < flags.length; i++) {
      const h = closedAt[i]!;
      if (h >= 0) expect(hourly.time[h]! + 3_600_000, `bar ${i}`).toBeLessThanOrEqual(candles.time[i]! + 60_000);
      const now = h >= 0 && hourly.close[h]! > average[h]! ? 1 : 0;
      expect(flags[i], `bar ${i}`).toBe(now === held ? 0 : now ? ENTER_LONG : EXIT_LONG);
      held = now;
    }
  });

  test('a custom column that throws or returns the wrong shape is named', () => {
    const strategy = (compute: () => Float64Array) =>
      defineStrategy({
        name: 'x',
        parameters: {},
        signals: () => ({ long: gt(customColumn('mine', [close], [], compute), 0) }),
      });
    expect(() =>
      flagsOf(
        strategy(() => new Float64Array(1)),
        {},
      ),
    ).toThrow(/"mine" returned Float64Array\(1\) for 3000/);
    const failing = () => {
      throw new Error('oops');
    };
    expect(() => flagsOf(strategy(failing), {})).toThrow(/column "mine" threw: Error: oops/);
  });

  test('a lag into the future is refused', () => {
    const strategy = defineStrategy({
      name: 'x',
      parameters: { bars: choice(-1) },
      signals: (p) => ({ long: gt(lag(close, p.bars), close) }),
    });
    expect(() => flagsOf(strategy, { bars: -1 })).toThrow(/look into the future/);
  });
});

describe('function strategies', () => {
  const strategy = (compute: Strategy['compute']) =>
    defineStrategy({ name: 'mine', parameters: { n: range(1, 3) }, compute: compute! });

  test('read columns, parameters and closed higher candles', () => {
    const flags = flagsOf(
      strategy((c, p) => {
        const hourly = c.higher('1h').close;
        return Int8Array.from(c.close, (value, i) => (value > hourly[i]! ? p['n']! - 1 : 0));
      }),
      { n: 2 },
    );
    const same = defineStrategy({ name: 's', parameters: {}, signals: () => ({ long: gt(close, on('1h').close) }) });
    expect(flags).toEqual(flagsOf(same, {}));
  });

  test.each([
    ['the wrong type', () => [1] as never, /Array for 3000 bars/],
    ['the wrong length', () => new Int8Array(5), /length 5 for 3000 bars/],
    ['other values', (c: { barCount: number }) => new Int8Array(c.barCount).fill(3), /3 at bar 0/],
    [
      'an exception',
      () => {
        throw new TypeError('boom');
      },
      /threw for .*boom/,
    ],
  ])('that return %s are refused', (_, compute, message) => {
    expect(() => flagsOf(strategy(compute as never), { n: 1 })).toThrow(message);
  });
});

test('a target change is the matching events', () => {
  const flags = new Uint8Array(7);
  targetToEvents(Int8Array.from([1, 1, -1, -1, 0, -1, 1]), flags);
  expect([...flags]).toEqual([
    ENTER_LONG,
    0,
    EXIT_LONG | ENTER_SHORT,
    0,
    EXIT_SHORT,
    ENTER_SHORT,
    EXIT_SHORT | ENTER_LONG,
  ]);
});

describe('parameters of a function', () => {
  const flagsWith = (compute: (parameters: Readonly<Record<string, number>>) => unknown) => {
    const strategy = defineStrategy({
      name: 'own',
      parameters: { length: choice(3) },
      compute: ({ barCount }, p) => Int8Array.from({ length: barCount }, () => (compute(p) === undefined ? 0 : 1)),
    });
    return flagsOf(strategy, { length: 3 });
  };

  test('refuse a name that is not declared', () => {
    expect(() => flagsWith((p) => p['lenght'])).toThrow(
      expect.objectContaining({
        code: 'STRATEGY_INVALID',
        found: 'the parameter "lenght" in compute of own.',
        todo: 'Declared are length.',
      }),
    );
    expect(() => flagsWith(({ width = 2 }) => width)).toThrow(/"width"/);
  });

  test('can be read, spread, listed and printed as any object, and not changed', () => {
    expect(flagsWith((p) => JSON.stringify(p) === '{"length":3}' || undefined)[0]).toBe(ENTER_LONG);
    expect(flagsWith((p) => Object.keys({ ...p }).join() === 'length' || undefined)[0]).toBe(ENTER_LONG);
    expect(flagsWith((p) => String(p) === '[object Object]' || undefined)[0]).toBe(ENTER_LONG);
    expect(() => flagsWith((p) => Object.assign(p, { length: 4 }))).toThrow(/read only/);
  });
});

describe('sharing', () => {
  const strategy = BUILT_IN_STRATEGIES['sma-cross']!;
  const grid = createGrid({
    strategy,
    arithmetic: 'standard',
    parameters: { fast: range(2, 6), slow: range(10, 15) },
  });
  const visitAll = (cacheBytes: number) => {
    const source = createSignalSource({
      strategy,
      window: createWindow(candles),
      arithmetic: 'standard',
      grid,
      cacheBytes,
    });
    const all: Uint8Array[] = [];
    for (let fast = 2; fast <= 6; fast++) {
      for (let slow = 10; slow <= 15; slow++) all.push(source.signals({ fast, slow }).slice());
    }
    return { all, stats: source.stats };
  };

  test('each distinct column is computed once per sweep, not once per variant', () => {
    expect(visitAll(1e9).stats.columnsComputed).toBe(5 + 6);
  });

  test('a tight cache makes it slower, never different', () => {
    const tight = visitAll(1);
    expect(tight.stats.columnsComputed).toBeGreaterThan(11);
    expect(tight.all).toEqual(visitAll(1e9).all);
  });

  test('sibling outputs come from one computation', () => {
    const bands = BUILT_IN_STRATEGIES['bollinger']!;
    const source = createSignalSource({ strategy: bands, window: createWindow(candles), ...everything });
    source.signals({ length: 20, width: 2 });
    expect(source.stats.columnsComputed).toBe(1);
  });
});
