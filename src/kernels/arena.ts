// One buffer cut into named regions: where candles, columns, bitmaps and sums lie so that both kernel twins reach them.
import { assert } from '../core/assert.ts';

/** Regions start at multiples of this: one cache line, and what SIMD loads like best. */
export const ARENA_ALIGNMENT = 64;

/** Bytes that a region of `bytes` takes in an arena. */
export const alignedBytes = (bytes: number): number => Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;

/** A point to go back to: everything allocated after it is given up at once. */
export interface ArenaMark {
  readonly end: number;
  readonly regions: number;
}

interface Region {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Hands out regions of `buffer` one after the other. It starts behind byte 0, which the WebAssembly twin keeps for
 * itself up to `reservedBytes`. Nothing is cleared: a region that was released and given out again holds old values.
 */
export class Arena {
  readonly buffer: ArrayBufferLike;
  readonly #regions: Region[] = [];
  #end: number;

  constructor(buffer: ArrayBufferLike, reservedBytes = 0) {
    this.buffer = buffer;
    this.#end = alignedBytes(reservedBytes);
    assert(this.#end <= buffer.byteLength, 'the reserved bytes lie inside the buffer');
  }

  /** Bytes handed out, the gaps between regions and the reserved ones included. */
  get bytesUsed(): number {
    return this.#end;
  }

  /** Bytes by region name; regions of one name are added up. */
  usage(): Readonly<Record<string, number>> {
    const usage: Record<string, number> = {};
    for (const { name, bytes } of this.#regions) usage[name] = (usage[name] ?? 0) + bytes;
    return usage;
  }

  float64(name: string, length: number): Float64Array {
    return new Float64Array(this.buffer, this.#take(name, length * 8), length) as Float64Array;
  }

  uint32(name: string, length: number): Uint32Array {
    return new Uint32Array(this.buffer, this.#take(name, length * 4), length) as Uint32Array;
  }

  int32(name: string, length: number): Int32Array {
    return new Int32Array(this.buffer, this.#take(name, length * 4), length) as Int32Array;
  }

  uint8(name: string, length: number): Uint8Array {
    return new Uint8Array(this.buffer, this.#take(name, length), length) as Uint8Array;
  }

  mark(): ArenaMark {
    return { end: this.#end, regions: this.#regions.length };
  }

  /** Gives up every region allocated after `mark`; their views must not be used any more. */
  release(mark: ArenaMark): void {
    assert(mark.end <= this.#end && mark.regions <= this.#regions.length, 'a mark lies behind the end of the arena');
    this.#end = mark.end;
    this.#regions.length = mark.regions;
  }

  #take(name: string, length: number): number {
    const bytes = alignedBytes(length);
    const start = this.#end;
    assert(start + bytes <= this.buffer.byteLength, `the arena holds region ${name}`);
    this.#end = start + bytes;
    this.#regions.push({ name, bytes });
    return start;
  }
}
