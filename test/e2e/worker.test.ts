// Does a worker count with what else runs on the machine: entered in the register while it lives, refused where it does not fit?
import { totalmem } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listRunning } from '../../src/store/running-registry.ts';
import { createWorkplace, type Workplace } from './cli-harness.ts';

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place?.remove());

const BUDGET = 'GRIDMILL_BACKTEST_MAX_COMPUTE_BYTES_TOTAL';
const workers = () => listRunning(place.home).filter(({ label }) => label === 'gridmill worker');

test('a worker is in the register from its start to its end; what it leaves is what another may take', async () => {
  const first = place.start(['worker'], { [BUDGET]: String(2 ** 29) });
  await expect.poll(() => workers().map(({ memoryBytes }) => memoryBytes), { timeout: 60_000 }).toEqual([2 ** 29]);
  const beyond = String(totalmem() - 2 ** 28);
  const refused = await place.start(['worker'], { [BUDGET]: beyond, GRIDMILL_MIRROR_BYTES: '0' }).ended;
  expect(refused.exitCode).toBe(5);
  expect(refused.stderr).toMatch(/BUDGET_BYTES[\s\S]*for gridmill worker \(process \d+\)/);
  expect(workers()).toHaveLength(1);
  // Without a budget of its own it takes a share of what is free.
  const second = place.start(['worker']);
  await expect.poll(() => workers().length, { timeout: 60_000 }).toBe(2);
  expect(workers().reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)).toBeLessThan(totalmem());
  for (const { child } of [first, second]) child.kill('SIGTERM');
  await Promise.all([first.ended, second.ended]);
  expect(workers()).toEqual([]);
});
