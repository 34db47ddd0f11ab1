// The two interpreters of programs write the same bits: random operations over random columns, tile after tile.
import { describe, expect, test } from 'vitest';
import type { Prng } from '../../src/core/prng.ts';
import { crossAbove, crossBelow } from '../../src/indicators/crossing.ts';
import { Arena } from '../../src/kernels/arena.ts';
import type { Kernels, MarketTables } from '../../src/kernels/kernels.ts';
import * as layout from '../../src/kernels/program-layout.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import { GRIDMILL, VECTORBT } from '../../src/kernels/walk-layout.ts';
import { randomCandles } from './markets.ts';
import { COLUMN_KINDS, createWasm, fillColumn, forRounds } from './twins.ts';
import { wholeMarket } from './whole-market.ts';

const BITMAPS = 24;
const COLUMNS = 6;
const OPERATIONS = 40;
const { wasm, arena } = createWasm(1 << 20);
const start = arena.mark();

/** A market of no interest: these programs have no walks. */
function emptyMarket(): MarketTables {
  return wholeMarket(new Arena(new SharedArrayBuffer(65_536)), randomCandles(1, { ...prngStub }));
}
const prngStub = { next: () => 0.5, nextBelow: () => 0, nextNormal: () => 0, nextUint32: () => 0 } as unknown as Prng;
const market = emptyMarket();

interface Scene {
  readonly history: number;
  readonly bars: number;
  readonly columns: readonly Float64Array[];
  /** Byte offset of the first of BITMAPS bitmaps. */
  readonly bitmaps: number;
  readonly program: { readonly market: MarketTables; readonly ops: Int32Array; readonly opCount: number };
  /** Everything that operations write. */
  readonly written: Uint32Array;
}

/** Columns over `history` bars before the window and `bars` bars of it, and room for operations and what they write. */
function newScene(prng: Prng, opCount: number): Scene {
  arena.release(start);
  const history = prng.nextBelow(3) === 0 ? prng.nextBelow(300) : 0;
  const bars = 1 + prng.nextBelow(prng.nextBelow(4) === 0 ? 5000 : 300);
  const columns = Array.from({ length: COLUMNS }, () => {
    const column = arena.float64('column', history + bars + 1).subarray(prng.nextBelow(2));
    fillColumn(column, COLUMN_KINDS[prng.nextBelow(COLUMN_KINDS.length)]!, prng);
    return column;
  });
  for (let i = 0; i < columns[0]!.length; i++) if (prng.nextBelow(8) === 0) columns[1]![i] = columns[0]![i]!;
  const ops = new Int32Array(arena.buffer, arena.float64('ops', (opCount * layout.OP_BYTES) / 8).byteOffset);
  const words = (BITMAPS * layout.TILE_BITMAP_BYTES) / 4 + (opCount * layout.STATE_BYTES) / 4;
  const written = arena.uint32('written', words);
  return { history, bars, columns, bitmaps: written.byteOffset, program: { market, ops, opCount }, written };
}

/** Address that a program knows a column by: that of bar 0 of the window. */
const columnAddress = ({ columns, history }: Scene, n: number): number => columns[n]!.byteOffset + history * 8;
const bitmapAddress = ({ bitmaps }: Scene, n: number): number => bitmaps + n * layout.TILE_BITMAP_BYTES;
const stateAddress = (scene: Scene, n: number): number => bitmapAddress(scene, BITMAPS) + n * layout.STATE_BYTES;

function putNumber({ program }: Scene, n: number, number: number): void {
  new Float64Array(program.ops.buffer, program.ops.byteOffset + n * layout.OP_BYTES + layout.OP_NUMBER_BYTES, 1)[0] =
    number;
}

/** A random operation; its output is none of its inputs unless it may be. */
function randomOperation(scene: Scene, n: number, prng: Prng): void {
  const { ops } = scene.program;
  const column = (): number => columnAddress(scene, prng.nextBelow(COLUMNS));
  // Two halves of bitmaps: outputs of this operation from one, inputs from the other.
  const half = BITMAPS / 2;
  const side = prng.nextBelow(2) * half;
  const outs = (count: number): number => bitmapAddress(scene, side + prng.nextBelow(half - count + 1));
  const input = (): number => bitmapAddress(scene, half - side + prng.nextBelow(half));
  // Crossings need inputs that belong together: they have a test of their own.
  const drawn = prng.nextBelow(layout.OP_WALK);
  const code = drawn === layout.OP_CROSSING || drawn === layout.OP_CROSSINGS ? layout.OP_FILL : drawn;
  const state = stateAddress(scene, n);
  const put = (...cells: number[]): void => ops.set([code, ...cells], n * layout.OP_CELLS);
  if (code <= layout.OP_AT_OR_ABOVE) put(outs(1), column(), column());
  else if (code === layout.OP_BOTH_WAYS) put(outs(2), column(), column());
  else if (code <= layout.OP_AT_OR_BELOW_NUMBER) {
    put(outs(1), column(), 0);
    const values = scene.columns[prng.nextBelow(COLUMNS)]!;
    putNumber(scene, n, values[prng.nextBelow(values.length)]!);
  } else if (code === layout.OP_CROSSING) put(outs(1), input(), input(), input(), input(), state);
  else if (code <= layout.OP_AND_NOT) put(outs(1), input(), input());
  else if (code === layout.OP_FILL) put(outs(1), prng.nextBelow(2));
  else if (code === layout.OP_TARGET) put(outs(4), input(), input(), state);
  // A target over the window would read more words than a tile has here; targets of tiles prove its arithmetic.
  else if (code === layout.OP_WINDOW_TARGET)
    ops.set([layout.OP_TARGET, outs(4), input(), input(), state], n * layout.OP_CELLS);
  else if (code === layout.OP_SETTLE_BOTH) put(outs(4), input(), input(), input(), input());
  else {
    const enter = outs(2);
    const book = prng.nextBelow(2) === 0 ? GRIDMILL : VECTORBT;
    put(enter, enter + layout.TILE_BITMAP_BYTES, input(), input(), input(), input(), book);
  }
}

