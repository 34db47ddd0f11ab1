// The compiled kernels as one WebAssembly module per thread: read from beside the built code, or handed over by a parent thread.
import { readFileSync } from 'node:fs';
import { type WasmModule, webAssembly } from './web-assembly.ts';

/** Beside this file once built; tests run from the sources use the build's copy. */
const KERNELS_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/kernels/kernels.wasm' : './kernels.wasm',
  import.meta.url,
);

let compiled: WasmModule | undefined;

/** Compiles on first use. Throws when the file is missing or not a module this runtime takes. */
export function compiledKernels(): WasmModule {
  compiled ??= new webAssembly!.Module(readFileSync(KERNELS_FILE));
  return compiled;
}
