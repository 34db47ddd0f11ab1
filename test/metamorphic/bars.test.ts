// Relations every run of a bar strategy must obey: scale, time, bars after the end, books that add up at every close.
import { describe, expect, test } from 'vitest';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { type Candles, createCandles, sliceCandles } from '../../src/market/candles.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import type { BarContext, BarOrder } from '../../src/strategy/bar-context.ts';
import { candles as base, close } from '../../src/strategy/expression.ts';
import { atr, sma } from '../../src/strategy/indicator-expressions.ts';
import type { Strategy } from '../../src/strategy/strategy.ts';
import { coded, runStrategy, type Settings } from '../bar-harness.ts';
import { mapPrices, randomCandles } from './scenario.ts';

const CASES = Number(process.env['GRIDMILL_BARS_CASES'] ?? 40);
const FIRST_SEED = Number(process.env['GRIDMILL_SEED'] ?? 77_000);
const TAGS = ['a', 'b', 'c'];

/** Orders of every kind at random, all of them relative to the price, so that a scaled market gets scaled orders. */
function randomOrders(seed: number, withExecutors: boolean): Strategy {
  return coded(
    ({ column }) => ({ prng: createPrng(seed), average: column(sma(close, 9)), range: column(atr(base, 7)) }),
    (context, { prng, average, range }) => {
      const distance = range.at();
      // As many draws on every bar, so that streams stay in step whatever happens.
      const [kind, side, tag, size, draw] = [prng.next(), prng.next(), prng.next(), prng.next(), prng.next()];
      if (!(distance > 0) || !(average.at() > 0)) return;
      const order = { tag: TAGS[Math.floor(tag * 3)]!, fraction: 0.05 + 0.4 * size };
      const place = (more: BarOrder): number => context[side < 0.5 ? 'buy' : 'sell']({ ...order, ...more });
      act(context, kind, place, distance * (0.5 + draw), order.tag, side < 0.5);
      if (withExecutors && kind > 0.97) {
        const units = (context.equity * 0.1) / context.close;
        context.executors.position({ side: side < 0.5 ? 'long' : 'short', units, stopLoss: 0.02, takeProfit: 0.02 });
      }
    },
  );
}

function act(
  context: BarContext,
  kind: number,
  place: (more: BarOrder) => number,
  distance: number,
  tag: string,
  isBuy: boolean,
): void {
  const { close: price } = context;
  const sign = isBuy ? 1 : -1;
  if (kind < 0.05) place({ stopLoss: 0.02, takeProfit: 0.03, trailingStop: 0.015 });
  else if (kind < 0.1) place({ limit: price - sign * distance, timeLimit: 8, expireAfter: 6 });
  else if (kind < 0.15)
    place({ stop: price + sign * distance, stopLossPrice: price - sign * distance, expireAfter: 9 });
  else if (kind < 0.18) place({ stop: price + sign * distance, limit: price + 1.2 * sign * distance, group: 'g' });
  else if (kind < 0.21) place({ limit: price - sign * distance, group: 'g', expireAfter: 20 });
  else if (kind < 0.25) context.exit(tag);
  else if (kind < 0.28) context.protect({ stopLossPrice: price * 0.97 }, tag);
  else if (kind < 0.3) context.cancelAll(tag);
  else if (kind < 0.33 && context.position(tag).size > 0) {
    const { side, size } = context.position(tag);
    context[side === 1 ? 'sell' : 'buy']({ tag, units: size / 2, reduceOnly: true, stop: price - side * distance });
  }
}

interface Scene {
  readonly candles: Candles;
  readonly settings: Settings;
  readonly strategy: Strategy;
}

function scene(seed: number, profile: 'close' | 'next-open', withExecutors = profile === 'close'): Scene {
  const prng: Prng = createPrng(seed);
  const fees = prng.next() < 0.3 ? 0 : 0.003 * prng.next();
  return {
    candles: randomCandles(prng, 150 + prng.nextBelow(100), 0.004 + 0.02 * prng.next()),
    settings: {
      profile,
      costs: { feeRate: fees, fixedFee: 0, slippage: 0.002 * prng.next() },
      barriers: prng.next() < 0.5 ? {} : { stopLoss: 0.05, timeLimit: 30 },
      closeAtEnd: prng.next() < 0.5,
    },
    strategy: randomOrders(seed, withExecutors),
  };
}

