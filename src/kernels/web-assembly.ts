// The few parts of WebAssembly that the kernels use, typed: the compiler's library knows them only for browsers.

/** Compiled code: posted to threads, it is shared, not compiled again. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages of 64 KiB and answers how many there were. Views made before keep the old length. */
  grow(pages: number): number;
}

export type WasmFunction = (...values: number[]) => void;

interface WebAssemblyGlobal {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Memory: new (options: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: object };
}

/** Undefined where the runtime was started without WebAssembly. */
export const webAssembly = (globalThis as { WebAssembly?: unknown }).WebAssembly as WebAssemblyGlobal | undefined;

export const PAGE_BYTES = 65_536;
/** What 32-bit addresses reach: 4 GiB. */
export const MOST_PAGES = 65_536;
