// gridmill worker: runs jobs of the store's queue, until it is told to stop.
import type { Command } from 'commander';
import type { ServiceConfig } from '../../api/config.ts';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { createAnnouncer } from '../announcer.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { wholeNumber } from '../option-values.ts';

interface WorkerOptions {
  readonly config?: string;
  readonly strategies?: string;
  readonly maxThreads?: number;
  readonly jobs?: number;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .option('--config <file>', 'settings, the same as of serve (default: config/gridmill.yaml where there is one)')
    .option('--strategies <folder>', 'folder of strategy files that jobs may name (default: strategies)')
    .option(
      '--max-threads <n>',
      'scoring threads of one job (default: one per core)',
      wholeNumber('--max-threads', 1, LIMITS.workersMax),
    )
    .option('--jobs <n>', 'jobs it runs at once (default: 1)', wholeNumber('--jobs', 1, LIMITS.runnerJobsMax))
    .addHelpText(
      'after',
      examples(
        ['Another process for the jobs of the same store', 'gridmill worker'],
        [
          'On another machine: the queue in PostgreSQL, the candles in its own store',
          'USE_SQLITE=false DATABASE_URL=postgres://gridmill@db/gridmill gridmill worker',
        ],
      ),
    )
    .action(action((options: WorkerOptions) => work(options, host)));
}

async function work(options: WorkerOptions, host: Host): Promise<undefined> {
  const { loadConfig } = await import('../service-config.ts');
  const flags = {
    'strategies.folder': options.strategies,
    'backtest.cpu.max_threads': options.maxThreads,
    'jobs.concurrency': options.jobs,
  };
  const { enterRunning, listRunning } = await import('../../store/running-registry.ts');
  const machineBytes = host.machineBytes();
  const taken = listRunning(host.storeRoot).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  // Where nobody gives a budget it is a share of what the service and other workers leave.
  const freeBytes = Math.max(FREE_BYTES_MIN, machineBytes - taken);
  const config = await loadConfig({ path: options.config, flags, freeBytes }, host);
  if (config['jobs.concurrency'] === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A worker runs at least one job at once.',
      found: 'jobs.concurrency = 0.',
      todo: 'Give --jobs 1.',
    });
  }
  const memoryBytes = config['backtest.max_bytes_all'] ?? config['backtest.max_compute_bytes_total'];
  const own = { memoryBytes, workers: host.cores, label: 'gridmill worker' };
  const leave = enterRunning(host.storeRoot, own, machineBytes);
  try {
    return await runJobs(config, host);
  } finally {
    leave();
  }
}

/** The share of less than this is less than any computation takes: such a worker is refused when it enters, with the numbers. */
const FREE_BYTES_MIN = 2 ** 28;

async function runJobs(config: ServiceConfig, host: Host): Promise<undefined> {
  const { createMachine } = await import('../../compute/machine.ts');
  const { keepHeapBound, machineLimits, openDesk } = await import('../service-process.ts');
  const endBounds = keepHeapBound(host);
  const desk = await openDesk(config, createMachine(machineLimits(config, host)), host);
  const silenceSeconds = config['server.silence_seconds'];
  let watchdog: { stop(): Promise<void> } | undefined;
  try {
    const { startWatchdog } = await import('../../compute/watchdog.ts');
    if (silenceSeconds > 0) watchdog = startWatchdog(silenceSeconds * 1000);
    createAnnouncer(host)(`Gridmill ${host.version} runs jobs of ${host.storeRoot}.`);
    await new Promise<void>((stop) => host.onInterrupt(stop));
    return undefined;
  } finally {
    await desk.close();
    endBounds();
    await watchdog?.stop();
  }
}
