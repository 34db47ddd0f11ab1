// What `serve` and `worker` are made of, from the settings of the service.
import { join, resolve } from 'node:path';
import type { ServiceConfig } from '../api/config.ts';
import { jobTask, requestOf } from '../api/job-request.ts';
import type { Surroundings } from '../api/surroundings.ts';
import { type JobDesk, openJobDesk } from '../compute/job-desk.ts';
import type { Machine, MachineLimits } from '../compute/machine.ts';
import { AppError } from '../core/errors.ts';
import type { LeaseSettings } from '../jobs/lease-settings.ts';
import { locateStore, type StoreLocation } from '../jobs/open-store.ts';
import type { Host } from './host.ts';
import { jobLogLine } from './job-log.ts';

export const surroundings = (config: ServiceConfig, host: Host): Surroundings => ({
  engineVersion: host.version,
  storeRoot: host.storeRoot,
  strategiesFolder: resolve(host.folder, config['strategies.folder']),
  clock: host.clock,
  settings: {
    syncDeadlineSeconds: config['backtest.sync.sync_deadline_seconds'],
    maxThreads: config['backtest.cpu.max_threads'] ?? host.cores,
    maxVariantsPerCompute: config['backtest.max_variants_per_compute'],
    maxComputeBytesTotal: config['backtest.max_compute_bytes_total'],
  },
  entry: host.entry,
  residentBytes: host.residentBytes,
  memoryBytes: host.machineBytes(),
});

export const machineLimits = (config: ServiceConfig, host: Host): MachineLimits => ({
  threads: host.cores,
  threadsPerUser: config['backtest.cpu.max_threads_per_user'] ?? host.cores,
  bytes: config['backtest.max_bytes_all'] ?? config['backtest.max_compute_bytes_total'],
  waitingMax: config['server.waiting_max'],
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
    read(job, progressFolder) {
      const request = requestOf(job);
      return { user: request.user, task: jobTask(request, job.budget, progressFolder, settings) };
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