/** Runs the program over history and window; answers everything written after each tile. */
function run(kernels: Kernels, { program, history, bars, written }: Scene, tileBars: number): Uint32Array[] {
  written.fill(0);
  const after: Uint32Array[] = [];
  kernels.beginProgram(program);
  for (let from = -history; from < 0; from += tileBars) kernels.runTile(program, from, Math.min(tileBars, -from));
  for (let from = 0; from < bars; from += tileBars) {
    kernels.runTile(program, from, Math.min(tileBars, bars - from));
    after.push(written.slice());
  }
  kernels.endProgram(program);
  return after;
}

const randomTile = (prng: Prng): number => 64 * (1 + prng.nextBelow(prng.nextBelow(2) === 0 ? 3 : 32));

describe('programs', () => {
  test('of random operations leave the same words behind, tile by tile', () => {
    let bits = 0;
    const all = forRounds(400, (prng) => {
      const scene = newScene(prng, OPERATIONS);
      for (let n = 0; n < OPERATIONS; n++) randomOperation(scene, n, prng);
      const tileBars = randomTile(prng);
      const scalar = run(SCALAR_KERNELS, scene, tileBars);
      const simd = run(wasm, scene, tileBars);
      scalar.forEach((words, tile) => {
        const different = words.findIndex((word, i) => word !== simd[tile]![i]);
        // Words of a bitmap beyond the tile hold what an earlier tile left: equal too, as both wrote it.
        if (different >= 0) expect.fail(`word ${different} after tile ${tile} of ${tileBars} bars`);
        for (const word of words) bits += word === 0 ? 0 : 1;
      });
    });
    if (all) expect(bits, 'words with bits').toBeGreaterThan(50_000);
  });

  test('crossings over tiles are those of the indicators over the whole', () => {
    let events = 0;
    const all = forRounds(300, (prng) => {
      const scene = newScene(prng, 7);
      const [pair, a, b, above, below] = [0, 2, 3, 4, 5].map((n) => bitmapAddress(scene, n)) as [number, ...number[]];
      const { ops } = scene.program;
      const less = pair + layout.TILE_BITMAP_BYTES;
      const [left, right] = [columnAddress(scene, 0), columnAddress(scene, 1)];
      ops.set([layout.OP_BOTH_WAYS, pair, left, right], 0);
      ops.set([layout.OP_AT_OR_ABOVE_NUMBER, a!, left], 8);
      ops.set([layout.OP_AT_OR_ABOVE_NUMBER, b!, right], 16);
      putNumber(scene, 1, Number.NEGATIVE_INFINITY);
      putNumber(scene, 2, Number.NEGATIVE_INFINITY);
      ops.set([layout.OP_CROSSING, above!, pair, less, a!, b!, stateAddress(scene, 3)], 24);
      ops.set([layout.OP_CROSSING, below!, less, pair, a!, b!, stateAddress(scene, 4)], 32);
      ops.set([layout.OP_CROSSINGS, bitmapAddress(scene, 6), pair, a!, b!, stateAddress(scene, 5)], 40);
      ops.set([layout.OP_FILL, bitmapAddress(scene, 8), 1], 48);
      const { history, bars, columns } = scene;
      const whole = columns.map((column) => column.subarray(0, history + bars));
      const expected = { above: crossAbove(whole[0]!, whole[1]!), below: crossBelow(whole[0]!, whole[1]!) };
      const tileBars = randomTile(prng);
      for (const kernels of [wasm, SCALAR_KERNELS]) {
        for (const [tile, words] of run(kernels, scene, tileBars).entries()) {
          const from = tile * tileBars;
          for (let i = 0; i < Math.min(tileBars, bars - from); i++) {
            const bit = (n: number): number =>
              (words[(n * layout.TILE_BITMAP_BYTES) / 4 + (i >>> 5)]! >>> (i & 31)) & 1;
            const at = history + from + i;
            const [up, down] = [expected.above[at], expected.below[at]];
            if (bit(4) !== up || bit(5) !== down) expect.fail(`bar ${from + i}`);
            if (bit(6) !== up || bit(7) !== down) expect.fail(`bar ${from + i}, both at once`);
            events += bit(4) + bit(5);
          }
        }
      }
    });
    if (all) expect(events, 'the inputs cross often enough to prove something').toBeGreaterThan(1000);
  });

  test('a planted difference of one bit is found', () => {
    forRounds(20, (prng) => {
      const scene = newScene(prng, 1);
      scene.program.ops.set([
        layout.OP_ABOVE,
        bitmapAddress(scene, 0),
        columnAddress(scene, 2),
        columnAddress(scene, 3),
      ]);
      const scalar = run(SCALAR_KERNELS, scene, 256).at(-1)!;
      const [column, other] = [scene.columns[2]!, scene.columns[3]!];
      const last = scene.history + scene.bars - 1;
      [column[last], other[last]] = column[last]! > other[last]! ? [0, 1] : [1, 0];
      expect(run(wasm, scene, 256).at(-1)).not.toEqual(scalar);
    });
  });
});
