// The scalar twin of the kernels: runs everywhere, and is what the WebAssembly twin must equal bit for bit.
import type { KernelProvider, Kernels } from './kernels.ts';
import { and, andNot, compareBoth, compareColumns, compareNumber, crossing, or } from './scalar-bitmaps.ts';
import { computeIndicator } from './scalar-indicators.ts';
import { fillTables } from './scalar-market.ts';
import { beginWalk, endWalk, walkTo } from './scalar-walk.ts';

export const SCALAR_KERNELS: Kernels = {
  name: 'scalar',
  compareColumns,
  compareBoth,
  compareNumber,
  crossing,
  and,
  or,
  andNot,
  computeIndicator,
  fillTables,
  beginWalk,
  walkTo,
  endWalk,
};

export const SCALAR_PROVIDER: KernelProvider = {
  name: 'scalar',
  create: (bytes) => ({ buffer: new SharedArrayBuffer(bytes), kernels: SCALAR_KERNELS }),
};
