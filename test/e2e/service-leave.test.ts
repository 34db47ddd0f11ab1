// Does the machine stop computing for clients that have gone, in whatever phase, and for those whose deadline is over?
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';
import { heavyRequests, leave, quantile, STRATEGY_FILES, threadsOf } from './heavy-requests.ts';
import { type RunningService, startService } from './service-child.ts';

const COUNT = Number(process.env['GRIDMILL_DISCONNECTS'] ?? 33);
const SEED = Number(process.env['GRIDMILL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const DATA = 'lab/MADE/1m';
const REQUESTS = heavyRequests(DATA);

let place: Workplace;
let service: RunningService;
const address = (): { pid: number; port: number } => ({
  pid: service.child.pid!,
  port: Number(new URL(service.url).port),
});

beforeAll(async () => {
  place = createWorkplace();
  mkdirSync(join(place.folder, 'strategies'));
  for (const [name, text] of Object.entries(STRATEGY_FILES)) place.write(join('strategies', name), text);
  const file = place.write('candles.csv', csvOf(minuteCandles(100_000)));
  expect((await place.run('import', file, '--exchange', 'lab', '--symbol', 'MADE')).exitCode).toBe(0);
  service = await startService(place, '--waiting', '30');
  // What is loaded once is loaded now, and the threads that every process has are there.
  const small = { strategy: 'bars.ts', data: DATA, parameters: { length: 9 } };
  await service.client.run(small);
});
afterAll(async () => {
  await service?.stop();
  place?.remove();
});

/** Threads of the service when nothing is computed. */
async function idleThreads(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 20; look++) {
    least = Math.min(least, threadsOf(address().pid));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return least;
}

test(`${COUNT} clients who leave at random moments from seed ${SEED}`, async () => {
  const { nextBelow } = createPrng(SEED);
  const idle = await idleThreads();
  const before = (await service.client.results()).total;
  const tookMs: number[] = [];
  for (let n = 0; n < COUNT; n++) {
    const request = REQUESTS[n % REQUESTS.length]!;
    const left = await leave({ ...address(), idleThreads: idle }, request, nextBelow(n % 2 === 0 ? 60 : 700));
    if (left.wasComputing) tookMs.push(left.ms);
    console.log(request.phase, left);
  }
  console.log(tookMs.length, quantile(tookMs, 0.5), quantile(tookMs, 0.99));
  expect(quantile(tookMs, 0.5)).toBeLessThan(200);
  expect(Math.max(...tookMs)).toBeLessThan(2_000);
  expect((await service.client.results()).total).toBe(before);
}, 600_000);
