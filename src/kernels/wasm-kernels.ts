// The WebAssembly twin of the kernel interface: turns views into byte offsets and calls the module's exports.
import { assert } from '../core/assert.ts';
import type { Kernels } from './kernels.ts';
import {
  MOST_PAGES,
  PAGE_BYTES,
  type WasmFunction,
  type WasmMemory,
  type WasmModule,
  webAssembly,
} from './web-assembly.ts';

type Bits = Uint32Array;
type Column = Float64Array;

/** The kernels of `module` on `memory`; every array handed to them must be a view on the memory's buffer. */
export class WasmKernels implements Omit<Kernels, 'walk'> {
  readonly name = 'wasm-simd';
  private readonly columnTests: readonly WasmFunction[];
  private readonly exports: Readonly<Record<string, WasmFunction>>;

  constructor(module: WasmModule, memory: WasmMemory) {
    this.exports = new webAssembly!.Instance(module, { env: { memory } }).exports;
    const { columnAbove, columnAtOrAbove, columnBelow, columnAtOrBelow } = this.exports;
    this.columnTests = [columnAbove, columnAtOrAbove, columnBelow, columnAtOrBelow];
  }

  compareColumns(out: Bits, orEqual: boolean, a: Column, b: Column): void {
    const compare = orEqual ? this.exports['columnsAtOrAbove'] : this.exports['columnsAbove'];
    compare(out.byteOffset, a.byteOffset, b.byteOffset, a.length);
  }

  compareBoth(greater: Bits, less: Bits, a: Column, b: Column): void {
    const compare = this.exports['columnsBothWays'];
    compare(greater.byteOffset, less.byteOffset, a.byteOffset, b.byteOffset, a.length);
  }

  compareNumber(out: Bits, operator: 0 | 1 | 2 | 3, a: Column, number: number): void {
    this.columnTests[operator](out.byteOffset, a.byteOffset, number, a.length);
  }

  crossing(out: Bits, after: Bits, before: Bits, valid: Bits): void {
    this.exports['crossing'](out.byteOffset, after.byteOffset, before.byteOffset, valid.byteOffset, out.length);
  }

  and(out: Bits, a: Bits, b: Bits): void {
    this.exports['andBits'](out.byteOffset, a.byteOffset, b.byteOffset, out.length);
  }

  or(out: Bits, a: Bits, b: Bits): void {
    this.exports['orBits'](out.byteOffset, a.byteOffset, b.byteOffset, out.length);
  }

  andNot(out: Bits, a: Bits, b: Bits): void {
    this.exports['andNotBits'](out.byteOffset, a.byteOffset, b.byteOffset, out.length);
  }
}

/**
 * A shared memory of at least `bytes`, its content 0, that never grows. Post it to threads as it is: the buffer alone
 * does not let another thread run kernels on it.
 */
export function createWasmMemory(bytes: number): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  assert(pages <= MOST_PAGES, 'one kernel memory holds at most 4 GiB');
  return new webAssembly!.Memory({ initial: pages, maximum: pages, shared: true });
}
