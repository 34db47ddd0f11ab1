// The thread that renews leases lives as long as there are leases, and a while longer.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startKeeperThread } from './keeper-thread.ts';
import { LEASE_DEFAULTS } from './lease-settings.ts';
import { createLeaseWords } from './lease-words.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-keeper-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('it starts with the first lease, ends when there was none for a while, and starts again with the next', async () => {
  const signs = join(folder, 'signs');
  const file = join(folder, 'thread.mjs');
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
     import { parentPort } from 'node:worker_threads';
     parentPort.on('message', () => undefined);
     setInterval(() => appendFileSync(${JSON.stringify(signs)}, '.'), 5);`,
  );
  const count = (): number => (existsSync(signs) ? readFileSync(signs).byteLength : 0);
  const grows = async (): Promise<boolean> => {
    const before = count();
    for (let look = 0; look < 100 && count() === before; look++) await sleep(20);
    return count() > before;
  };
  const stops = async (): Promise<boolean> => {
    for (let look = 0; look < 100; look++) {
      const before = count();
      await sleep(100);
      if (count() === before) return true;
    }
    return false;
  };
  const deaths: string[] = [];
  const keeper = startKeeperThread({
    location: { kind: 'sqlite', folder },
    settings: LEASE_DEFAULTS,
    seed: 1,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    file: pathToFileURL(file),
    idleMs: 200,
    onDeath: (how) => deaths.push(how),
  });
  const lease = { jobId: 'a', token: 1 };
  const { shared } = createLeaseWords();
  const held = { lease, shared, ageMs: 0, spentMs: 0 };
  await sleep(100);
  expect(count()).toBe(0);
  keeper.hold(held);
  expect(await grows()).toBe(true);
  keeper.drop(lease);
  // A lease that comes in time keeps it.
  keeper.hold(held);
  await sleep(400);
  expect(await grows()).toBe(true);
  keeper.drop(lease);
  expect(await stops()).toBe(true);
  keeper.hold(held);
  expect(await grows()).toBe(true);
  await keeper.close();
  expect(await stops()).toBe(true);
  expect(deaths).toEqual([]);
});
