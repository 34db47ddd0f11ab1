// Every indicator against its textbook formula, written the slow way, on a seeded random walk.
import { expect, test } from 'vitest';
import { walk } from './indicator.contract.ts';
import type { Arithmetic, IndicatorName } from './registry.ts';
import { INDICATORS } from './registry.ts';

const BARS = 90;
const SEED = 1987;
const TOLERANCE = 1e-12;
const { high, low, close, volume } = walk(BARS, SEED);

type Values = readonly number[];
type Formula = () => readonly Values[];

/** Values by bar: NaN before bar `from`. */
const from = (first: number, value: (i: number) => number): number[] =>
  Array.from({ length: BARS }, (_, i) => (i < first ? Number.NaN : value(i)));
const windowOf = (values: ArrayLike<number>, length: number, i: number): number[] =>
  Array.from(values).slice(i - length + 1, i + 1);
const total = (values: Values): number => values.reduce((sum, value) => sum + value, 0);
const mean = (values: Values): number => total(values) / values.length;
const deviation = (values: Values): number => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
const minus = (a: Values, b: Values): number[] => a.map((value, i) => value - b[i]);
const firstValue = (values: Values): number => values.findIndex((value) => !Number.isNaN(value));

const simple = (values: ArrayLike<number>, length: number, start = 0): number[] =>
  from(start + length - 1, (i) => mean(windowOf(values, length, i)));

/** Exponential average as the explicit weighted sum: a seed at bar `seedAt`, then weight × (1 − weight)^age. */
const weighted = (values: ArrayLike<number>, seedAt: number, seed: number, weight: number): number[] =>
  from(seedAt, (i) => {
    let sum = seed * (1 - weight) ** (i - seedAt);
    for (let j = seedAt + 1; j <= i; j++) sum += values[j] * weight * (1 - weight) ** (i - j);
    return sum;
  });
const seeded = (values: Values, length: number, weight: number): number[] => {
  const seedAt = firstValue(values) + length - 1;
  return weighted(values, seedAt, mean(windowOf(values, length, seedAt)), weight);
};
const exponential = (values: Values, length: number): number[] => seeded(values, length, 2 / (length + 1));
const wilder = (values: Values, length: number): number[] => seeded(values, length, 1 / length);
/** Started at the first value, silent for the first length − 1 bars. */
const unseeded = (values: Values, length: number): number[] => {
  const start = firstValue(values);
  return weighted(values, start, values[start], 2 / (length + 1)).fill(Number.NaN, 0, start + length - 1);
};

const closes = [...close];
const rises = from(1, (i) => Math.max(close[i] - close[i - 1], 0));
const falls = from(1, (i) => Math.max(close[i - 1] - close[i], 0));
const strength = (up: Values, down: Values): number[] => up.map((value, i) => (100 * value) / (value + down[i]));
const trueRange = from(1, (i) => Math.max(high[i], close[i - 1]) - Math.min(low[i], close[i - 1]));
const typical = from(0, (i) => (high[i] + low[i] + close[i]) / 3);

function macdOf(fast: Values, slow: Values, average: (values: Values) => number[]): Values[] {
  const macd = minus(fast, slow);
  const signal = average(macd);
  return [macd, signal, minus(macd, signal)];
}

function bollinger(length: number, width: number): Values[] {
  const middle = simple(close, length);
  const half = from(length - 1, (i) => width * deviation(windowOf(close, length, i)));
  return [
    middle,
    middle.map((value, i) => value + half[i]),
    minus(middle, half),
    middle.map((value, i) => 0.5 + (close[i] - value) / (2 * half[i])),
    middle.map((value, i) => (2 * half[i]) / value),
  ];
}