const play = ({ strategy, candles, settings }: Scene): Simulation => runStrategy(strategy, candles, settings);

function eachCase(profile: 'close' | 'next-open', check: (one: Scene, note: string) => void): void {
  for (let n = 0; n < CASES; n++) {
    const seed = FIRST_SEED + n;
    check(scene(seed, profile), `replay: GRIDMILL_SEED=${seed} GRIDMILL_BARS_CASES=1`);
  }
}

const tally = { trades: 0, skipped: 0, ambiguous: 0 };

describe.each(['close', 'next-open'] as const)('%s', (profile) => {
  test('profits add up to the change of equity, and fees to those of the fills', () => {
    eachCase(profile, (one, note) => {
      const found = play(one);
      const pnl = found.trades.reduce((sum, trade) => sum + trade.pnl, 0);
      expect(found.finalEquity - 1000, note).toBeCloseTo(pnl, 6);
      tally.trades += found.trades.length;
      tally.skipped += found.skippedOrders;
      tally.ambiguous += found.ambiguousBars;
    });
    expect(tally.trades / CASES).toBeGreaterThan(5);
    expect(Math.min(tally.skipped, tally.ambiguous)).toBeGreaterThan(0);
  });

  test('equity is cash and positions at every close, rebuilt from the fills alone', () => {
    for (let n = 0; n < CASES; n++) {
      const one = scene(FIRST_SEED + n, profile, false);
      const { fills, equity, ruined } = play(one);
      let cash = 1000;
      let units = 0;
      let next = 0;
      for (let bar = 0; bar < one.candles.barCount && !ruined; bar++) {
        for (; next < fills.length && fills[next]!.bar <= bar; next++) {
          const { side, size, price, fee } = fills[next]!;
          cash += (side === 'buy' ? -1 : 1) * size * price - fee;
          units += (side === 'buy' ? 1 : -1) * size;
        }
        const worth = cash + units * one.candles.close[bar]!;
        if (!(Math.abs(equity[bar]! - worth) < 1e-6)) expect.fail(`bar ${bar}, seed ${FIRST_SEED + n}`);
      }
    }
  });

  test('fills lie inside their bar, but for slippage', () => {
    eachCase(profile, (one, note) => {
      for (const { bar, price } of play({ ...one, strategy: randomOrders(FIRST_SEED, false) }).fills) {
        const slack = 1 + one.settings.costs!.slippage + 1e-12;
        const isInside = price >= one.candles.low[bar]! / slack - 1e-9 && price <= one.candles.high[bar]! * slack;
        if (!isInside) expect.fail(`${price} at bar ${bar}; ${note}`);
      }
    });
  });

  test('prices and cash times four are the same trades and four times the equity', () => {
    eachCase(profile, (one, note) => {
      const found = play(one);
      const candles = mapPrices(one.candles, (price) => price * 4);
      const scaled = play({ ...one, candles, settings: { ...one.settings, initialCash: 4000 } });
      expect(scaled.finalEquity, note).toBeCloseTo(found.finalEquity * 4, 6);
      const places = ({ trades }: Simulation): string =>
        JSON.stringify(trades.map(({ entryBar, exitBar, exitReason }) => [entryBar, exitBar, exitReason]));
      expect(places(scaled), note).toBe(places(found));
    });
  });

  test('another date changes nothing', () => {
    eachCase(profile, (one, note) => {
      const { timeframe, time, open, high, low, volume } = one.candles;
      const shifted = time.map((ms) => ms + 86_400_000);
      const candles = createCandles(timeframe, { time: shifted, open, high, low, close: one.candles.close, volume });
      expect(JSON.stringify(play({ ...one, candles }).trades), note).toBe(JSON.stringify(play(one).trades));
    });
  });

  test('bars after the end change nothing before it', () => {
    eachCase(profile, (one, note) => {
      const settings = { ...one.settings, closeAtEnd: false };
      const cut = Math.floor(one.candles.barCount * 0.7);
      const whole = play({ ...one, settings });
      const part = play({ ...one, settings, candles: sliceCandles(one.candles, 0, cut) });
      expect(
        part.equity.findIndex((value, bar) => value !== whole.equity[bar]),
        note,
      ).toBe(-1);
    });
  });
});
