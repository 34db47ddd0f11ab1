// Both kernel twins on one shared memory, arrays with guards around them, and inputs made to tell the twins apart.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import type { Arithmetic } from '../../src/indicators/arithmetic.ts';
import { INDICATORS, type IndicatorName } from '../../src/indicators/registry.ts';
import { Arena } from '../../src/kernels/arena.ts';
import { indicatorScratch } from '../../src/kernels/indicator-kernels.ts';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { createWasmMemory, WasmKernels } from '../../src/kernels/wasm-kernels.ts';
import { compiledKernels } from '../../src/kernels/wasm-module.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Brings dist/kernels/kernels.wasm up to date: nothing to do after a build, under two seconds otherwise. */
export function buildKernels(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-kernels.mjs'], { cwd: root });
  if (status !== 0) throw new Error(`The kernels do not compile: ${stderr}`);
}

/** The WebAssembly twin and an arena of its memory; the scalar twin works on any view. */
export function createWasm(bytes: number): { readonly wasm: WasmKernels; readonly arena: Arena } {
  buildKernels();
  const memory = createWasmMemory(bytes);
  return { wasm: new WasmKernels(compiledKernels(), memory), arena: new Arena(memory.buffer) };
}

/** All outputs of an indicator by a kernel, from inputs that lie anywhere. Takes what it needs of `arena` and gives it back. */
export function kernelOutputs(
  kernels: Kernels,
  arena: Arena,
  indicator: IndicatorName,
  inputs: readonly Float64Array[],
  params: readonly number[],
  arithmetic: Arithmetic,
): Float64Array[] {
  const mark = arena.mark();
  const bars = inputs[0]!.length;
  const column = (): Float64Array => arena.float64('column', bars);
  const places = inputs.map((input) => {
    const place = column();
    place.set(input);
    return place;
  });
  const outputs = INDICATORS[indicator].outputs.map(column);
  const needed = indicatorScratch(
    indicator,
    outputs.map(() => true),
    arithmetic,
  );
  const scratch = Array.from({ length: needed }, column);
  kernels.computeIndicator({ indicator, arithmetic, params, inputs: places, outputs, scratch });
  arena.release(mark);
  return outputs.map((output) => output.slice());
}

/** Bar counts around every boundary the kernels know: words, half words, blocks, and none at all. */
export const LENGTHS = [0, 1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 95, 96, 127, 128, 129, 200, 1000];

export const wordsOf = (bars: number): number => (bars + 31) >>> 5;

const GUARD = 0xdeadbeef;

/** A bitmap full of old bits between two guard words. */
export function guardedBits(arena: Arena, words: number): { readonly bits: Uint32Array; check(): void } {
  const all = arena.uint32('guarded', words + 2).fill(GUARD);
  const check = (): void => {
    expect(all[0], 'the word before the bitmap is untouched').toBe(GUARD);
    expect(all[words + 1], 'the word after the bitmap is untouched').toBe(GUARD);
  };
  return { bits: all.subarray(1, words + 1), check };
}

const SPECIAL = [
  Number.NaN,
  0,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2.2250738585072014e-308,
  1,
  1 + Number.EPSILON,
  Number.MAX_VALUE,
];

/** What a column is made of: anything goes, prices on a coarse grid that often meet, or prices behind a warm-up. */
export type ColumnKind = 'special' | 'touching' | 'price' | 'gaps';
export const COLUMN_KINDS: readonly ColumnKind[] = ['special', 'touching', 'price', 'gaps'];

export function fillColumn(out: Float64Array, kind: ColumnKind, prng: Prng): void {
  const warmUp = kind === 'price' ? prng.nextBelow(40) : 0;
  let price = 100;
  for (let i = 0; i < out.length; i++) {
    price += prng.nextNormal();
    if (kind === 'special') out[i] = SPECIAL[prng.nextBelow(SPECIAL.length)]!;
    else if (kind === 'touching') out[i] = prng.nextBelow(3);
    else if (kind === 'gaps') out[i] = prng.nextBelow(20) === 0 ? Number.NaN : Math.round(price);
    else out[i] = i < warmUp ? Number.NaN : price;
  }
}

/**
 * Runs `body` with a generator of its own per round; a failure names the seed that repeats it. Answers whether all
 * rounds ran, so that counts over them mean something.
 */
export function forRounds(rounds: number, body: (prng: Prng, round: number) => void): boolean {
  const given = process.env['GRIDMILL_SEED'];
  const first = given === undefined ? 1 : Number(given);
  for (let seed = first; seed < (given === undefined ? rounds + 1 : first + 1); seed++) {
    try {
      body(createPrng(seed), seed);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`Seed ${seed} (repeat: GRIDMILL_SEED=${seed} npx vitest run test/twins): ${message}`, {
        cause: error,
      });
    }
  }
  return given === undefined;
}

/** Index of the first value whose bits differ, NaNs of any kind being one; -1 when there is none. */
export function firstDifference(a: Float64Array, b: Float64Array): number {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return a.length === b.length ? -1 : Math.min(a.length, b.length);
}
