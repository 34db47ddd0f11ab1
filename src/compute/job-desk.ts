// The queue of one process: its store, the folders of its jobs' progress, and the runner that works on them.
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { seedOf } from '../core/hash.ts';
import { createPrng } from '../core/prng.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { startKeeperThread } from '../jobs/keeper-thread.ts';
import { checkLeaseSettings, type LeaseSettings } from '../jobs/lease-settings.ts';
import { openJobStore, type StoreLocation } from '../jobs/open-store.ts';
import { type OwnerLocks, openOwnerLocks } from '../jobs/owner-locks.ts';
import { createLiveness } from '../jobs/process-identity.ts';
import { type RunnerEvent, startRunner } from '../jobs/runner.ts';
import { jobNotFound } from '../jobs/store-errors.ts';
import { createTime } from '../jobs/time.ts';
import { listCheckpointFolders, removeCheckpointFolder } from '../store/checkpoint-file.ts';
import { createJobWork, type JobWorkOptions } from './job-work.ts';
import type { Machine } from './machine.ts';

/** What routes and the runner of one process share. */
export interface JobDesk {
  readonly store: JobStore;
  /** An id for a new job. */
  newId(): string;
  /** The same for one that a request may become: its progress is kept before the job is there. */
  newHandoverId(): string;
  /** Where the progress of this job is kept on this machine. */
  progressFolder(id: string): string;
  dropProgress(id: string): void;
  /** Lets the runner of this process look for a job now. */
  wake(): void;
  /** Jobs that run go back to the queue; then store and threads are closed. */
  close(): Promise<void>;
}

export interface JobDeskOptions extends Pick<JobWorkOptions, 'surroundings' | 'makesRoomAfterMs'> {
  readonly location: StoreLocation;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly newId: () => string;
  /** As of JobWorkOptions; the progress folder is the desk's. */
  readonly read: (
    job: Parameters<JobWorkOptions['read']>[0],
    progressFolder: string,
  ) => ReturnType<JobWorkOptions['read']>;
  /** Jobs at once; 0: this process takes and shows jobs, and others run them. */
  readonly concurrency: number;
  readonly settings: LeaseSettings;
  readonly onEvent: (event: RunnerEvent | { readonly kind: 'note'; readonly text: string }) => void;
}

const JOB_KINDS = ['sweep', 'run', 'study'] as const;

/** Errors: those of openJobStore; REQUEST_INVALID for lease settings that cannot work. */
export async function openJobDesk(options: JobDeskOptions): Promise<JobDesk> {
  const { location, newId, concurrency, clock, surroundings, onEvent } = options;
  checkLeaseSettings(options.settings);
  const store = await openJobStore(location, newId);
  const root = join(surroundings.storeRoot, 'jobs', 'progress');
  const places = {
    progressFolder: (id: string): string => join(root, folderName(id)),
    dropProgress: (id: string): void => removeCheckpointFolder(join(root, folderName(id))),
  };
  const name = newId();
  const locks = location.kind === 'sqlite' ? await openOwnerLocks(location.folder, name) : undefined;
  const work = concurrency === 0 ? undefined : startWork(options, { store, name, locks }, places);
  if (locks !== undefined) await tidyLocks(locks, store).catch(() => undefined);
  await dropStale(store, root, clock).catch((error: unknown) => {
    // What cannot be tidied now is tidied at the next start.
    onEvent({ kind: 'note', text: `progress of old jobs stays where it was: ${String(error)}` });
  });
  return {
    ...places,
    store,
    newId,
    newHandoverId: () => `${HANDOVER}${clock.wallMs().toString(36)}-${newId()}`,
    wake: () => work?.wake(),
    async close() {
      await work?.close();
      await store.close();
      locks?.close();
    },
  };
}

/** Whose lease is still to be taken is kept: its free lock is what says that it has ended. */
async function tidyLocks(locks: OwnerLocks, store: JobStore): Promise<void> {
  const leases = await store.leases();
  locks.tidy(new Set(leases.map(({ owner }) => owner.runner)));
}

function startWork(
  { location, settings, concurrency, clock, onEvent, read, ...work }: JobDeskOptions,
  { store, name, locks }: { readonly store: JobStore; readonly name: string; readonly locks: OwnerLocks | undefined },
  { progressFolder, dropProgress }: Pick<JobDesk, 'progressFolder' | 'dropProgress'>,
): Pick<JobDesk, 'wake' | 'close'> {
  const seed = seedOf(name);
  const time = createTime(clock);
  const onDeath = (how: string): void => onEvent({ kind: 'note', text: `the thread that renews leases ${how}` });
  const dropQuietly = (id: string): void => {
    try {
      dropProgress(id);
    } catch (error) {
      // The job is done: what cannot be tidied now is tidied at the next start.
      onEvent({ kind: 'note', text: `progress of job ${id} stays where it was: ${String(error)}` });
    }
  };
  const keeper = startKeeperThread({ location, settings, seed, clock, onDeath });
  const runner = startRunner({
    store,
    time,
    prng: createPrng(seed),
    name,
    kinds: JOB_KINDS,
    concurrency,
    settings,
    keeper,
    liveness: createLiveness(),
    ...(locks === undefined ? {} : { locks }),
    ...createJobWork({
      ...work,
      time,
      read: (job) => read(job, progressFolder(job.id)),
      async parentOf({ parentId }) {
        const parent = await store.get(parentId!);
        if (parent === undefined) throw jobNotFound(parentId!);
        return parent;
      },
    }),
    onEvent(event) {
      // A job that failed or was cancelled may be retried, and then goes on from there.
      if (event.kind === 'ended' && event.end === 'done') dropQuietly(event.lease.jobId);
      onEvent(event);
    },
  });
  return {
    wake: runner.wake,
    async close() {
      await runner.close();
      await keeper.close();
    },
  };
}

/** Ids of shards have a stroke, which is no part of a name; no id has a plus. */
const folderName = (id: string): string => id.replace('/', '+');
const idOfFolder = (name: string): string => name.replace('+', '/');

const HANDOVER = 'h-';
/** No request waits longer than this. */
const HANDOVER_MS = 86_400_000;

/** Removes progress of jobs that are done or forgotten, but not of a request that may yet become a job. */
async function dropStale(store: JobStore, root: string, clock: Clock): Promise<void> {
  for (const name of listCheckpointFolders(root)) {
    const id = idOfFolder(name);
    const job = await store.get(id);
    const begunMs = id.startsWith(HANDOVER) ? Number.parseInt(id.slice(HANDOVER.length), 36) : Number.NEGATIVE_INFINITY;
    const isForgotten = job === undefined && clock.wallMs() - begunMs > HANDOVER_MS;
    if (job?.state === 'done' || isForgotten) removeCheckpointFolder(join(root, name));
  }
}
