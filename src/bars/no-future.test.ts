// Can a bar strategy be made to see the future? Every way of trying, and that cutting the future off changes nothing.
import { describe, expect, test } from 'vitest';
import { type Bar, candlesOf, coded, runStrategy } from '../../test/bar-harness.ts';
import { testCandles } from '../../test/synthetic-request.ts';
import { isAppError } from '../core/errors.ts';
import { createPrng } from '../core/prng.ts';
import { sliceCandles } from '../market/candles.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { BarContext, BarInit, CandleSeries, Series } from '../strategy/bar-context.ts';
import { candles as base, close, crossAbove, customColumn, gt, high, lag, on } from '../strategy/expression.ts';
import { atr, ema, highest, rsi, sma } from '../strategy/indicator-expressions.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { auditStrategy } from '../sweep/audit.ts';
import { createVariantRunner } from '../sweep/variant-runner.ts';
import { createWindow } from '../sweep/window.ts';

const RISING = candlesOf(Array.from({ length: 30 }, (_, i): Bar => [i + 1, i + 2, i + 0.5, i + 1.5]));

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(isAppError(error, 'STRATEGY_FAILED')).toBe(true);
    return (error as Error).message;
  }
  return expect.fail('nothing was thrown');
}

describe('a reader', () => {
  const reading = (read: (series: Series) => unknown): Strategy =>
    coded(
      ({ column }) => column(sma(close, 2)),
      (_, series) => {
        read(series);
      },
    );

  test.each([-1, -0.5, 0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, '1'])(
    'refuses the offset %s',
    (offset) => {
      const message = failure(() =>
        runStrategy(
          reading((series) => series.at(offset as number)),
          RISING,
        ),
      );
      expect(message).toContain('or before it');
      expect(message).toContain('bar 0 (2025-01-01T00:00:00.000Z)');
    },
  );

  test('gives NaN before the first bar, and the bars in between', () => {
    const seen: number[][] = [];
    const strategy = coded(
      ({ candles }) => candles.close,
      (_, series) => {
        seen.push([series.at(), series.at(0), series.at(1), series.at(29)]);
      },
    );
    runStrategy(strategy, RISING);
    expect(seen[0]).toEqual([1.5, 1.5, Number.NaN, Number.NaN]);
    expect(seen[29]).toEqual([30.5, 30.5, 29.5, 1.5]);
  });

  test('gives nothing in init', () => {
    const inits: ((context: BarInit) => unknown)[] = [
      ({ candles }) => candles.close.at(),
      ({ column }) => column(sma(close, 2)).at(3),
      ({ condition }) => condition(gt(close, 1)).at(),
      ({ higher }) => higher('5m').close.at(),
    ];
    for (const init of inits) {
      expect(
        failure(() =>
          runStrategy(
            coded(init, () => undefined),
            RISING,
          ),
        ),
      ).toContain('init of coded');
    }
  });

  test('holds no array that could be reached', () => {
    const found: string[] = [];
    const seen = new Set<unknown>();
    const look = (value: unknown, path: string): void => {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
      seen.add(value);
      if (ArrayBuffer.isView(value) || Array.isArray(value)) found.push(path);
      for (const key of Reflect.ownKeys(value)) {
        if (key === 'constructor' || key === 'caller' || key === 'arguments' || key === 'callee') continue;
        const { get, value: held } = Object.getOwnPropertyDescriptor(value, key)!;
        look(get === undefined ? held : get.call(value), `${path}.${String(key)}`);
      }
      const prototype = Object.getPrototypeOf(value) as object | null;
      if (prototype === null || prototype === Object.prototype || prototype === Function.prototype) return;
      for (const key of Reflect.ownKeys(prototype)) {
        const { get } = Object.getOwnPropertyDescriptor(prototype, key)!;
        if (get !== undefined) look(get.call(value), `${path}.${String(key)}`);
      }
    };
    const strategy = coded(
      (init) => {
        look(init, 'init');
        return { series: init.column(ema(close, 3)), higher: init.higher('5m'), flag: init.condition(gt(close, 3)) };
      },
      (context, state) => {
        look(context, 'context');
        look(state, 'state');
        look(context.position(), 'position');
      },
    );
    runStrategy(strategy, RISING);
    expect(found).toEqual([]);
    expect(seen.size).toBeGreaterThan(20);
  });

  test('kept beyond its run is worth nothing: it reads the run that goes on, or throws', () => {
    let kept: CandleSeries | undefined;
    const seen: number[] = [];
    const strategy = coded(
      ({ candles }) => candles,
      (context, candles) => {
        if (kept !== undefined && context.bar === 2) seen.push(kept.close.at());
        kept ??= candles;
      },
    );
    const profile = profileNamed('close');
    const execution = { ...profile.defaults, profile, calendar: 'continuous' } as const;
    const runner = createVariantRunner({ strategy, execution, window: createWindow(RISING), cacheBytes: 2 ** 20 });
    runner.select({});
    runner.run({});
    expect(() => kept!.close.at()).toThrow(/no current bar/);
    runner.run({});
    expect(seen).toEqual([3.5, 3.5]);
    // Another runner, over the same candles: the reader of the first still knows no bar.
    expect(failure(() => runStrategy(strategy, RISING))).toContain('no current bar');
  });

  test('nothing tells how many bars are to come', () => {
    const texts: string[] = [];
    const strategy = coded(
      () => undefined,
      (context) => {
        if (context.bar !== 3) return;
        const all = context as unknown as Record<string, unknown>;
        for (const name of ['barCount', 'bars', 'length', 'lastBar', 'toMs']) texts.push(String(all[name]));
      },
    );
    runStrategy(strategy, RISING);
    expect(new Set(texts)).toEqual(new Set(['undefined']));
  });
});

