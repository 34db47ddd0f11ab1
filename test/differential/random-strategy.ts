// Random strategies: expressions over every kind of condition, as events, targets or a function, with a small grid.
import type { Prng } from '../../src/core/prng.ts';
import {
  add,
  and,
  type Column,
  type Condition,
  candles,
  close,
  crossAbove,
  crossBelow,
  gt,
  gte,
  high,
  lag,
  low,
  lt,
  lte,
  multiply,
  not,
  on,
  or,
} from '../../src/strategy/expression.ts';
import { atr, bollinger, donchian, ema, rsi, sma, stdev } from '../../src/strategy/indicator-expressions.ts';
import { choice, type ParameterRef } from '../../src/strategy/parameters.ts';
import { defineStrategy, type Strategy } from '../../src/strategy/strategy.ts';

const pick = <Item>(prng: Prng, items: readonly Item[]): Item => items[prng.nextBelow(items.length)]!;

interface Lengths {
  readonly short: ParameterRef;
  readonly long: ParameterRef;
}

/** Two columns that are worth comparing: both prices, or an oscillator and a level. */
function randomPair(prng: Prng, p: Lengths): [Column, Column | number | ParameterRef] {
  switch (prng.nextBelow(9)) {
    case 0:
      return [sma(close, p.short), sma(close, p.long)];
    case 1:
      return [ema(close, p.short), sma(close, p.long)];
    case 2:
      return [rsi(close, p.short), pick(prng, [30, 50, 70])];
    case 3:
      return [close, bollinger(close, p.long, 1).upper];
    case 4:
      return [close, lag(close, p.short)];
    case 5:
      return [high, donchian(candles, p.short).upper];
    case 6:
      return [close, add(sma(close, p.long), multiply(0.5, atr(candles, p.short)))];
    case 7:
      return [on('5m').close, sma(on('5m').close, 3)];
    default:
      return [low, add(ema(close, p.long), multiply(-1, stdev(close, p.long)))];
  }
}

function randomCondition(prng: Prng, p: Lengths, depth: number): Condition {
  const branch = depth === 0 ? prng.nextBelow(6) : prng.nextBelow(9);
  if (branch < 6) {
    const [left, right] = randomPair(prng, p);
    return pick(prng, [gt, gte, lt, lte, crossAbove, crossBelow])(left, right);
  }
  if (branch === 6) return not(randomCondition(prng, p, depth - 1));
  const parts = [randomCondition(prng, p, depth - 1), randomCondition(prng, p, depth - 1)];
  return branch === 7 ? and(...parts) : or(...parts);
}

const parameters = { short: choice(2, 3, 7), long: choice(10, 25) };

export function randomStrategy(prng: Prng): Strategy {
  const name = 'random';
  const kind = prng.nextBelow(4);
  if (kind === 0) {
    return defineStrategy({
      name,
      parameters,
      compute: ({ close: price, barCount }, { short, long }) => {
        const out = new Int8Array(barCount);
        for (let i = long; i < barCount; i++) out[i] = Math.sign(price[i]! - price[i - short]!) * ((i % long) % 2);
        return out;
      },
    });
  }
  return defineStrategy({
    name,
    parameters,
    signals: (p) => {
      const some = (depth: number): Condition => randomCondition(prng, p, depth);
      if (kind === 1) return { long: some(1), short: some(1) };
      const all = { enterLong: some(2), exitLong: some(1), enterShort: some(2), exitShort: some(1) };
      return kind === 2 ? all : { enterLong: all.enterLong, exitLong: all.exitLong };
    },
  });
}
