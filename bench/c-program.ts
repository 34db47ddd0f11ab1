// The C program of the same method: compiled with the machine's own compiler and flags, run as a child that times itself.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scores, Values } from './agreement.ts';
import type { Contestant } from './measure.ts';
import { pairKey } from './peers.ts';

const FLAGS = ['-O3', '-march=native', '-std=c11', '-Wall', '-Wextra', '-Werror'];

/** Compiles bench/c/dual_sma.c into `folder`; undefined when there is no C compiler. Throws when it does not compile. */
export function compileDualSma(root: string, folder: string): string | undefined {
  if (spawnSync('cc', ['--version']).status !== 0) return undefined;
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'dual_sma');
  const { status, stderr } = spawnSync('cc', [...FLAGS, '-o', program, join(root, 'bench/c/dual_sma.c'), '-lm'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cc: ${stderr}`);
  return program;
}

export interface DualSmaJob {
  readonly program: string;
  readonly folder: string;
  readonly close: Float64Array;
  readonly windows: readonly [first: number, last: number];
  readonly fee: number;
}

/** Runs the program once, after one untimed round in the same process that touches its memory. */
export function runDualSma(job: DualSmaJob): { readonly ms: number; readonly scores: Scores } {
  const [first, last] = job.windows;
  const closes = join(job.folder, 'closes.f64');
  const rows = join(job.folder, 'dual_sma.rows');
  writeFileSync(closes, new Uint8Array(job.close.buffer, job.close.byteOffset, job.close.byteLength));
  const args = [closes, first, last, job.fee, 1, 1, rows].map(String);
  const { status, stdout, stderr } = spawnSync(job.program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dual_sma: ${stderr}`);
  const bytes = readFileSync(rows);
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  const scores = new Map<string, Values>();
  let at = 0;
  for (let fast = first; fast <= last; fast++) {
    for (let slow = fast + 1; slow <= last; slow++, at += 2) {
      scores.set(pairKey(fast, slow), { totalReturn: values[at], trades: values[at + 1] });
    }
  }
  return { ms: Number(stdout) / 1e6, scores };
}

export function dualSmaContestant(name: string, job: DualSmaJob, units: number): Contestant {
  return { name, units, runOnce: async () => runDualSma(job).ms };
}
