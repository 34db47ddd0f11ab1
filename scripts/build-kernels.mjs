// Compiles src/kernels/assembly to dist/kernels/kernels.wasm with asc, when a source is newer than the binary.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = join(root, 'src/kernels/assembly');
/** Files outside that folder which both compilers read. */
const SHARED_SOURCES = [
  'src/kernels/market-layout.ts',
  'src/kernels/program-layout.ts',
  'src/kernels/risk-layout.ts',
  'src/kernels/walk-layout.ts',
  'src/simulate/vectorbt-tolerance.ts',
];
export const kernelsPath = join(root, 'dist/kernels/kernels.wasm');

/** Shared memory is imported; `stub` and `noAssert`: kernels neither allocate nor throw; `converge`: smaller, same bits. */
const FLAGS = [
  ...['--runtime', 'stub', '--noAssert', '-O3', '--converge'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--enable', 'threads', '--enable', 'simd'],
];

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isCurrent() {
  const inputs = readdirSync(sources).map((name) => join(sources, name));
  inputs.push(...SHARED_SOURCES.map((path) => join(root, path)));
  inputs.push(fileURLToPath(import.meta.url), join(root, 'node_modules/assemblyscript/package.json'));
  const built = changedAt(kernelsPath);
  return built > 0 && inputs.every((path) => changedAt(path) <= built);
}

/** Compiles to `path` with the asc of node_modules, whatever is there; answers the exit status. */
export function compileKernels(path) {
  mkdirSync(dirname(path), { recursive: true });
  // Built beside and renamed, so that a test that builds while another reads finds whole files only.
  const partial = `${path}.${process.pid}.tmp`;
  const args = [
    join(root, 'node_modules/assemblyscript/bin/asc.js'),
    join(sources, 'index.ts'),
    '-o',
    partial,
    ...FLAGS,
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) renameSync(partial, path);
  return status ?? 1;
}

export function buildKernels() {
  return isCurrent() ? 0 : compileKernels(kernelsPath);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exit(buildKernels());
}
