// Where a program and what it writes lie: operations grow from one end of a thread's region, everything else from the other.
import { assert } from '../core/assert.ts';
import { OP_BYTES, OP_CELLS, OP_NUMBER_BYTES, STATE_BYTES, TILE_BITMAP_BYTES } from '../kernels/program-layout.ts';
import { WALK_CELLS } from '../kernels/walk-layout.ts';

/** Hands out addresses in one region, until it is emptied for the next program. */
export class ProgramMemory {
  readonly ops: Int32Array;
  opCount = 0;
  readonly #buffer: ArrayBufferLike;
  readonly #numbers: Float64Array;
  readonly #words: Uint32Array;
  readonly #cells = new Float64Array(WALK_CELLS);
  readonly #from: number;
  readonly #to: number;
  #floor: number;

  /** The region [from, to) of `buffer`; both are multiples of 64. */
  constructor(buffer: ArrayBufferLike, from: number, to: number) {
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
    this.#floor = to;
    this.ops = new Int32Array(buffer, from, (to - from) / 4);
    this.#numbers = new Float64Array(buffer, from, (to - from) / 8);
    this.#words = new Uint32Array(buffer);
  }

  get bytesFree(): number {
    return this.#floor - (this.#from + this.opCount * OP_BYTES);
  }

  clear(): void {
    this.opCount = 0;
    this.#floor = this.#to;
  }

  /** Appends an operation: its code and up to seven arguments. */
  add(code: number, a: number, b: number, c: number, d = 0, e = 0, f = 0, g = 0): void {
    const { ops } = this;
    let at = this.opCount++ * OP_CELLS;
    ops[at++] = code;
    ops[at++] = a;
    ops[at++] = b;
    ops[at++] = c;
    ops[at++] = d;
    ops[at++] = e;
    ops[at++] = f;
    ops[at] = g;
  }

  /** Appends an operation that compares with a number. */
  addNumber(code: number, out: number, column: number, number: number): void {
    const at = this.opCount * OP_BYTES;
    this.add(code, out, column, 0);
    this.#numbers[(at + OP_NUMBER_BYTES) / 8] = number;
  }

  /** Memory for `bitmaps` of one tile each, one behind the other. */
  bitmaps(bitmaps: number): number {
    return this.#take(bitmaps * TILE_BITMAP_BYTES);
  }

  /** What an operation keeps between tiles, cleared: one state, or several one behind the other. */
  state(states = 1): number {
    const bytes = states * STATE_BYTES;
    const address = this.#take(bytes);
    this.#words.fill(0, address / 4, (address + bytes) / 4);
    return address;
  }

  /** Cells of `walks` walks, one behind the other. */
  sums(walks: number): number {
    return this.#take(walks * WALK_CELLS * 8);
  }

  /** Numbers, as an arena gives them. */
  float64(_name: string, length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(length * 8), length) as Float64Array;
  }

  int32(_name: string, length: number): Int32Array {
    return new Int32Array(this.#buffer, this.#take(length * 4), length) as Int32Array;
  }

  /** `words` words of 32 bars. */
  bits(words: number): { readonly address: number; readonly values: Uint32Array } {
    const address = this.#take(words * 4);
    return { address, values: new Uint32Array(this.#buffer, address, words) };
  }

  /** A copy of the cells of a walk, valid until the next one is read: a view of each would be garbage at once. */
  cells(address: number): Float64Array {
    const cells = this.#cells;
    const from = (address - this.#from) / 8;
    for (let i = 0; i < WALK_CELLS; i++) cells[i] = this.#numbers[from + i]!;
    return cells;
  }

  #take(bytes: number): number {
    // 16 bytes: what SIMD loads like, and every number's own size.
    const rounded = Math.ceil(bytes / 16) * 16;
    assert(rounded <= this.bytesFree, 'a program was given the room it asked for');
    this.#floor -= rounded;
    return this.#floor;
  }
}