describe('a longer timeframe', () => {
  test('shows a candle from the bar on at whose close it has closed, the forming one never', () => {
    const seen: number[][] = [];
    const strategy = coded(
      ({ higher, column }) => ({ five: higher('5m'), average: column(sma(on('5m').close, 2)) }),
      (_, { five, average }) => {
        seen.push([five.close.at(), five.close.at(1), five.high.at(), average.at()]);
      },
    );
    runStrategy(strategy, RISING);
    const nothing = Number.NaN;
    expect(seen.slice(0, 11)).toEqual([
      ...Array.from({ length: 4 }, () => [nothing, nothing, nothing, nothing]),
      ...Array.from({ length: 5 }, () => [5.5, nothing, 6, nothing]),
      [10.5, 5.5, 11, 8],
      [10.5, 5.5, 11, 8],
    ]);
  });

  test('dates its candles by their open', () => {
    const seen: number[] = [];
    const strategy = coded(
      ({ higher }) => higher('5m'),
      ({ timeMs }, five) => {
        seen.push(timeMs - five.time.at());
      },
    );
    runStrategy(strategy, RISING);
    const minute = 60_000;
    expect(seen.slice(4, 10)).toEqual([4, 5, 6, 7, 8, 4].map((n) => (n === 4 ? 4 * minute : n * minute)));
  });

  test('refuses the same offsets', () => {
    const strategy = coded(
      ({ higher }) => higher('5m').close,
      (_, series) => {
        series.at(-1);
      },
    );
    expect(failure(() => runStrategy(strategy, RISING))).toContain('at(-1)');
  });
});

/** Trades on everything there is, by a will of its own. */
function busy(): Strategy {
  return coded(
    ({ column, condition, higher, position }) => ({
      average: column(sma(close, 7)),
      range: column(atr(base, 5)),
      strength: column(rsi(on('5m').close, 5)),
      top: column(lag(highest(high, 10), 1)),
      crossed: condition(crossAbove(close, ema(close, 5))),
      hourly: higher('15m'),
      position: position(),
    }),
    (context, state) => {
      const distance = state.range.at();
      const draw = context.random();
      if (!(distance > 0)) return;
      if (draw < 0.1 && state.crossed.at()) context.buy({ fraction: 0.3, stopLossPrice: context.close - 3 * distance });
      else if (draw < 0.2 && state.strength.at() > 60) context.sell({ fraction: 0.2, tag: 'b', trailingStop: 0.01 });
      else if (draw < 0.3) context.buy({ units: 0.5, limit: context.low, tag: 'c', expireAfter: 5, takeProfit: 0.01 });
      else if (draw < 0.4 && state.top.at() > 0)
        context.buy({ units: 0.5, stop: state.top.at(), tag: 'd', stopLoss: 0.01 });
      else if (draw < 0.5) context.exit('d');
      else if (draw < 0.52 && context.close > state.hourly.open.at()) {
        context.executors.position({ side: 'long', units: 0.4, stopLoss: 0.01, takeProfit: 0.01, timeLimit: 30 });
      } else if (draw < 0.53) {
        const price = context.close;
        context.executors.grid({
          side: 'short',
          from: price * 0.98,
          to: price * 1.02,
          notional: 60,
          minSpread: 0.004,
          takeProfit: 0.004,
          timeLimit: 40,
        });
      }
    },
  );
}

