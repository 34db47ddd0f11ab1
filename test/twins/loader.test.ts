// The choice of twin: WebAssembly where it runs, scalar with a note where it does not, the same code for every thread.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { Arena } from '../../src/kernels/arena.ts';
import { OP_ABOVE_NUMBER, OP_CELLS, OP_NUMBER_BYTES } from '../../src/kernels/program-layout.ts';
import { attachKernels, loadKernels, type WasmProvider } from '../../src/kernels/wasm-loader.ts';
import { missingWasmFeatures } from '../../src/kernels/wasm-support.ts';
import { randomCandles } from './markets.ts';
import { buildKernels, root } from './twins.ts';
import { wholeMarket } from './whole-market.ts';

buildKernels();

test('this runtime takes the WebAssembly twin without a note', () => {
  const { provider, notes } = loadKernels();
  expect(provider.name).toBe('wasm-simd');
  expect(notes).toEqual([]);
  const { buffer, kernels } = provider.create(100_000);
  expect(kernels.name).toBe('wasm-simd');
  expect(buffer.byteLength).toBeGreaterThanOrEqual(100_000);
  expect(buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('a runtime without SIMD or shared memory takes the scalar twin and says why', () => {
  const { provider, notes } = loadKernels({ missing: ['WebAssembly SIMD', 'shared WebAssembly memory'] });
  expect(provider.name).toBe('scalar');
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain('no WebAssembly SIMD and no shared WebAssembly memory');
});

test('kernels that cannot be loaded are a note too', () => {
  const { provider, notes } = loadKernels({ module: {} as never });
  expect(provider.name).toBe('scalar');
  expect(notes[0]).toContain('cannot be loaded');
});

test('the scalar twin can be asked for', () => {
  const { provider, notes } = loadKernels({ force: 'scalar' });
  expect(provider.name).toBe('scalar');
  expect(notes).toEqual([]);
});

test('insisting on WebAssembly where it is missing is an error with the reason', () => {
  try {
    loadKernels({ force: 'wasm-simd', missing: ['WebAssembly SIMD'] });
    expect.fail('no error was thrown');
  } catch (error) {
    expect(isAppError(error, 'DEPENDENCY_MISSING') && error.message).toContain('no WebAssembly SIMD');
  }
});

test('the probes tell what is missing', () => {
  expect(missingWasmFeatures()).toEqual([]);
  expect(missingWasmFeatures(null)).toEqual(['WebAssembly']);
  const refuses = { validate: () => false } as unknown as Parameters<typeof missingWasmFeatures>[0];
  expect(missingWasmFeatures(refuses)).toEqual(['WebAssembly SIMD', 'shared WebAssembly memory']);
});

test('module and memory can be posted: a thread sees what another wrote', async () => {
  const provider = loadKernels({ force: 'wasm-simd' }).provider as WasmProvider;
  const { shared, buffer } = provider.create(4096);
  new Float64Array(buffer, 0, 3).set([1, 5, 2]);
  const ops = new Int32Array(buffer, 1024, OP_CELLS);
  const number = new Float64Array(buffer, 1024 + OP_NUMBER_BYTES, 1);
  ops.set([OP_ABOVE_NUMBER, 64, 0]);
  number[0] = 1.5;
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    const { exports } = new WebAssembly.Instance(workerData.module, { env: { memory: workerData.memory } });
    exports.runTile(1024, 1, 0, 3);
    parentPort.postMessage('done');`;
  const worker = new Worker(script, { eval: true, workerData: shared });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await worker.terminate();
  expect(new Uint32Array(buffer, 64, 1)[0]).toBe(0b110);
  ops.set([OP_ABOVE_NUMBER, 128, 0]);
  number[0] = 4;
  const arena = new Arena(new SharedArrayBuffer(4096));
  const market = wholeMarket(arena, randomCandles(3, createPrng(1)));
  attachKernels(shared).runTile({ market, ops, opCount: 1 }, 0, 3);
  const out = new Uint32Array(buffer, 128, 1);
  expect(out[0]).toBe(0b010);
});

/** Another Node binary, such as one of the next major version: the compiled bytes must not depend on it. */
const otherNode = process.env['GRIDMILL_OTHER_NODE'];

test.skipIf(otherNode === undefined)('another version of Node compiles the same bytes', () => {
  const path = join(tmpdir(), `gridmill-kernels-${process.pid}.wasm`);
  const code = `import('./scripts/build-kernels.mjs').then((build) => process.exit(build.compileKernels(${JSON.stringify(path)})))`;
  const { status, stderr } = spawnSync(otherNode!, ['-e', code], { cwd: root });
  expect(status, String(stderr)).toBe(0);
  const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  expect(hash(path)).toBe(hash(join(root, 'dist/kernels/kernels.wasm')));
  rmSync(path);
});
