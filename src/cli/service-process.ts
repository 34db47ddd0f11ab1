// What `serve` and `worker` are made of, from the settings of the service.
import { join, resolve } from 'node:path';
import type { ServiceConfig } from '../api/config.ts';
import { cutRuleOf, jobTask, requestOf } from '../api/job-request.ts';
import type { BacktestBody } from '../api/schemas.ts';
import type { Surroundings } from '../api/surroundings.ts';
import { type JobDesk, openJobDesk } from '../compute/job-desk.ts';
import type { AdmissionLimits, Machine } from '../compute/machine.ts';
import { AppError } from '../core/errors.ts';
import type { LeaseSettings } from '../jobs/lease-settings.ts';
import { locateStore, type StoreLocation } from '../jobs/open-store.ts';
import type { Host } from './host.ts';
import { jobLogLine } from './job-log.ts';

const bytesOfAll = (config: ServiceConfig): number =>
  config['backtest.max_bytes_all'] ?? config['backtest.max_compute_bytes_total'];

export const surroundings = (config: ServiceConfig, host: Host): Surroundings => ({
  engineVersion: host.version,
  storeRoot: host.storeRoot,
  strategiesFolder: resolve(host.folder, config['strategies.folder']),
  clock: host.clock,
  settings: {
    syncDeadlineSeconds: config['backtest.sync.sync_deadline_seconds'],
    // More than a user may have at once would never be granted.
    maxThreads: Math.min(
      config['backtest.cpu.max_threads'] ?? host.cores,
      config['backtest.cpu.max_threads_per_user'] ?? host.cores,
      host.cores,
    ),
    maxVariantsPerCompute: config['backtest.max_variants_per_compute'],
    // One computation never gets more than all of them together.
    maxComputeBytesTotal: Math.min(config['backtest.max_compute_bytes_total'], bytesOfAll(config)),
    strategyUploads: config['strategies.uploads'],
    shardSeconds: config['jobs.shard_seconds'],
  },
  entry: host.entry,
  residentBytes: host.residentBytes,
  memoryBytes: host.machineBytes(),
});

/** Between two looks at how much the heap may grow. */
const BOUND_MS = 1_000;

/** Keeps the heap of a process that lives long close to what is alive in it: each thread that starts sets V8's bounds back. Answers the end. */
export function keepHeapBound({ boundHeap }: Pick<Host, 'boundHeap'>): () => void {
  boundHeap();
  const bounds = setInterval(boundHeap, BOUND_MS);
  return () => clearInterval(bounds);
}

/** `users`: how many tokens there are; with several of them none may fill more than half of the waiting room. */
export const machineLimits = (config: ServiceConfig, host: Host, users = 1): AdmissionLimits => ({
  threads: host.cores,
  threadsPerUser: config['backtest.cpu.max_threads_per_user'] ?? host.cores,
  bytes: bytesOfAll(config),
  waitingMax: config['server.waiting_max'],
  waitingPerUser:
    config['server.waiting_max_per_user'] ??
    (users > 1 ? Math.ceil(config['server.waiting_max'] / 2) : config['server.waiting_max']),
});

/** Errors: REQUEST_INVALID for settings that cannot work; those of opening the queue. */
export function openDesk(config: ServiceConfig, machine: Machine, host: Host): Promise<JobDesk> {
  const { clock, newId, storeRoot, version: engineVersion } = host;
  const { settings, strategiesFolder: folder } = surroundings(config, host);
  return openJobDesk({
    location: queueLocation(host),
    machine,
    clock,
    newId,
    surroundings: { folder, storeRoot, engineVersion },
    concurrency: config['jobs.concurrency'],
    settings: leaseSettings(config),
    async read(job, progressFolder) {
      if (job.kind === 'study') return (await import('../api/study-request.ts')).studyJobTask(job, settings);
      const request = requestOf<BacktestBody>(job);
      const task = jobTask(request, job.budget, progressFolder, settings);
      return { user: request.user, task, rule: cutRuleOf(request, settings) };
    },
    onEvent: (event) => host.stderr.write(jobLogLine(event, clock.wallMs())),
  });
}

function queueLocation({ environment, storeRoot }: Host): StoreLocation {
  const { USE_SQLITE: useSqlite = 'true', DATABASE_URL: databaseUrl } = environment;
  if (!/^(true|false|1|0|)$/i.test(useSqlite)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'USE_SQLITE is true or false.',
      found: `"${useSqlite.slice(0, 40)}".`,
      todo: 'Correct it, or leave it out.',
    });
  }
  return locateStore({ useSqlite: !/^(false|0)$/i.test(useSqlite), databaseUrl, folder: join(storeRoot, 'jobs') });
}

/** Renewed at least every second, so that those who follow a job in another process see how far it is. */
function leaseSettings(config: ServiceConfig): LeaseSettings {
  const leaseMs = config['jobs.lease_seconds'] * 1000;
  return { leaseMs, heartbeatMs: 750, watchMs: 250, sweepMs: config['jobs.sweep_seconds'] * 1000 };
}
