// The laws that every indicator obeys, registered as tests for one registry entry at a time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import type { Arithmetic } from './arithmetic.ts';
import { ARITHMETICS } from './arithmetic.ts';
import type { IndicatorDefinition, IndicatorInput } from './definition.ts';

/** What the laws need to know about an indicator beyond its definition. One array entry per output where plural. */
export interface IndicatorFacts {
  readonly params: readonly (readonly number[])[];
  /** Power of the price scale in each output: 1 for a price, 0 for a ratio. */
  readonly pricePowers: readonly (0 | 1)[];
  /** Value of each output in a flat market after the warm-up. */
  readonly flat: readonly ('price' | number)[];
  /**
   * `window`: an output with w warm-up bars reads the last w + 1 bars only. `recursive`: reads all bars since the last
   * missing one. `running`: reads all bars since the first, and leaves missing ones out.
   */
  readonly memory: 'window' | 'recursive' | 'running';
}

type Bars = Readonly<Record<IndicatorInput, Float64Array>>;

const SEED = 20_240_611;
const BARS = 400;
/** Relative to the larger of |expected| and 1: for values that the law lets differ by rounding. */
const ROUNDING = 1e-12;

/** A random walk of candles in which every bar moves. `source` is the close. */
export function walk(bars: number, seed: number): Bars {
  const prng = createPrng(seed);
  const column = (): Float64Array => new Float64Array(bars);
  const [open, high, low, close, volume] = [column(), column(), column(), column(), column()];
  let price = 100;
  for (let i = 0; i < bars; i++) {
    open[i] = price;
    price *= 1 + 0.01 * prng.nextNormal();
    close[i] = price;
    high[i] = Math.max(open[i], price) * (1 + 0.005 * prng.next());
    low[i] = Math.min(open[i], price) * (1 - 0.005 * prng.next());
    volume[i] = 1 + 1000 * prng.next();
  }
  return { source: close, open, high, low, close, volume };
}

const mapBars = (bars: Bars, change: (column: Float64Array, name: IndicatorInput) => Float64Array): Bars => {
  const mapped = Object.entries(bars).map(([name, column]) => [name, change(column, name as IndicatorInput)]);
  return Object.fromEntries(mapped) as Bars;
};

/** Index of the first value that is not the same double (all NaN are one), or −1. */
export function firstBitDifference(actual: Float64Array, expected: Float64Array): number {
  if (actual.length !== expected.length) return Math.min(actual.length, expected.length);
  return actual.findIndex((value, i) => value !== expected[i] && !(Number.isNaN(value) && Number.isNaN(expected[i])));
}

const near = (actual: number, expected: number): boolean =>
  Math.abs(actual - expected) <= ROUNDING * Math.max(1, Math.abs(expected));

const leadingGaps = (column: Float64Array): number => {
  const first = column.findIndex((value) => !Number.isNaN(value));
  return first === -1 ? column.length : first;
};

export function indicatorContract(definition: IndicatorDefinition, facts: IndicatorFacts): void {
  describe.each(ARITHMETICS.map((arithmetic) => ({ arithmetic })))(`${definition.name}, $arithmetic`, (given) => {
    describe.each(facts.params.map((params) => ({ params })))('parameters $params', ({ params }) => {
      const { arithmetic } = given;
      const compute = (bars: Bars): Float64Array[] =>
        definition.compute(
          definition.inputs.map((input) => bars[input]),
          params,
          arithmetic,
        );
      shapeLaws(definition, params, arithmetic, compute);
      causalLaws(compute);
      scaleLaw(definition, facts, compute);
      if (arithmetic === 'standard') {
        if (facts.memory === 'window') historyLaw(compute);
        missingBarLaws(definition, facts, compute);
        flatLaw(facts, compute);
      }
    });
  });
}

type Compute = (bars: Bars) => Float64Array[];

function shapeLaws(
  definition: IndicatorDefinition,
  params: readonly number[],
  arithmetic: Arithmetic,
  compute: Compute,
): void {
  const warmUp = definition.warmUp(params, arithmetic);
  test.each([...new Set([0, 1, 2, warmUp - 1, warmUp, warmUp + 1, BARS])].filter((bars) => bars >= 0))(
    'has no value in the warm-up and one on every later bar, over %i bars',
    (bars) => {
      const outputs = compute(walk(bars, SEED));
      expect(outputs.length).toBe(definition.outputs.length);
      expect(leadingGaps(outputs[0])).toBe(Math.min(bars, warmUp));
      for (const output of outputs) {
        expect(output.length).toBe(bars);
        expect(output.subarray(leadingGaps(output)).findIndex(Number.isNaN)).toBe(-1);
      }
    },
  );

  test('takes any numbers without throwing, leaves its inputs alone and repeats itself', () => {
    const anyColumn = (bars: number) => fc.float64Array({ minLength: bars, maxLength: bars });
    const anyInputs = fc.nat({ max: 40 }).chain((bars) => fc.tuple(...definition.inputs.map(() => anyColumn(bars))));
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const copies = inputs.map((input) => input.slice());
        const first = definition.compute(inputs, params, arithmetic);
        const second = definition.compute(copies, params, arithmetic);
        inputs.forEach((input, k) => {
          expect(firstBitDifference(input, copies[k])).toBe(-1);
        });
        first.forEach((output, k) => {
          expect(firstBitDifference(output, second[k])).toBe(-1);
        });
      }),
      { numRuns: 50, seed: SEED },
    );
  });
}

