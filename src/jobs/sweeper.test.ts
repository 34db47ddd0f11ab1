// When a lease is taken away: by watching on one's own monotonic clock, or at once from a process that is dead.
import { expect, test } from 'vitest';
import { virtualTime } from '../../test/fixtures/jobs/virtual-clock.ts';
import type { JobStore } from './job-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { type Liveness, NO_LIVENESS } from './process-identity.ts';
import { createSweeper } from './sweeper.ts';

const SETTINGS = { leaseMs: 20_000, heartbeatMs: 5_000, sweepMs: 5_000, watchMs: 500 };
const IDENTITY = { boot: 'b', namespace: 'n', pid: 7, startTicks: '1' };
const BEAT = { progress: { done: 0, total: 0 }, spentMs: 0 };

async function setUp(liveness: Liveness = NO_LIVENESS) {
  const time = virtualTime();
  const store: JobStore = createMemoryStore();
  await store.submit({ id: 'a', kind: 'k', request: 0 }, 0);
  const { lease } = (await store.claim({ owner: { runner: 'r', process: IDENTITY }, claimId: 'c', kinds: ['k'] }, 0))!;
  const sweeper = createSweeper({ store, time, settings: SETTINGS, liveness, retention: { endedMax: 10 } });
  const state = async () => (await store.get('a'))!.state;
  /** Sweeps as a runner does; answers after how long the lease was gone, or undefined. */
  const watch = async (ms: number, meanwhile: () => Promise<unknown> = async () => undefined) => {
    const startMs = time.monotonicMs();
    for (;;) {
      const pauseMs = await sweeper.sweep();
      if ((await state()) !== 'running') return time.monotonicMs() - startMs;
      if (time.monotonicMs() - startMs >= ms) return undefined;
      await time.advance(pauseMs);
      await meanwhile();
    }
  };
  return { time, store, lease, sweeper, state, watch };
}

test('a silent lease is taken away after its length, not before', async () => {
  const { watch, store } = await setUp();
  expect(await watch(60_000)).toBe(20_000);
  expect((await store.get('a'))!.error).toMatchObject({ code: 'JOB_PARKED' });
});

test('a lease that is renewed stays', async () => {
  const { watch, store, lease } = await setUp();
  expect(await watch(300_000, () => store.renew(lease, BEAT))).toBeUndefined();
});

test('wall time decides nothing', async () => {
  const { watch, time, store, lease } = await setUp();
  let hours = 0;
  const jump = async (): Promise<void> => {
    time.setWall(1_700_000_000_000 + (hours = -hours + 1) * 3_600_000);
    await store.renew(lease, BEAT);
  };
  expect(await watch(100_000, jump)).toBeUndefined();
  expect(await watch(100_000, async () => time.setWall(0))).toBe(20_000);
});

test('a leap of the monotonic clock does not take a lease away, and later silence does', async () => {
  const { sweeper, time, state, store, lease, watch } = await setUp();
  await sweeper.sweep();
  time.leap(3_600_000);
  await sweeper.sweep();
  expect(await state()).toBe('running');
  await store.renew(lease, BEAT);
  expect(await watch(60_000)).toBe(20_000);
});

test('a clock that stands still, or goes back, makes no lease immortal', async () => {
  const { sweeper, time, state, watch } = await setUp();
  for (let i = 0; i < 10; i++) await sweeper.sweep();
  time.leap(-1_000_000);
  await sweeper.sweep();
  expect(await state()).toBe('running');
  expect(await watch(60_000)).toBe(20_000);
});

test('the lease of a process that is certainly dead is taken away at once', async () => {
  const dead = await setUp({ self: undefined, isGone: ({ pid }) => pid === IDENTITY.pid });
  await dead.sweeper.sweep();
  expect(await dead.state()).toBe('queued');
  const unknown = await setUp();
  await unknown.sweeper.sweep();
  expect(await unknown.state()).toBe('running');
});

test('a renewal between look and take-away keeps the lease', async () => {
  const { time, store, lease, state } = await setUp();
  const renewedLate: JobStore = {
    ...store,
    async expire(inUse, error, atMs) {
      await store.renew(lease, BEAT);
      return store.expire(inUse, error, atMs);
    },
  };
  const sweeper = createSweeper({
    store: renewedLate,
    time,
    settings: SETTINGS,
    liveness: NO_LIVENESS,
    retention: { endedMax: 1 },
  });
  for (let i = 0; i < 8; i++) {
    await time.advance(await sweeper.sweep());
    expect(await state()).toBe('running');
  }
});

test('a runner whose lock is free loses its lease at once, where processes of one machine share the queue; one that holds it does not', async () => {
  const swept = async (isFree: boolean, reach: JobStore['reach']) => {
    const { store, time, state } = await setUp();
    const locks = { isFree: (runner: string) => isFree && runner === 'r' };
    const shared = { ...store, reach };
    const options = { settings: SETTINGS, liveness: NO_LIVENESS, retention: { endedMax: 10 } };
    await createSweeper({ ...options, store: shared, time, locks }).sweep();
    return state();
  };
  expect(await swept(true, 'machine')).toBe('queued');
  expect(await swept(false, 'machine')).toBe('running');
  expect(await swept(true, 'network')).toBe('running');
});
