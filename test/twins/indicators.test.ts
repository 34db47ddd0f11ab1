// The indicator kernels give the bits of the normative functions, whatever the columns and the parameters.
import { describe, expect, test } from 'vitest';
import type { Prng } from '../../src/core/prng.ts';
import { ARITHMETICS } from '../../src/indicators/arithmetic.ts';
import type { IndicatorDefinition } from '../../src/indicators/definition.ts';
import { INDICATORS } from '../../src/indicators/registry.ts';
import { type IndicatorCall, indicatorScratch } from '../../src/kernels/indicator-kernels.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import { createWasm, fillColumn, firstDifference, forRounds } from './twins.ts';

const ROUNDS = 120;
/** What the guards around columns and the columns themselves hold before a kernel runs. */
const OLD = 12345.678;
const { wasm, arena } = createWasm(1 << 23);
const start = arena.mark();

/** Mostly short columns; now and then some that pass one or several rebuilds of the running sums. */
function randomBars(prng: Prng): number {
  if (prng.nextBelow(4) > 0) return prng.nextBelow(3) === 0 ? prng.nextBelow(20) : prng.nextBelow(700);
  return 4096 * (1 + prng.nextBelow(4)) + prng.nextBelow(60) - 30;
}

/** 1 to 10, or up to a few hundred, or near or beyond the number of bars. */
function randomLength(prng: Prng, bars: number, min: number): number {
  const kind = prng.nextBelow(8);
  if (kind === 0) return min + prng.nextBelow(3);
  if (kind < 4) return min + prng.nextBelow(10);
  if (kind < 6) return min + prng.nextBelow(300);
  if (kind === 6) return Math.max(min, bars - 3 + prng.nextBelow(6));
  return prng.nextBelow(6) === 0 ? 2 ** 40 : min + prng.nextBelow(bars + 2);
}

const randomParams = (definition: IndicatorDefinition, prng: Prng, bars: number): number[] =>
  definition.params.map(({ integer, min }) =>
    integer ? randomLength(prng, bars, min) : min + [0, 1, 2, 0.3, 1e-3, 1e200][prng.nextBelow(6)]!,
  );

type Columns = Readonly<Record<'open' | 'high' | 'low' | 'close' | 'volume', Float64Array>>;

/** Candles that are mostly tidy: coarse or fine prices, resting stretches, spikes, gaps, a head without values. */
function fillCandles(columns: Columns, prng: Prng): void {
  const { open, high, low, close, volume } = columns;
  const bars = open.length;
  const scale = [1, 1, 1, 1e-8, 1e8, 1e150][prng.nextBelow(6)]!;
  const coarse = prng.nextBelow(2) === 0;
  const rest = [2, 8, 1000][prng.nextBelow(3)]!;
  const hole = [1e9, 1e9, 300, 25][prng.nextBelow(4)]!;
  const tidy = (price: number): number => scale * (coarse ? Math.round(price * 2) / 2 : price);
  let price = 60 + 80 * prng.next();
  let resting = 0;
  for (let i = 0; i < bars; i++) {
    if (resting > 0) resting--;
    else if (prng.nextBelow(rest * 20) === 0) resting = prng.nextBelow(2) === 0 ? 5 : 120;
    const before = price;
    if (resting === 0 && prng.nextBelow(rest) !== 0) price = Math.max(1, price + prng.nextNormal());
    if (prng.nextBelow(900) === 0) price *= [0.02, 40, 1e6][prng.nextBelow(3)]!;
    if (price > 1e9) price = 100;
    const spread = resting > 0 ? 0 : prng.next();
    open[i] = tidy(before);
    close[i] = tidy(price);
    high[i] = Math.max(open[i]!, close[i]!, tidy(Math.max(before, price) + spread));
    low[i] = Math.min(open[i]!, close[i]!, tidy(Math.min(before, price) - spread));
    volume[i] = prng.nextBelow(10) === 0 ? 0 : Math.round(1000 * prng.next()) / (coarse ? 1 : 7);
  }
  const all = Object.values(columns);
  const head = prng.nextBelow(3) === 0 ? prng.nextBelow(Math.min(bars, 5000) + 1) : 0;
  for (const column of all) column.fill(Number.NaN, 0, head);
  for (let i = 0; i < bars; i++) {
    if (prng.nextBelow(hole) !== 0) continue;
    const missing = [Number.NaN, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][prng.nextBelow(4)]!;
    const only = prng.nextBelow(all.length * 2);
    for (let k = 0; k < all.length; k++) if (only >= all.length || only === k) all[k]![i] = missing;
  }
}

