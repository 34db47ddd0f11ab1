// What a compute environment of AWS Batch does with a child: starts the real image with podman, under its limits, and says how it ended.
import { spawn } from 'node:child_process';
import type { BatchChild, ExecuteChild } from './batch-attempt.ts';
import type { AttemptEnd } from './batch-retry.ts';
import { podman } from './podman.ts';

export interface BatchDouble {
  readonly execute: ExecuteChild;
  /** Settles when a first container of that attempt is running, or has ended. */
  whenRunning(child: Pick<BatchChild, 'jobId' | 'attempt'>): Promise<void>;
  /** What the containers of a job have written, all attempts. */
  logsOf(jobId: string): string;
}

export interface DoubleOptions {
  /** The image here that a definition's stands for. */
  readonly imageOf: (image: string) => string;
  /** What a task of AWS has besides: region, and credentials of its role. */
  readonly platform: Readonly<Record<string, string>>;
}

/** Of podman itself: 125 it could not start the container, 126 and 127 the container could not start its command. */
const NOT_STARTED: ReadonlyMap<number, string> = new Map([
  [125, 'CannotPullContainerError'],
  [126, 'CannotStartContainerError'],
  [127, 'CannotStartContainerError'],
]);

const POLL_MS = 200;

export function createBatchDouble({ imageOf, platform }: DoubleOptions): BatchDouble {
  const logs = new Map<string, string>();
  const names = new Map<string, string>();
  const ended = new Set<string>();
  let count = 0;

  const execute: ExecuteChild = (child) =>
    new Promise((resolve) => {
      const name = `gridmill-batch-${process.pid}-${count++}`;
      if (child.copy === 0) names.set(`${child.jobId} ${child.attempt}`, name);
      const args = containerArguments(child, name, platform);
      const run = spawn('podman', ['run', ...args, imageOf(child.image), ...child.command]);
      let isKilled = false;
      const write = (text: string): void => void logs.set(child.jobId, (logs.get(child.jobId) ?? '') + text);
      run.stdout.setEncoding('utf8').on('data', write);
      run.stderr.setEncoding('utf8').on('data', write);
      run.on('error', (error) => {
        ended.add(name);
        resolve({ statusReason: 'Task failed to start', reason: `CannotStartContainerError: ${error.message}` });
      });
      run.on('close', (code) => {
        ended.add(name);
        write(`[attempt ${child.attempt}, container ${child.copy}: exit code ${code}]\n`);
        resolve(endOf(code ?? 137, isKilled, logs.get(child.jobId)!));
      });
      child.onSignal((signal) => {
        isKilled ||= signal === 'SIGKILL';
        deliver(signal, name, () => ended.has(name));
      });
    });

  return {
    execute,
    async whenRunning({ jobId, attempt }) {
      for (;;) {
        const name = names.get(`${jobId} ${attempt}`);
        if (name !== undefined && (ended.has(name) || isRunning(name))) return;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    logsOf: (jobId) => logs.get(jobId) ?? '',
  };
}

const isRunning = (name: string): boolean =>
  podman(['inspect', '--format', '{{.State.Running}}', name]).stdout.trim() === 'true';

/** Again until it arrives: a container that is being made takes no signal yet. */
function deliver(signal: string, name: string, isOver: () => boolean): void {
  if (isOver()) return;
  const kill = spawn('podman', ['kill', '--signal', signal, name], { stdio: 'ignore' });
  kill.on('close', (code) => {
    if (code !== 0) setTimeout(() => deliver(signal, name, isOver), POLL_MS);
  });
}

/** Memory without swap, processor time, a root that cannot be written where the definition says so; the server of S3 is on the host's loopback. */
function containerArguments(child: BatchChild, name: string, platform: DoubleOptions['platform']): string[] {
  const environment = Object.entries({ ...platform, ...child.environment });
  return [
    ...['--rm', '--name', name, '--network', 'host', '--pull', 'never'],
    ...['--memory', `${child.memoryMib}m`, '--memory-swap', `${child.memoryMib}m`, '--cpus', String(child.vcpus)],
    ...(child.isRootReadOnly ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(child.isInitProcess ? ['--init'] : []),
    ...environment.flatMap(([key, value]) => ['--env', `${key}=${value}`]),
  ];
}

function endOf(exitCode: number, isKilled: boolean, log: string): Partial<AttemptEnd> {
  const notStarted = NOT_STARTED.get(exitCode);
  if (notStarted !== undefined) {
    return { statusReason: 'Task failed to start', reason: `${notStarted}: ${log.trim().split('\n').at(-2)}` };
  }
  // Nobody else kills here: it was the limit of memory.
  if (exitCode === 137 && !isKilled) {
    return { exitCode, reason: 'OutOfMemoryError: Container killed due to memory usage' };
  }
  return { exitCode };
}
