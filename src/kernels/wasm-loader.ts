// Chooses the twin of the kernels for this runtime: WebAssembly SIMD on shared memory where both exist, else scalar.
import { AppError } from '../core/errors.ts';
import type { KernelProvider, Kernels } from './kernels.ts';
import { SCALAR_PROVIDER } from './scalar-kernels.ts';
import { createWasmMemory, WasmKernels } from './wasm-kernels.ts';
import { compiledKernels } from './wasm-module.ts';
import { missingWasmFeatures } from './wasm-support.ts';
import type { WasmMemory, WasmModule } from './web-assembly.ts';

/** What a thread needs to run the WebAssembly twin on the memory of another; both parts can be posted. */
export interface SharedKernels {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
}

export interface WasmProvider extends KernelProvider {
  readonly name: 'wasm-simd';
  create(bytes: number): {
    readonly buffer: SharedArrayBuffer;
    readonly kernels: Kernels;
    readonly shared: SharedKernels;
  };
}

export interface LoadedKernels {
  readonly provider: KernelProvider | WasmProvider;
  /** Why it is not the fastest twin, for the result; empty when it is. */
  readonly notes: readonly string[];
}

export interface LoadOptions {
  /** Insists on one twin; a runtime without it is an error instead of a note. */
  readonly force?: Kernels['name'];
  /** Compiled by another thread; absent: read from beside this file. */
  readonly module?: WasmModule;
  /** What the runtime lacks; absent: found out. */
  readonly missing?: readonly string[];
}

export function loadKernels(options: LoadOptions = {}): LoadedKernels {
  if (options.force === 'scalar') return { provider: SCALAR_PROVIDER, notes: [] };
  const missing = options.missing ?? missingWasmFeatures();
  const found = missing.length > 0 ? `This runtime has no ${missing.join(' and no ')}.` : undefined;
  if (found === undefined) {
    const provider = tryProvider(options.module);
    if (typeof provider !== 'string') return { provider, notes: [] };
    return fallBack(options, provider);
  }
  return fallBack(options, found);
}

/** The provider, or what is wrong with the compiled kernels. */
function tryProvider(module: WasmModule | undefined): WasmProvider | string {
  try {
    const compiled = module ?? compiledKernels();
    // A trial on the smallest memory: what fails would fail in every thread.
    new WasmKernels(compiled, createWasmMemory(1));
    return wasmProvider(compiled);
  } catch (error) {
    return `The compiled kernels cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function fallBack(options: LoadOptions, found: string): LoadedKernels {
  if (options.force === 'wasm-simd') {
    const todo = 'Build the kernels with `npm run build` on Node 20.19 or newer, or leave the choice of kernels open.';
    throw new AppError('DEPENDENCY_MISSING', { rule: 'WebAssembly kernels were asked for.', found, todo });
  }
  return { provider: SCALAR_PROVIDER, notes: [`${found} Scored by the scalar kernels: slower, the same bits.`] };
}

function wasmProvider(module: WasmModule): WasmProvider {
  return {
    name: 'wasm-simd',
    create: (bytes) => {
      const memory = createWasmMemory(bytes);
      return { buffer: memory.buffer, kernels: new WasmKernels(module, memory), shared: { module, memory } };
    },
  };
}

/** The kernels of a thread on the memory that another thread made. */
export function attachKernels({ module, memory }: SharedKernels): Kernels {
  return new WasmKernels(module, memory);
}
