// Slurm as an engine of arrays: sbatch, squeue, scontrol and scancel, found again by the name of the job and never by its number.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ArrayEngine, Task } from './array-engine.ts';
import { ranges } from './index-ranges.ts';

export interface SlurmJob {
  /** Of the job: no other run has it. A controller that loses its state gives job numbers anew, names stay. */
  readonly name: string;
  readonly manifest: string;
  /** How a node starts this program: its interpreter and its file. */
  readonly program: readonly string[];
  /** Tasks that share all shards. */
  readonly tasks: number;
  readonly workers: number;
  /** Most memory of one task; what the partition gives when left out. */
  readonly memoryBytes?: number | undefined;
  /** Folder for the output of tasks, which nodes can write. */
  readonly logFolder: string;
  /** Further arguments of sbatch: --partition=x, --time=01:00:00. */
  readonly more: readonly string[];
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with text for its input. */
export type Execute = (command: string, args: readonly string[], input?: string) => Promise<Finished>;

/** A controller that is busy answers late; one that is gone not at all. */
const COMMAND_MS = 30_000;

export const execute: Execute = (command, args, input = '') =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: COMMAND_MS });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => resolve({ status: null, stdout, stderr: error.message }));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

export function createSlurmEngine(job: SlurmJob, run: Execute = execute): ArrayEngine {
  const ask = async (command: string, ...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(command, args);
    if (status === 0) return stdout;
    throw new AppError('ENGINE_UNREACHABLE', {
      found: `${command} failed: ${firstLine(stderr) || `exit code ${status}`}.`,
      todo: 'Check that Slurm answers: sinfo.',
    });
  };
  return {
    name: 'Slurm',
    async tasksMax() {
      const found = /^MaxArraySize\s*=\s*(\d+)/m.exec(await ask('scontrol', 'show', 'config'))?.[1];
      // The largest index is one below it.
      return Math.max(1, Number(found ?? 1_001) - 1);
    },
    async submit(indices) {
      const args = [...sbatchArguments(job, indices), ...job.more];
      const { status, stderr } = await run('sbatch', args, batchScript(job));
      if (status === 0) return;
      // It did not end in time, or could not be started: whether the job was taken is seen by its name.
      const found = `sbatch: ${firstLine(stderr) || `exit code ${status}`}.`;
      if (status === null || /Unable to contact|Socket timed out|Zero Bytes|Connection refused/i.test(stderr)) {
        throw new AppError('ENGINE_UNREACHABLE', { found, todo: 'Check that Slurm answers: sinfo.' });
      }
      throw new AppError('ENGINE_REFUSED', { found, todo: 'Correct --cluster-args.' });
    },
    async look() {
      const lines = await ask('squeue', '--me', '-h', '-r', '-t', 'all', '-n', job.name, '-O', COLUMNS);
      const tasks = lines.split('\n').flatMap(readTask);
      await hasten(tasks, ask);
      return alive(tasks);
    },
    async cancel() {
      await ask('scancel', '--me', '--name', job.name);
    },
    logOf: (index) => join(job.logFolder, `${index}.log`),
  };
}

const firstLine = (text: string): string => text.trim().split('\n')[0]!.slice(0, 200);

const COLUMNS = 'JobID:|,ArrayTaskID:|,State:|,exit_code:|,Reason:';

interface SlurmTask extends Task {
  readonly jobId: string;
}

const WAITING: readonly string[] = [
  'PENDING',
  'REQUEUED',
  'REQUEUE_HOLD',
  'REQUEUE_FED',
  'SPECIAL_EXIT',
  'RESV_DEL_HOLD',
];
const RUNNING: readonly string[] = [
  'RUNNING',
  'COMPLETING',
  'CONFIGURING',
  'SUSPENDED',
  'STOPPED',
  'RESIZING',
  'SIGNALING',
  'STAGE_OUT',
];

function readTask(line: string): SlurmTask[] {
  const [jobId, index, state, status, reason] = line.split('|').map((text) => text.trim());
  if (jobId === undefined || !/^\d+$/.test(index ?? '') || state === undefined) return [];
  if (WAITING.includes(state)) return [{ jobId, index: Number(index), state: 'waiting', reason: reason ?? '' }];
  if (RUNNING.includes(state)) return [{ jobId, index: Number(index), state: 'running', reason: reason ?? '' }];
  // As wait(2) has it: the exit code above, the signal below.
  const raw = Number(status);
  const exitCode = (raw & 0x7f) === 0 ? raw >> 8 : 128 + (raw & 0x7f);
  return [{ jobId, index: Number(index), state: 'ended', exitCode, reason: state }];
}

/** Slurm lets what it has queued again wait for two minutes; nothing here needs that. */
async function hasten(
  tasks: readonly SlurmTask[],
  ask: (command: string, ...args: string[]) => Promise<string>,
): Promise<void> {
  for (const { jobId, state, reason } of tasks) {
    if (state !== 'waiting' || reason !== 'BeginTime') continue;
    // It may have begun in between.
    await ask('scontrol', 'update', `JobId=${jobId}`, 'StartTime=now').catch(() => undefined);
  }
}

/** Of several tasks with one index, such as earlier attempts, the one that may yet do something; else the last. */
function alive(tasks: readonly SlurmTask[]): Task[] {
  const byIndex = new Map<number, SlurmTask>();
  for (const task of tasks) {
    const other = byIndex.get(task.index);
    const isLater = other !== undefined && Number(task.jobId) > Number(other.jobId);
    if (other === undefined || (other.state === 'ended' && (task.state !== 'ended' || isLater))) {
      byIndex.set(task.index, task);
    }
  }
  return [...byIndex.values()];
}

function sbatchArguments({ name, workers, memoryBytes, logFolder }: SlurmJob, indices: readonly number[]): string[] {
  return [
    '--parsable',
    '--requeue',
    `--job-name=${name}`,
    `--array=${ranges(indices)}`,
    `--cpus-per-task=${workers}`,
    `--output=${join(logFolder, '%a.log')}`,
    '--open-mode=append',
    ...(memoryBytes === undefined ? [] : [`--mem=${Math.ceil(memoryBytes / 2 ** 20)}M`]),
  ];
}

/** For a shell: nothing inside is special. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The shell passes signals on, because Slurm may tell only the shell; and it asks for another attempt where the exit code does, because Slurm
 * itself repeats a task only when its node was lost.
 */
export function batchScript({ program, manifest, tasks, workers }: SlurmJob): string {
  const command = [
    ...program,
    'shard',
    'run',
    '--manifest',
    manifest,
    '--tasks',
    String(tasks),
    '--workers',
    String(workers),
  ];
  return `#!/bin/sh
${command.map(quoted).join(' ')} &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT USR1
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
if [ "$code" = 75 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${LIMITS.shardRequeuesMax} ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}" && sleep 60
fi
exit "$code"
`;
}
