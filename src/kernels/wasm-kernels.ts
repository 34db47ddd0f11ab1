// The WebAssembly twin of the kernel interface: turns views into byte offsets and calls the module's exports.
import type { Kernels } from './kernels.ts';
import { type WasmFunction, type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

type Bits = Uint32Array;
type Column = Float64Array;

/** The kernels of `module` on `memory`; every array handed to them must be a view on the memory's buffer. */
export class WasmKernels implements Kernels {
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

  compareNumber(out: Bits, operator: 0 | 1 | 2 | 3, a: Column, number: number): void {
    this.columnTests[operator](out.byteOffset, a.byteOffset, number, a.length);
  }

  crossing(out: Bits, after: Bits, before: Bits, valid: Bits): void {
    this.exports['crossingBits'](out.byteOffset, after.byteOffset, before.byteOffset, valid.byteOffset, out.length);
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