/** By Wilder's sums (sum − sum / length + new) rather than his averages. */
function adx(length: number): Values[] {
  const sums = (values: Values): number[] => {
    let sum = 0;
    return values.map((value, i) => {
      if (i >= 1) sum = i <= length ? sum + value : sum - sum / length + value;
      return i < length ? Number.NaN : sum;
    });
  };
  const up = from(1, (i) => high[i] - high[i - 1]);
  const down = from(1, (i) => low[i - 1] - low[i]);
  const range = sums(trueRange);
  const plus = sums(up.map((value, i) => (value > down[i] && value > 0 ? value : 0))).map(
    (s, i) => (100 * s) / range[i],
  );
  const minusDI = sums(down.map((value, i) => (value > up[i] && value > 0 ? value : 0))).map(
    (s, i) => (100 * s) / range[i],
  );
  const lean = plus.map((value, i) => (100 * Math.abs(value - minusDI[i])) / (value + minusDI[i]));
  return [wilder(lean, length), plus, minusDI];
}

function stochastic(length: number, smoothK: number, smoothD: number): Values[] {
  const raw = from(length - 1, (i) => {
    const bottom = Math.min(...windowOf(low, length, i));
    return (100 * (close[i] - bottom)) / (Math.max(...windowOf(high, length, i)) - bottom);
  });
  const k = simple(raw, smoothK, length - 1);
  return [k, simple(k, smoothD, length + smoothK - 2)];
}

function donchian(length: number): Values[] {
  const upper = from(length, (i) => Math.max(...windowOf(high, length, i - 1)));
  const lower = from(length, (i) => Math.min(...windowOf(low, length, i - 1)));
  return [upper, lower, upper.map((value, i) => (value + lower[i]) / 2)];
}

function keltner(length: number, multiplier: number, atrLength: number): Values[] {
  const middle = exponential(closes, length);
  const half = wilder(trueRange, atrLength).map((value) => multiplier * value);
  return [middle.map((value, i) => value + half[i]), middle, minus(middle, half)];
}

/** The bands as functions of the bar, each defined by the one before it. */
function supertrend(length: number, multiplier: number): Values[] {
  const range = wilder(trueRange, length);
  const middle = from(0, (i) => (high[i] + low[i]) / 2);
  const upper: (i: number) => number = memoize((i) => {
    const basic = middle[i] + multiplier * range[i];
    return i === length || basic < upper(i - 1) || close[i - 1] > upper(i - 1) ? basic : upper(i - 1);
  });
  const lower: (i: number) => number = memoize((i) => {
    const basic = middle[i] - multiplier * range[i];
    return i === length || basic > lower(i - 1) || close[i - 1] < lower(i - 1) ? basic : lower(i - 1);
  });
  let trend = close[length] >= middle[length] ? 1 : -1;
  const direction = from(length, (i) => {
    if (trend === 1 && close[i] <= lower(i)) trend = -1;
    else if (trend === -1 && close[i] > upper(i)) trend = 1;
    return trend;
  });
  return [direction.map((value, i) => (i < length ? Number.NaN : value === 1 ? lower(i) : upper(i))), direction];
}

function memoize(of: (i: number) => number): (i: number) => number {
  const known = new Map<number, number>();
  return (i) => {
    if (!known.has(i)) known.set(i, of(i));
    return known.get(i) ?? Number.NaN;
  };
}

const runningSum = (values: Values): number[] => values.map((_, i) => total(values.slice(0, i + 1)));

