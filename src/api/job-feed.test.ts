// Events of a job: numbered, kept for those who come back, one look at the store for all who listen.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { createMemoryStore } from '../jobs/memory-store.ts';
import { createJobFeeds, type JobEvent } from './job-feed.ts';
import { HTTP_LIMITS } from './limits.ts';

const LOOK_MS = 500;

let store: JobStore;
let looks: number;
let clock: ReturnType<typeof createFakeClock>;
let feeds: ReturnType<typeof createJobFeeds>;

const now = async (): Promise<Job> => (await store.get('a'))!;
const moved = async (done: number): Promise<void> => {
  await store.renew({ jobId: 'a', token: 1 }, { progress: { done, total: 1000, stage: 1, best: done }, spentMs: 0 });
  clock.advance(LOOK_MS);
  await vi.advanceTimersByTimeAsync(LOOK_MS);
};
const listen = async (lastId?: string): Promise<{ readonly events: JobEvent[]; readonly leave: () => void }> => {
  const events: JobEvent[] = [];
  return { events, leave: feeds.watch(await now(), lastId, (event) => events.push(event)) };
};
const scored = (events: readonly JobEvent[]): number[] => events.map(({ data }) => (data as { scored: number }).scored);

beforeEach(async () => {
  vi.useFakeTimers();
  clock = createFakeClock(1_000);
  store = createMemoryStore();
  looks = 0;
  const get = (id: string): Promise<Job | undefined> => {
    looks++;
    return store.get(id);
  };
  feeds = createJobFeeds({ get }, clock);
  await store.submit({ id: 'a', kind: 'sweep', request: { user: 'local', body: {} } }, 0);
  await store.claim({ owner: { runner: 'r' }, claimId: 'c', kinds: ['sweep'] }, 0);
});
afterEach(() => {
  feeds.close();
  vi.useRealTimers();
});

test('who comes back gets what came after the last event, and the pace of the last seconds', async () => {
  const first = await listen();
  await moved(10);
  first.leave();
  await moved(20);
  await moved(30);
  const again = await listen(first.events.at(-1)!.id);
  expect(scored(first.events)).toEqual([0, 10]);
  expect(scored(again.events)).toEqual([20, 30]);
  expect(again.events.map(({ name }) => name)).toEqual(['progress', 'progress']);
  expect(again.events[1]!.data).toMatchObject({ perSecond: 20, secondsLeft: 48.5, stage: 'A', best: 30 });
});

test('a job that has ended has no time left', async () => {
  const { events } = await listen();
  await moved(10);
  await moved(20);
  expect(events.at(-1)!.data).toMatchObject({ perSecond: 20, secondsLeft: 49 });
  await store.requestCancel('a', 0);
  await store.cancel({ jobId: 'a', token: 1 }, 0);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(events.at(-1)).toMatchObject({ isLast: true, data: { state: 'cancelled', secondsLeft: null } });
});

test('an id of another time answers with how things stand', async () => {
  await listen();
  await moved(10);
  await moved(20);
  expect(scored((await listen('elsewhere.1')).events)).toEqual([20]);
});

test('all who listen share one look at the store, and an unchanged job is no event', async () => {
  const all = [await listen(), await listen(), await listen()];
  await moved(10);
  await moved(10);
  expect(looks).toBe(2);
  expect(all.map(({ events }) => scored(events))).toEqual([
    [0, 10],
    [0, 10],
    [0, 10],
  ]);
});

test('no more events are kept than the limit says', async () => {
  const first = await listen();
  for (let i = 1; i <= HTTP_LIMITS.jobEventsKept + 1; i++) await moved(i);
  expect(first.events).toHaveLength(HTTP_LIMITS.jobEventsKept + 2);
  const { id } = first.events[0]!;
  // The first one is gone: there is no telling what came after it.
  expect(scored((await listen(id)).events)).toEqual([HTTP_LIMITS.jobEventsKept + 1]);
  const kept = first.events[2]!.id;
  expect((await listen(kept)).events).toHaveLength(HTTP_LIMITS.jobEventsKept - 1);
});

test('the end is told as such, whoever reports it, and nobody looks any more', async () => {
  const { events } = await listen();
  await moved(10);
  await store.complete({ jobId: 'a', token: 1 }, {}, 5);
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(events.at(-1)).toMatchObject({ name: 'state', isLast: true, data: { state: 'done', scored: 1000 } });
  const seen = looks;
  await vi.advanceTimersByTimeAsync(20 * LOOK_MS);
  expect(looks).toBe(seen);
});
