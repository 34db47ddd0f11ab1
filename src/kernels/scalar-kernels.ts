// The scalar twin of the kernels: runs everywhere, and is what the WebAssembly twin must equal bit for bit.
import type { KernelProvider, Kernels } from './kernels.ts';
import { computeIndicator } from './scalar-indicators.ts';
import { fillTables } from './scalar-market.ts';
import { beginProgram, endProgram, runTile } from './scalar-program.ts';
import { beginRiskWalk, endRiskWalk, riskWalkTo } from './scalar-risk-walk.ts';
import { beginWalk, endWalk, walkTo } from './scalar-walk.ts';

export const SCALAR_KERNELS: Kernels = {
  name: 'scalar',
  computeIndicator,
  fillTables,
  beginWalk,
  walkTo,
  endWalk,
  beginRiskWalk,
  riskWalkTo,
  endRiskWalk,
  beginProgram,
  runTile,
  endProgram,
};

export const SCALAR_PROVIDER: KernelProvider = {
  name: 'scalar',
  create: (bytes) => ({ buffer: new SharedArrayBuffer(bytes), kernels: SCALAR_KERNELS }),
};
