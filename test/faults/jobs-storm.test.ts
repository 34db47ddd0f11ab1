// A store that is away for a minute under a thousand jobs, and clocks that go wild: few calls, no lost job, no lost or immortal lease.
import { expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { keepLeases } from '../../src/jobs/lease-keeper.ts';
import { createMemoryStore } from '../../src/jobs/memory-store.ts';
import { NO_LIVENESS } from '../../src/jobs/process-identity.ts';
import { startRunner } from '../../src/jobs/runner.ts';
import { createSweeper } from '../../src/jobs/sweeper.ts';
import { virtualTime } from '../fixtures/jobs/virtual-clock.ts';

const JOBS = 1_000;
const RUNNERS = 4;
const OUTAGE_MS = 60_000;
const SETTINGS = { leaseMs: 20_000, heartbeatMs: 5_000, sweepMs: 5_000, watchMs: 500 };
const SEED = Number(process.env['GRIDMILL_SEED'] ?? 17);
/** Stories of a clock that leaps. */
const CLOCKS = Number(process.env['GRIDMILL_CLOCKS'] ?? 50);
const HOUR_MS = 3_600_000;

interface Link {
  isUp: boolean;
  calls: number;
}

/** A store whose every call is counted, and fails while the link is down. */
function linked(real: JobStore, link: Link): JobStore {
  return new Proxy(real, {
    get(target, name: keyof JobStore) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: never[]) => {
        link.calls++;
        if (!link.isUp) throw new AppError('QUEUE_UNREACHABLE', { found: 'no answer.', todo: 'Wait.' });
        return (member as (...args: never[]) => Promise<unknown>)(...args);
      };
    },
  });
}

test(`${JOBS} jobs outlive a minute without their store, in which each process asks it twice a second at most`, async () => {
  const time = virtualTime();
  const real = createMemoryStore();
  for (let i = 0; i < JOBS; i++) await real.submit({ id: `j${i}`, kind: 'k', request: i }, 0);
  const links: Link[] = Array.from({ length: RUNNERS }, () => ({ isUp: true, calls: 0 }));
  const runners = links.map((link, i) => {
    const prng = createPrng(SEED + i);
    const store = linked(real, link);
    return startRunner({
      store,
      time,
      prng,
      name: `r${i}`,
      kinds: ['k'],
      concurrency: 2,
      settings: SETTINGS,
      keeper: keepLeases({ store, time, prng, settings: SETTINGS }),
      liveness: NO_LIVENESS,
      async run(job, { progress }) {
        progress({ done: 1, total: 1 });
        await time.sleep(500);
        return job.request;
      },
    });
  });
  await time.advance(5_000);
  for (const link of links) Object.assign(link, { isUp: false, calls: 0 });
  await time.advance(OUTAGE_MS);
  for (const { calls } of links) expect(calls).toBeLessThanOrEqual((2 * OUTAGE_MS) / 1_000);
  for (const link of links) link.isUp = true;
  await time.advance(120_000);
  for (let i = 0; i < JOBS; i++) expect(await real.result(`j${i}`), `job ${i}`).toMatchObject({ value: i });
  const closed = Promise.all(runners.map((runner) => runner.close()));
  await time.advance(10_000);
  await closed;
});

test(`over ${CLOCKS} stories of leaping clocks a lease that is renewed stays, and one that is not goes (seed ${SEED})`, async () => {
  for (let story = 0; story < CLOCKS; story++) {
    const prng = createPrng(SEED + story);
    const time = virtualTime();
    const store = createMemoryStore();
    const claim = async (id: string) => {
      await store.submit({ id, kind: 'k', request: 0 }, 0);
      return (await store.claim({ owner: { runner: 'r' }, claimId: id, kinds: ['k'] }, 0))!.lease;
    };
    const [kept] = [await claim('kept'), await claim('silent')];
    const sweeper = createSweeper({
      store,
      time,
      settings: SETTINGS,
      liveness: NO_LIVENESS,
      retention: { endedMax: 9 },
    });
    const state = async (id: string): Promise<string> => (await store.get(id))!.state;
    let untilMs = 0;
    for (let passedMs = 0; passedMs < 3 * SETTINGS.leaseMs; passedMs += SETTINGS.heartbeatMs) {
      // Wall and monotonic clock leap by up to an hour, forward and back, now and then.
      if (prng.next() < 0.5) time.setWall(time.wallMs() + (2 * prng.next() - 1) * HOUR_MS);
      if (prng.next() < 0.2) time.leap((2 * prng.next() - 1) * HOUR_MS);
      await sweeper.sweep();
      if (untilMs === 0 && (await state('silent')) !== 'running') untilMs = passedMs;
      await time.advance(SETTINGS.heartbeatMs);
      await store.renew(kept, { progress: { done: 0, total: 0 }, spentMs: 0 });
    }
    const why = `GRIDMILL_SEED=${SEED + story} GRIDMILL_CLOCKS=1`;
    expect(await state('kept'), why).toBe('running');
    expect(untilMs, why).toBeGreaterThan(SETTINGS.sweepMs);
    for (let i = 0; i < 12; i++) {
      await sweeper.sweep();
      await time.advance(SETTINGS.sweepMs);
    }
    expect(await state('silent'), why).toBe('queued');
  }
});
