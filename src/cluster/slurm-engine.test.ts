// Slurm through its commands: what is asked, and how its answers are read.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { ranges } from './index-ranges.ts';
import { batchScript, createSlurmEngine, type Finished, type SlurmJob } from './slurm-engine.ts';

const JOB: SlurmJob = {
  name: 'gridmill-1',
  manifest: 'file:///shared/runs/1/manifest.json',
  program: ['node', 'gridmill.mjs'],
  tasks: 4,
  workers: 2,
  memoryBytes: 300 * 2 ** 20,
  logFolder: '/shared/logs',
  more: ['--partition=long'],
};

let calls: string[];
let answers: Record<string, Partial<Finished>>;
beforeEach(() => {
  calls = [];
  answers = {};
});
const engine = () =>
  createSlurmEngine(JOB, async (command, args) => {
    calls.push([command, ...args].join(' '));
    return { status: 0, stdout: '', stderr: '', ...answers[command] };
  });

test('a submission says name, indices, room and where output goes', async () => {
  await engine().submit([3, 0, 1, 2, 7]);
  expect(calls).toEqual([
    'sbatch --parsable --requeue --job-name=gridmill-1 --array=0-3,7 --cpus-per-task=2 --output=/shared/logs/%a.log --open-mode=append --mem=300M --partition=long',
  ]);
  expect([ranges([5]), ranges([9, 8, 1]), ranges([])]).toEqual(['5', '1,8-9', '']);
});

test('tasks are read with exit codes and signals; of two attempts the one that lives counts', async () => {
  answers['squeue'] = {
    stdout: [
      '10|0|RUNNING|0|None',
      '11|1|PENDING|0|Resources',
      '12|2|FAILED|16384|NonZeroExitCode',
      '13|3|OUT_OF_MEMORY|9|OutOfMemory',
      '14|4|FAILED|15360|NonZeroExitCode',
      '19|4|PENDING|0|None',
      '9|N/A|RUNNING|0|None',
      '',
    ].join('\n'),
  };
  expect(await engine().look()).toEqual([
    expect.objectContaining({ index: 0, state: 'running' }),
    expect.objectContaining({ index: 1, state: 'waiting' }),
    expect.objectContaining({ index: 2, state: 'ended', exitCode: 64 }),
    expect.objectContaining({ index: 3, state: 'ended', exitCode: 137, reason: 'OUT_OF_MEMORY' }),
    expect.objectContaining({ index: 4, state: 'waiting' }),
  ]);
});

test('what was queued again need not wait its two minutes', async () => {
  answers['squeue'] = { stdout: '21|0|PENDING|0|BeginTime\n22|1|PENDING|0|Priority\n' };
  await engine().look();
  expect(calls.slice(1)).toEqual(['scontrol update JobId=21 StartTime=now']);
});

test('a controller that does not answer may answer later; one that refuses will not', async () => {
  answers['squeue'] = { status: 1, stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n' };
  await expect(engine().look()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', retryable: true });
  answers['sbatch'] = { status: 1, stderr: 'sbatch: error: Batch job submission failed: Socket timed out\n' };
  await expect(engine().submit([0])).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  answers['sbatch'] = { status: 1, stderr: 'sbatch: error: invalid partition specified: long\n' };
  await expect(engine().submit([0])).rejects.toMatchObject({ code: 'ENGINE_REFUSED', retryable: false });
});

test('the longest array is asked for', async () => {
  answers['scontrol'] = { stdout: 'MaxArraySize            = 1001\n' };
  expect(await engine().tasksMax()).toBe(1_000);
});

test('nothing in a path or a URI is special to the shell of a node', () => {
  const script = batchScript({ ...JOB, program: ["/it's here/node"], manifest: 'file:///$HOME `x`/"m"' });
  expect(script).toContain(`'/it'\\''s here/node' 'shard' 'run' '--manifest' 'file:///$HOME \`x\`/"m"'`);
});

const folder = mkdtempSync(join(tmpdir(), 'gridmill-slurm-script-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [0, 0, false],
  [64, 0, false],
  [75, 0, true],
  [75, 20, false],
])('a task that ends with %i after %i attempts: is another one asked for?', (code, restarts, asks) => {
  const program = join(folder, `ends-${code}.sh`);
  writeFileSync(program, `#!/bin/sh\nexit ${code}\n`);
  chmodSync(program, 0o755);
  const asked = join(folder, `asked-${code}-${restarts}`);
  writeFileSync(join(folder, 'scontrol'), `#!/bin/sh\necho "$@" >> "${asked}"\nexit 1\n`);
  chmodSync(join(folder, 'scontrol'), 0o755);
  writeFileSync(asked, '');
  const { status } = spawnSync('sh', ['-s'], {
    input: batchScript({ ...JOB, program: [program] }),
    env: {
      PATH: `${folder}:${process.env['PATH']}`,
      SLURM_RESTART_COUNT: String(restarts),
      SLURM_ARRAY_JOB_ID: '7',
      SLURM_ARRAY_TASK_ID: '3',
    },
  });
  expect([status, readFileSync(asked, 'utf8')]).toEqual([code, asks ? 'requeue 7_3\n' : '']);
});