function causalLaws(compute: Compute): void {
  const bars = walk(BARS, SEED);
  const cuts = [1, 2, 17, 63, 64, 200, BARS - 1];

  test.each(cuts)('the first %i bars are the same when the rest does not exist', (cut) => {
    const whole = compute(bars);
    compute(mapBars(bars, (column) => column.subarray(0, cut))).forEach((output, k) => {
      expect(firstBitDifference(output, whole[k].subarray(0, cut))).toBe(-1);
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e300, 0])('no bar sees a future of %d', (future) => {
    const whole = compute(bars);
    for (const cut of cuts) {
      const masked = compute(mapBars(bars, (column) => column.slice().fill(future, cut)));
      masked.forEach((output, k) => {
        expect(firstBitDifference(output.subarray(0, cut), whole[k].subarray(0, cut))).toBe(-1);
      });
    }
  });
}

function scaleLaw(definition: IndicatorDefinition, facts: IndicatorFacts, compute: Compute): void {
  test.each([-30, 7, 40])('prices times 2^%i give the same bits, scaled', (exponent) => {
    const bars = walk(BARS, SEED);
    const scale = 2 ** exponent;
    const scaled = mapBars(bars, (column, name) => (name === 'volume' ? column : column.map((value) => value * scale)));
    const plain = compute(bars);
    compute(scaled).forEach((output, k) => {
      const expected = facts.pricePowers[k] === 1 ? plain[k].map((value) => value * scale) : plain[k];
      expect(firstBitDifference(output, expected), definition.outputs[k]).toBe(-1);
    });
  });
}

function historyLaw(compute: Compute): void {
  test.each([1, 99, 4095, 5000])('is the same with %i more bars in front', (extra) => {
    const long = walk(extra + 300, SEED);
    const before = compute(long);
    const alone = compute(mapBars(long, (column) => column.slice(extra)));
    alone.forEach((output, k) => {
      const bad = output.findIndex((value, i) => !Number.isNaN(value) && !near(before[k][extra + i], value));
      expect(bad).toBe(-1);
    });
  });
}

function missingBarLaws(definition: IndicatorDefinition, facts: IndicatorFacts, compute: Compute): void {
  const bars = walk(BARS, SEED);
  const clean = compute(bars);
  const gaps = clean.map(leadingGaps);
  const spoil = (at: number, value: number, fields: readonly IndicatorInput[]): Bars =>
    mapBars(bars, (column, name) => (fields.includes(name) ? column.slice().fill(value, at, at + 1) : column));

  const spoilings = [Number.NaN, Number.POSITIVE_INFINITY].flatMap((value) =>
    [definition.inputs, ...definition.inputs.map((input) => [input])].map((fields) => ({ value, fields })),
  );
  test.each(spoilings)(
    'a $value in $fields spoils nothing before it and what follows recovers',
    ({ value, fields }) => {
      for (const at of [0, 5, 128, 150, 333]) {
        compute(spoil(at, value, fields)).forEach((output, k) => {
          expect(firstBitDifference(output.subarray(0, at), clean[k].subarray(0, at))).toBe(-1);
          const later = facts.memory === 'running' ? at + 1 : at + 1 + gaps[k];
          expect(output.subarray(later).findIndex(Number.isNaN), `output ${k}, missing bar ${at}`).toBe(-1);
          if (facts.memory !== 'window') return;
          const bad = output.findIndex((actual, i) => i > at + gaps[k] && !near(actual, clean[k][i]));
          expect(bad, `a window without the missing bar ${at} is not spoiled`).toBe(-1);
        });
      }
    },
  );

  if (facts.memory === 'running') return;
  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'after a bar of %d it is as good as one that starts next',
    (value) => {
      for (const at of [0, 5, 128, 150, 333]) {
        const fresh = compute(mapBars(bars, (column) => column.slice(at + 1)));
        compute(spoil(at, value, definition.inputs)).forEach((output, k) => {
          const after = output.subarray(at + 1);
          const bad = fresh[k].findIndex((expected, i) => !Number.isNaN(expected) && !near(after[i], expected));
          expect(bad, `output ${k}, missing bar ${at}`).toBe(-1);
        });
      }
    },
  );
}

function flatLaw(facts: IndicatorFacts, compute: Compute): void {
  test.each([0.1, 1 / 3, 12345.678, 7.3e-9, 100])('a market flat at %d is exactly flat', (price) => {
    const flat = mapBars(walk(BARS, SEED), (column, name) => (name === 'volume' ? column : column.fill(price)));
    const moving = compute(walk(BARS, SEED));
    compute(flat).forEach((output, k) => {
      const expected = facts.flat[k] === 'price' ? price : facts.flat[k];
      const settled = output.subarray(leadingGaps(moving[k]));
      expect(new Set(settled)).toEqual(new Set([expected]));
    });
  });
}