describe('cutting the future off', () => {
  const market = testCandles(1_200, 11);
  const scaled = { ...market };
  const settings = {
    profile: 'close',
    initialCash: 100_000,
    costs: { feeRate: 0.0005, fixedFee: 0, slippage: 0 },
  } as const;

  test.each(['close', 'next-open'] as const)('changes no order, no fill and no equity before: %s', (profile) => {
    const strategy = profile === 'close' ? busy() : withoutExecutors();
    const whole = runStrategy(strategy, scaled, { ...settings, profile });
    expect(whole.trades.length).toBeGreaterThan(50);
    const prng = createPrng(5);
    for (let n = 0; n < 12; n++) {
      const cut = 50 + prng.nextBelow(1_100);
      const part = runStrategy(strategy, sliceCandles(scaled, 0, cut), { ...settings, profile });
      expect(
        part.equity.findIndex((value, bar) => value !== whole.equity[bar]),
        `cut ${cut}`,
      ).toBe(-1);
      const before = whole.trades.filter(({ exitBar, exitReason }) => exitBar < cut && exitReason !== 'open');
      expect(part.trades.filter(({ exitReason }) => exitReason !== 'open')).toEqual(before);
    }
  });

  test('gridmill check finds nothing in it', () => {
    const history = sliceCandles(market, 0, 600);
    const report = auditStrategy({
      strategy: busy(),
      arithmetic: 'standard',
      history,
      variants: [{}],
      seed: 1,
      cuts: 8,
    });
    expect(report).toMatchObject({ lookAhead: [], withoutSignal: 0, variants: 1 });
    expect(report.valuesCompared).toBeGreaterThan(10_000);
  });
});

/** The same without executors, which the profile next-open does not have. */
function withoutExecutors(): Strategy {
  const { program, ...rest } = busy();
  if (program?.kind !== 'bars') throw new Error('a bar strategy');
  const nothing = { position: () => -1, grid: () => -1, dca: () => -1, stop: () => false, active: 0 };
  const onBar = (context: BarContext, state: unknown): unknown =>
    program.onBar(
      new Proxy(context, {
        get: (target, name) => (name === 'executors' ? nothing : Reflect.get(target, name, target)),
      }),
      state,
    );
  return { ...rest, program: { ...program, onBar } };
}

describe('gridmill check', () => {
  const history = testCandles(800, 3);
  const audit = (strategy: Strategy) =>
    auditStrategy({ strategy, arithmetic: 'standard', history, variants: [{}], seed: 2, cuts: 8 }).lookAhead;
  const peeking = customColumn('tomorrow', [close], [], ([values]) => {
    const out = new Float64Array(values!.length);
    for (let i = 0; i < out.length; i++) out[i] = values![i + 1] ?? Number.NaN;
    return out;
  });

  test('names a custom column that peeks', () => {
    const strategy = coded(
      ({ column }) => column(peeking),
      (context, next) => (next.at() > context.close ? void context.buy() : context.exit()),
    );
    expect(audit(strategy)[0]).toMatchObject({ where: 'tomorrow(close)' });
  });

  test('names the orders when code keeps the array that a column was computed from', () => {
    let kept: Float64Array | undefined;
    const harmless = customColumn('harmless', [close], [], ([values]) => {
      kept = values!;
      return new Float64Array(values!.length);
    });
    const strategy = coded(
      ({ column }) => column(harmless),
      (context) => ((kept![context.bar + 1] ?? 0) > context.close ? void context.buy() : context.exit()),
    );
    const [finding] = audit(strategy);
    expect(finding).toMatchObject({ where: 'orders of coded' });
    expect([finding!.withFuture, finding!.withoutFuture].join()).toMatch(/buy|sell/);
  });
});
