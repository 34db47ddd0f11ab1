// Renewal only while an attempt moves; the stops on cancel, loss, deadline and silence of the store.
import { expect, test } from 'vitest';
import { virtualTime } from '../../test/fixtures/jobs/virtual-clock.ts';
import { AppError } from '../core/errors.ts';
import { createPrng } from '../core/prng.ts';
import type { JobStore, LeaseView } from './job-store.ts';
import { keepLeases } from './lease-keeper.ts';
import { createLeaseWords } from './lease-words.ts';

const SETTINGS = { leaseMs: 20_000, heartbeatMs: 5_000, sweepMs: 5_000, watchMs: 500 };
const LEASE = { jobId: 'a', token: 1 };
const unreachable = (): AppError => new AppError('QUEUE_UNREACHABLE', { found: 'x', todo: 'y' });

function setUp(overrides: Partial<Pick<JobStore, 'renew' | 'look'>> = {}) {
  const time = virtualTime();
  const renewals: number[] = [];
  const keeper = keepLeases({
    time,
    prng: createPrng(1),
    settings: SETTINGS,
    store: {
      renew: async () => {
        renewals.push(time.monotonicMs());
        return { cancelRequested: false };
      },
      look: async (leases) => leases.map((): LeaseView => 'held'),
      ...overrides,
    },
  });
  const words = createLeaseWords();
  const hold = (rest: { deadlineMs?: number; spentMs?: number } = {}): void =>
    keeper.hold({ lease: LEASE, shared: words.shared, ageMs: 0, spentMs: 0, ...rest });
  /** Lets `ms` pass while the attempt moves, or does not; answers when it was told to stop. */
  const pass = async (ms: number, moves: boolean): Promise<number | undefined> => {
    const startMs = time.monotonicMs();
    while (time.monotonicMs() - startMs < ms) {
      if (words.stop() !== undefined) return time.monotonicMs();
      if (moves) words.tick();
      await time.advance(100);
    }
    return undefined;
  };
  return { time, renewals, keeper, words, hold, pass };
}

test('a moving attempt is renewed once per heartbeat', async () => {
  const { renewals, hold, pass, words } = setUp();
  hold();
  expect(await pass(60_000, true)).toBeUndefined();
  expect(words.stop()).toBeUndefined();
  expect(renewals.length).toBeGreaterThanOrEqual(10);
  expect(renewals.length).toBeLessThanOrEqual(12);
});

test('an attempt that stands still is not renewed, and is told to stop when its lease is over', async () => {
  const { renewals, hold, pass, words } = setUp();
  hold();
  await pass(5_400, true);
  expect(renewals.length).toBe(1);
  const stoppedMs = await pass(60_000, false);
  // What moved between the first renewal and the halt earns one more.
  expect(renewals.length).toBeLessThanOrEqual(2);
  expect(words.stop()).toBe('lost');
  expect(stoppedMs! - renewals.at(-1)!).toBeGreaterThanOrEqual(20_000);
  expect(stoppedMs! - renewals.at(-1)!).toBeLessThanOrEqual(21_000);
});

test('progress is what keeps the lease: ticking without work would make it immortal', async () => {
  const { hold, pass } = setUp();
  hold();
  expect(await pass(300_000, true)).toBeUndefined();
});

test('a store that does not answer stops the attempt by the end of its lease, also when it hangs', async () => {
  for (const answer of [() => Promise.reject(unreachable()), () => new Promise<never>(() => undefined)]) {
    const { hold, pass, words } = setUp({ renew: answer, look: answer });
    hold();
    const stoppedMs = await pass(60_000, true);
    expect(words.stop()).toBe('lost');
    expect(stoppedMs).toBeGreaterThanOrEqual(20_000);
    expect(stoppedMs).toBeLessThanOrEqual(21_000);
  }
});

test('a lost lease and a cancel are heard within a watch', async () => {
  for (const [view, cause] of [
    ['lost', 'lost'],
    ['cancel', 'cancelled'],
  ] as const) {
    let now: LeaseView = 'held';
    const { hold, pass, words } = setUp({ look: async () => [now] });
    hold();
    await pass(3_000, true);
    now = view;
    expect(await pass(1_000, true)).toBeDefined();
    expect(words.stop()).toBe(cause);
  }
});

test('a refused renewal is a lost lease; a cancel comes with a renewal too', async () => {
  const refused = setUp({
    renew: () => Promise.reject(new AppError('LEASE_LOST', { found: 'x', todo: 'y' })),
    look: () => Promise.reject(unreachable()),
  });
  refused.hold();
  expect(await refused.pass(10_000, true)).toBeDefined();
  expect(refused.words.stop()).toBe('lost');
  const told = setUp({ renew: async () => ({ cancelRequested: true }) });
  told.hold();
  expect(await told.pass(10_000, true)).toBeDefined();
  expect(told.words.stop()).toBe('cancelled');
});

test('a deadline counts the running time of all attempts', async () => {
  const { hold, pass, words } = setUp();
  hold({ deadlineMs: 10_000, spentMs: 7_000 });
  const stoppedMs = await pass(60_000, true);
  expect(words.stop()).toBe('deadline');
  expect(stoppedMs).toBeGreaterThanOrEqual(3_000);
  expect(stoppedMs).toBeLessThanOrEqual(3_700);
});

test('tries against a sick store are few', async () => {
  let calls = 0;
  const count = (): Promise<never> => {
    calls++;
    return Promise.reject(unreachable());
  };
  const { time, hold } = setUp({ renew: count, look: count });
  hold();
  await time.advance(20_000);
  expect(calls).toBeLessThanOrEqual(40);
});

test('nothing is asked about a dropped lease', async () => {
  let looks = 0;
  const { keeper, time, hold } = setUp({
    look: async (leases) => {
      looks++;
      return leases.map((): LeaseView => 'held');
    },
  });
  hold();
  await time.advance(2_000);
  keeper.drop(LEASE);
  const before = looks;
  await time.advance(10_000);
  expect(looks).toBe(before);
  await keeper.close();
});