const STANDARD: Readonly<Record<IndicatorName, readonly [params: Values, formula: Formula]>> = {
  sma: [[10], () => [simple(close, 10)]],
  ema: [[10], () => [exponential(closes, 10)]],
  wma: [[10], () => [from(9, (i) => total(windowOf(close, 10, i).map((value, j) => value * (j + 1))) / 55)]],
  rsi: [[14], () => [strength(wilder(rises, 14), wilder(falls, 14))]],
  rsiEwm: [[14], () => [strength(exponential(rises, 14), exponential(falls, 14))]],
  macd: [[5, 12, 4], () => macdOf(exponential(closes, 5), exponential(closes, 12), (macd) => exponential(macd, 4))],
  macdEwm: [[5, 12, 4], () => macdOf(exponential(closes, 5), exponential(closes, 12), (macd) => exponential(macd, 4))],
  bollinger: [[20, 2], () => bollinger(20, 2)],
  atr: [[14], () => [wilder(trueRange, 14)]],
  adx: [[7], () => adx(7)],
  stochastic: [[14, 3, 3], () => stochastic(14, 3, 3)],
  donchian: [[20], () => donchian(20)],
  keltner: [[20, 2, 10], () => keltner(20, 2, 10)],
  supertrend: [[7, 1.5], () => supertrend(7, 1.5)],
  cci: [
    [20],
    () => [
      from(19, (i) => {
        const window = windowOf(typical, 20, i);
        return (typical[i] - mean(window)) / (0.015 * mean(window.map((value) => Math.abs(value - mean(window)))));
      }),
    ],
  ],
  obv: [[], () => [runningSum(from(0, (i) => (i === 0 ? 0 : Math.sign(close[i] - close[i - 1]) * volume[i])))]],
  vwap: [
    [],
    () => {
      const money = runningSum(typical.map((value, i) => value * volume[i]));
      return [money.map((value, i) => value / total([...volume.subarray(0, i + 1)]))];
    },
  ],
  roc: [[10], () => [from(10, (i) => 100 * (close[i] / close[i - 10] - 1))]],
  stdev: [[20], () => [from(19, (i) => deviation(windowOf(close, 20, i)))]],
  highest: [[9], () => [from(8, (i) => Math.max(...windowOf(close, 9, i)))]],
  lowest: [[9], () => [from(8, (i) => Math.min(...windowOf(close, 9, i)))]],
  zscore: [
    [20],
    () => [from(19, (i) => (close[i] - mean(windowOf(close, 20, i))) / deviation(windowOf(close, 20, i)))],
  ],
};

/** Where the vectorbt arithmetic means another formula, not only another order of operations. */
const VECTORBT: Partial<typeof STANDARD> = {
  ema: [[10], () => [unseeded(closes, 10)]],
  rsi: [[14], () => [strength(simple(rises, 14, 1), simple(falls, 14, 1))]],
  rsiEwm: [[14], () => [strength(unseeded(rises, 14), unseeded(falls, 14))]],
  macd: [[5, 12, 4], () => macdOf(simple(close, 5), simple(close, 12), (macd) => simple(macd, 4, 11))],
  macdEwm: [[5, 12, 4], () => macdOf(unseeded(closes, 5), unseeded(closes, 12), (macd) => unseeded(macd, 4))],
  atr: [[14], () => [unseeded([high[0] - low[0], ...trueRange.slice(1)], 14)]],
  obv: [[], () => [runningSum(from(0, (i) => (close[i] < close[i - 1] ? -volume[i] : volume[i])))]],
};

const rows = (arithmetic: Arithmetic, table: Partial<typeof STANDARD>) =>
  Object.entries(table).map(([name, [params, formula]]) => ({
    arithmetic,
    name: name as IndicatorName,
    params,
    formula,
  }));

function toleranceOf(name: IndicatorName, arithmetic: Arithmetic): number {
  // The peer's deviation cancels: it holds fewer digits by design.
  if (arithmetic === 'vectorbt' && ['stdev', 'bollinger', 'zscore'].includes(name)) return 1e-9;
  // Runs to hundreds, and its values near 0 are differences of nearly equal prices.
  return name === 'cci' ? 1e-11 : TOLERANCE;
}

test.each([...rows('standard', STANDARD), ...rows('vectorbt', { ...STANDARD, ...VECTORBT })])(
  '$name($params) of the $arithmetic arithmetic is its formula',
  ({ arithmetic, name, params, formula }) => {
    const definition = INDICATORS[name];
    const columns = { source: close, open: close, high, low, close, volume };
    const inputs = definition.inputs.map((input) => columns[input]);
    const tolerance = toleranceOf(name, arithmetic);
    const actual = definition.compute(inputs, params, arithmetic);
    formula().forEach((expected, k) => {
      const bad = expected.findIndex((value, i) =>
        Number.isNaN(value)
          ? !Number.isNaN(actual[k][i])
          : !(Math.abs(actual[k][i] - value) <= tolerance * Math.max(1, Math.abs(value))),
      );
      expect(bad, `${definition.outputs[k]}: ${actual[k][bad]}, expected ${expected[bad]}, seed ${SEED}`).toBe(-1);
    });
  },
);