/** Numbers of all sizes and both signs, none missing: sums lose digits and overflow, and only a rebuild heals them. */
function fillWild(column: Float64Array, prng: Prng): void {
  const sizes = [0, 3, 30, 616][prng.nextBelow(4)]!;
  for (let i = 0; i < column.length; i++) {
    if (sizes === 0) column[i] = [0, -0, 1, -1][prng.nextBelow(4)]!;
    else column[i] = (prng.nextBelow(2) === 0 ? -1.7 : 1.7) * 10 ** (308 - sizes * prng.next());
  }
}

/** A column of the arena between two guard values. */
function guardedColumn(bars: number): { readonly column: Float64Array; check(): void } {
  const all = arena.float64('guarded', bars + 2).fill(OLD);
  const check = (): void => {
    expect([all[0], all[bars + 1]], 'the values beside a column are untouched').toEqual([OLD, OLD]);
  };
  return { column: all.subarray(1, bars + 1), check };
}

interface Case {
  readonly call: IndicatorCall;
  check(): void;
}

/** A random call of the kernel, with exactly the scratch columns it asks for. */
function randomCase(definition: IndicatorDefinition, arithmetic: IndicatorCall['arithmetic'], prng: Prng): Case {
  arena.release(start);
  const bars = randomBars(prng);
  const candles = Object.fromEntries(
    ['open', 'high', 'low', 'close', 'volume'].map((name) => [name, arena.float64(name, bars)]),
  ) as Columns;
  // Any numbers at all, in one case of four: no market has them, but a column of the user may.
  const fill = prng.nextBelow(8);
  if (fill === 0) {
    for (const column of Object.values(candles)) fillWild(column, prng);
  } else if (fill === 1) {
    const kind = (['special', 'touching', 'gaps'] as const)[prng.nextBelow(3)]!;
    for (const column of Object.values(candles)) fillColumn(column, kind, prng);
  } else {
    fillCandles(candles, prng);
  }
  const wanted = definition.outputs.map(() => prng.nextBelow(3) > 0);
  if (!wanted.includes(true)) wanted[prng.nextBelow(wanted.length)] = true;
  const outputs = wanted.map((isWanted) => (isWanted ? guardedColumn(bars) : undefined));
  const needed = indicatorScratch(definition.name, wanted, arithmetic);
  const scratch = Array.from({ length: needed }, () => guardedColumn(bars));
  return {
    call: {
      indicator: definition.name,
      arithmetic,
      params: randomParams(definition, prng, bars),
      inputs: definition.inputs.map((input) => candles[input === 'source' ? 'close' : input]),
      outputs: outputs.map((output) => output?.column),
      scratch: scratch.map(({ column }) => column),
    },
    check: () => {
      for (const guarded of [...outputs, ...scratch]) guarded?.check();
    },
  };
}

const DEFINITIONS = Object.values(INDICATORS);

describe.each(ARITHMETICS)('%s arithmetic', (arithmetic) => {
  test.each(DEFINITIONS)('$name is bit-equal to its normative function', (definition) => {
    let values = 0;
    let rebuilt = 0;
    const all = forRounds(ROUNDS, (prng) => {
      const { call, check } = randomCase(definition, arithmetic, prng);
      const inputs = call.inputs.map((input) => input.slice());
      wasm.computeIndicator(call);
      check();
      call.inputs.forEach((input, k) => {
        expect(firstDifference(input, inputs[k]!), 'inputs are only read').toBe(-1);
      });
      const expected = definition.compute(inputs, call.params, arithmetic);
      call.outputs.forEach((output, k) => {
        if (output === undefined) return;
        const bar = firstDifference(output, expected[k]!);
        const found = `${output[bar]}, expected ${expected[k]![bar]}`;
        expect(bar, `${definition.outputs[k]}, parameters ${call.params}, ${output.length} bars: ${found}`).toBe(-1);
        for (const value of output) if (!Number.isNaN(value)) values++;
        if (output.length > 4096 && !Number.isNaN(output.at(-1)!)) rebuilt++;
      });
    });
    if (!all) return;
    expect(values, 'values that are not NaN').toBeGreaterThan(20_000);
    expect(rebuilt, 'columns with a value after a rebuild').toBeGreaterThan(5);
  });
});

test('the scalar twin hands out the columns of the normative functions', () => {
  forRounds(20, (prng, round) => {
    const definition = DEFINITIONS[round % DEFINITIONS.length]!;
    const { call } = randomCase(definition, 'standard', prng);
    SCALAR_KERNELS.computeIndicator(call);
    const expected = definition.compute(call.inputs, call.params, 'standard');
    call.outputs.forEach((output, k) => {
      if (output !== undefined) expect(firstDifference(output, expected[k]!)).toBe(-1);
    });
  });
});
