// Random commands against a model of the queue that is small enough to be believed.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import type { JobError, Lease } from '../../src/jobs/job.ts';
import type { JobStore, LeaseInUse } from '../../src/jobs/job-store.ts';
import { memoryStores, postgresStores, type StoreKind, sqliteStores } from '../fixtures/jobs/stores.ts';

interface ModelJob {
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  priority: number;
  order: number;
  attempts: number;
  token: number;
  cancel: boolean;
  result?: number;
}

interface Model {
  readonly jobs: Map<string, ModelJob>;
  /** Every lease there ever was: commands use any of them, most of which are stale. */
  readonly leases: Lease[];
  /** Leases as an observer saw them last. */
  seen: LeaseInUse[];
}

interface Real {
  readonly kind: StoreKind;
  store: JobStore;
  claims: number;
}

const ERROR: JobError = { code: 'WORKER_DIED', found: 'x', todo: 'y' };

/** 'ok' or the code of the error. */
const outcomeOf = (action: Promise<unknown>): Promise<string> =>
  action.then(
    () => 'ok',
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

/** What a write under `lease` does to the model: the job when the lease holds. */
const holder = (model: Model, { jobId, token }: Lease): ModelJob | undefined => {
  const job = model.jobs.get(jobId);
  return job?.state === 'running' && job.token === token ? job : undefined;
};
const requeue = (job: ModelJob): void => {
  job.state = job.cancel ? 'cancelled' : 'queued';
};

type Run = (model: Model, real: Real) => Promise<void>;

class Step implements fc.AsyncCommand<Model, Real> {
  readonly text: string;
  readonly action: Run;
  constructor(text: string, action: Run) {
    this.text = text;
    this.action = action;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    await this.action(model, real);
    for (const [id, job] of model.jobs) {
      const { state, attempts, token } = (await real.store.get(id))!;
      expect({ id, state, attempts, token }).toEqual({
        id,
        state: job.state,
        attempts: job.attempts,
        token: job.token,
      });
      expect((await real.store.result(id))?.value, `result of ${id}`).toBe(job.result);
    }
  }
  toString(): string {
    return this.text;
  }
}

/** A step under one of the leases granted so far. */
const underLease = (
  name: string,
  write: (store: JobStore, lease: Lease, value: number) => Promise<unknown>,
  effect: (job: ModelJob, value: number, lease: Lease) => void,
) =>
  fc.tuple(fc.nat(30), fc.nat(9)).map(
    ([pick, value]) =>
      new Step(`${name}(lease ${pick}, ${value})`, async (model, { store }) => {
        const lease = model.leases[model.leases.length - 1 - (pick % Math.max(1, model.leases.length))];
        if (lease === undefined) return;
        const job = holder(model, lease);
        const isRepeated = name === 'complete' && isDoneBy(model, lease);
        expect(await outcomeOf(write(store, lease, value))).toBe(job || isRepeated ? 'ok' : 'LEASE_LOST');
        if (job !== undefined) effect(job, value, lease);
      }),
  );

const isDoneBy = (model: Model, { jobId, token }: Lease): boolean => {
  const job = model.jobs.get(jobId);
  return job?.state === 'done' && job.token === token;
};

const steps = [
  fc.tuple(fc.nat(4), fc.integer({ min: -1, max: 1 })).map(
    ([number, priority]) =>
      new Step(`submit(j${number}, ${priority})`, async (model, { store }) => {
        const id = `j${number}`;
        const before = model.jobs.get(id);
        const outcome = await outcomeOf(store.submit({ id, kind: 'k', request: 0, priority }, 0));
        if (before === undefined) {
          const order = model.jobs.size;
          model.jobs.set(id, { state: 'queued', priority, order, attempts: 0, token: 0, cancel: false });
        }
        expect(outcome).toBe(before === undefined || before.priority === priority ? 'ok' : 'JOB_KEY_REUSED');
      }),
  ),
  fc.constant(
    new Step('claim()', async (model, real) => {
      const claimId = `c${++real.claims}`;
      const claimed = await real.store.claim({ owner: { runner: 'r' }, claimId, kinds: ['k'] }, 0);
      const waiting = [...model.jobs].filter(([, { state }]) => state === 'queued');
      waiting.sort(([, a], [, b]) => b.priority - a.priority || a.order - b.order);
      expect(claimed?.job.id).toBe(waiting[0]?.[0]);
      if (claimed === undefined) return;
      const job = waiting[0]![1];
      job.state = 'running';
      job.attempts++;
      job.token++;
      expect(claimed.lease).toEqual({ jobId: claimed.job.id, token: job.token });
      model.leases.push(claimed.lease);
    }),
  ),
  underLease(
    'renew',
    (store, lease) => store.renew(lease, { progress: { done: 0, total: 0 }, spentMs: 0 }),
    () => undefined,
  ),
  underLease(
    'checkpoint',
    (store, lease, value) => store.checkpoint(lease, { sequence: value, value }),
    () => undefined,
  ),
  underLease(
    'complete',
    (store, lease, value) => store.complete(lease, value, 0),
    (job, value) => {
      job.state = 'done';
      job.result = value;
    },
  ),
  underLease(
    'fail',
    (store, lease, value) => store.fail(lease, { error: ERROR, retry: value % 2 === 0 }, 0),
    (job, value) => {
      if (value % 2 === 0 && job.attempts < 3) requeue(job);
      else job.state = 'failed';
    },
  ),
  underLease(
    'cancelled',
    (store, lease) => store.cancel(lease, 0),
    (job) => {
      job.state = 'cancelled';
    },
  ),
  underLease(
    'release',
    (store, lease) => store.release(lease, 0),
    (job) => {
      job.attempts--;
      requeue(job);
    },
  ),
  fc.nat(4).map(
    (number) =>
      new Step(`requestCancel(j${number})`, async (model, { store }) => {
        const job = model.jobs.get(`j${number}`);
        const outcome = await outcomeOf(store.requestCancel(`j${number}`, 0));
        const isOpen = job?.state === 'queued' || job?.state === 'running';
        expect(outcome).toBe(job === undefined ? 'JOB_NOT_FOUND' : isOpen ? 'ok' : 'JOB_STATE');
        if (job === undefined || !isOpen) return;
        job.cancel = true;
        if (job.state === 'queued') job.state = 'cancelled';
      }),
  ),
  fc.nat(4).map(
    (number) =>
      new Step(`retry(j${number})`, async (model, { store }) => {
        const job = model.jobs.get(`j${number}`);
        const outcome = await outcomeOf(store.retry(`j${number}`));
        const canRetry = job?.state === 'failed' || job?.state === 'cancelled';
        expect(outcome).toBe(job === undefined ? 'JOB_NOT_FOUND' : canRetry ? 'ok' : 'JOB_STATE');
        if (job === undefined || !canRetry) return;
        Object.assign(job, { state: 'queued', attempts: 0, cancel: false });
      }),
  ),
  fc.constant(
    new Step('observe()', async (model, { store }) => {
      model.seen = [...(await store.leases())];
      const running = [...model.jobs].filter(([, { state }]) => state === 'running').map(([id]) => id);
      expect(model.seen.map(({ jobId }) => jobId).sort()).toEqual(running.sort());
    }),
  ),
  fc.constant(
    new Step('expireAllSeen()', async (model, { store }) => {
      for (const seen of model.seen) {
        const now = (await store.leases()).find(({ jobId }) => jobId === seen.jobId);
        const holds = now !== undefined && now.token === seen.token && now.beat === seen.beat;
        expect(await store.expire(seen, ERROR, 0)).toBe(holds);
        if (!holds) continue;
        const job = model.jobs.get(seen.jobId)!;
        if (job.cancel || job.attempts < 3) requeue(job);
        else job.state = 'failed';
      }
    }),
  ),
  fc.constant(
    new Step('restart()', async (_, real) => {
      const again = real.kind.reopen();
      if (again === undefined) return;
      await real.store.close();
      real.store = await again;
    }),
  ),
];

function describeModel(kind: StoreKind, runs: number, commands: number): void {
  describe.skipIf(kind.missing !== undefined)(`the queue in ${kind.name}`, () => {
    beforeAll(() => kind.start());
    afterAll(() => kind.stop());
    test(`does what the model does, ${runs} times ${commands} commands`, { timeout: 3_600_000 }, async () => {
      const property = fc.asyncProperty(fc.commands(steps, { maxCommands: commands, size: 'max' }), async (list) => {
        const real: Real = { kind, store: await kind.open(), claims: 0 };
        try {
          await fc.asyncModelRun(() => ({ model: { jobs: new Map(), leases: [], seen: [] }, real }), list);
        } finally {
          await real.store.close();
        }
      });
      const seed = Number(process.env['GRIDMILL_SEED'] ?? 1);
      await fc.assert(property, { numRuns: runs, seed });
    });
  });
}

const factor = Number(process.env['GRIDMILL_MODEL_FACTOR'] ?? 1);
describeModel(memoryStores(), 200 * factor, 50);
describeModel(sqliteStores(), 10 * factor, 50);
describeModel(postgresStores(), 3 * factor, 50);
