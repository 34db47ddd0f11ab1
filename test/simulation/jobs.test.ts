// Many stories of a queue under faults, each from one seed: nothing is lost, doubled or stuck.
import { describe, expect, test } from 'vitest';
import type { Lease } from '../../src/jobs/job.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { playStory, type Story, type StoryOptions } from './queue-world.ts';

const COMMAND = 'npx vitest run --project fast test/simulation/jobs.test.ts';
const seeds = Number(process.env['GRIDMILL_SIMULATION_SEEDS'] ?? 1000);
const only = process.env['GRIDMILL_SIMULATION_SEED'];

function report(seed: number, { broken, trace }: Story): string {
  return `seed ${seed}: ${broken}\nreplay: GRIDMILL_SIMULATION_SEED=${seed} ${COMMAND}\n${trace.join('\n')}`;
}

describe('a queue under crashes, pauses, lost and repeated messages, bad clocks and cancels', () => {
  const list = only === undefined ? Array.from({ length: seeds }, (_, i) => i + 1) : [Number(only)];
  test(`keeps every promise in ${list.length} stories`, { timeout: 3_600_000 }, async () => {
    const totals = { expired: 0, lost: 0 };
    for (const seed of list) {
      const story = await playStory(seed);
      if (story.broken !== undefined) expect.fail(report(seed, story));
      totals.expired += story.expired;
      totals.lost += story.lost;
    }
    // A storm in which nothing is ever lost would prove nothing.
    if (only === undefined) {
      expect(totals.expired).toBeGreaterThan(seeds / 4);
      expect(totals.lost).toBeGreaterThan(seeds / 20);
    }
  });

  test('one seed is one story', async () => {
    expect(await playStory(7)).toEqual(await playStory(7));
  });
});

describe('the simulation notices', () => {
  /** The first seed whose story breaks, and how. */
  const firstBroken = async (options: StoryOptions): Promise<string | undefined> => {
    for (let seed = 1; seed <= 300; seed++) {
      const { broken } = await playStory(seed, options);
      if (broken !== undefined) return broken;
    }
    return undefined;
  };

  test('writes that are guarded by the state of the job instead of the token', async () => {
    const byState = (store: JobStore): JobStore =>
      replace(store, ['renew', 'checkpoint', 'complete', 'fail', 'cancel', 'release', 'split'], (method) => {
        return async (lease: Lease, ...rest) => {
          const job = await store.get(lease.jobId);
          return method(job?.state === 'running' ? { ...lease, token: job.token } : lease, ...rest);
        };
      });
    expect(await firstBroken({ weaken: byState })).toMatch(/under token \d+ was taken while token \d+ is the last/);
  });

  test('a queue that forgets an accepted job', async () => {
    let count = 0;
    const forgetful = (store: JobStore): JobStore =>
      replace(store, ['get', 'list'], (method, name) => async (...args) => {
        const found = await method(...args);
        if (name !== 'list' || ++count % 50 !== 0) return found;
        return { ...(found as object), jobs: (found as { jobs: unknown[] }).jobs.slice(1) };
      });
    expect(await firstBroken({ weaken: forgetful })).toMatch(/is gone/);
  });

  test('a lease that can never be taken away', async () => {
    const immortal = (store: JobStore): JobStore => replace(store, ['expire'], () => async () => false);
    expect(await firstBroken({ weaken: immortal })).toBe('some job did not end');
  });

  test('a result that becomes visible without its job being done', async () => {
    const early = (store: JobStore): JobStore =>
      replace(store, ['result'], (method) => async (id: string) => {
        const job = await store.get(id);
        return (await method(id)) ?? (job?.state === 'running' ? { token: job.token, hash: '', value: 0 } : undefined);
      });
    expect(await firstBroken({ weaken: early })).toMatch(/is running with result/);
  });
});

type Method = (...args: never[]) => Promise<unknown>;
type AnyMethod = (...args: unknown[]) => Promise<unknown>;

function replace(
  store: JobStore,
  names: readonly (keyof JobStore)[],
  make: (method: AnyMethod, name: keyof JobStore) => Method,
): JobStore {
  const replaced = names.map((name) => [name, make(store[name] as AnyMethod, name)]);
  return { ...store, ...Object.fromEntries(replaced) };
}
