// What this runtime lacks of what the WebAssembly kernels need, found with the smallest modules that use it.
import { webAssembly } from './web-assembly.ts';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** One function without parameters that returns i8x16.splat(0). */
const SIMD = [...HEADER, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x41, 0, 0xfd, 15, 0x0b];
/** One memory of one page, shared. */
const SHARED_MEMORY = [...HEADER, 5, 4, 1, 3, 1, 1];

/** One phrase per missing feature, for the note of a result; none when the kernels can run. */
export function missingWasmFeatures(runtime: typeof webAssembly | null = webAssembly): readonly string[] {
  if (runtime === undefined || runtime === null) return ['WebAssembly'];
  const missing: string[] = [];
  if (!runtime.validate(Uint8Array.from(SIMD))) missing.push('WebAssembly SIMD');
  if (!runtime.validate(Uint8Array.from(SHARED_MEMORY))) missing.push('shared WebAssembly memory');
  return missing;
}
