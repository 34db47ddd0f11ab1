// gridmill worker: runs jobs of the store's queue, until it is told to stop.
import type { Command } from 'commander';
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
  const config = await loadConfig({ path: options.config, flags }, host);
  if (config['jobs.concurrency'] === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A worker runs at least one job at once.',
      found: 'jobs.concurrency = 0.',
      todo: 'Give --jobs 1.',
    });
  }
  const { createMachine } = await import('../../compute/machine.ts');
  const { machineLimits, openDesk } = await import('../service-process.ts');
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
    await watchdog?.stop();
  }
}
