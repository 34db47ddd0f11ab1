// Does a service outlive strategies that take all memory, keep to its budget request by request, and stay as it was over many jobs?
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { csvOf, minuteCandles, type Workplace } from './cli-harness.ts';
import { createFaultOrders } from './fault-orders.ts';
import { createServicePlace, type RunningService, type SweepJson, startService } from './service-harness.ts';
import { assertHealthy, footprint, isEnded, type Promised, submit } from './service-health.ts';

const SMALL = {
  strategy: 'sma-cross',
  data: 'lab/MADE/1m',
  parameters: { fast: [5, 8], slow: [20, 30] },
  preselect: 0,
};
const SEED = Number(process.env['GRIDMILL_SEED'] ?? 3);
const BUDGETS = Number(process.env['GRIDMILL_BUDGET_REQUESTS'] ?? 4);
const JOBS = Number(process.env['GRIDMILL_SOAK_JOBS'] ?? 12);
const isLong = process.env['GRIDMILL_LONG_MEMORY'] === '1';
const MB = 1e6;
/** For what the service does besides. */
const MARGIN_MB = 20;

let place: Workplace;
let service: RunningService;
let promised: Promised;

interface Problem {
  readonly error: { readonly code: string; readonly found: string };
}

const write = (name: string, deed: string): string => {
  place.write(
    `strategies/${name}.ts`,
    `import { choice, close, defineBarStrategy, gt, sma } from 'gridmill';
    export default defineBarStrategy({
      name: '${name}',
      parameters: { n: choice(5, 9) },
      init: ({ parameters: { n }, condition }) => condition(gt(close, sma(close, n))),
      onBar(context, above) {
        ${deed}
        void (above.at() ? context.buy() : context.exit());
      },
    });`,
  );
  return `${name}.ts`;
};

beforeAll(async () => {
  place = await createServicePlace(20_000);
  mkdirSync(join(place.folder, 'strategies'));
  service = await startService(place, [], createFaultOrders(place).environment);
  const { body } = await service.post<SweepJson>('/api/backtests', SMALL);
  const hash = body.record.resultHash;
  promised = { place, accepted: new Set(), verified: new Set(), probe: { body: SMALL, hash }, hashOf: () => hash };
  // What is loaded with the first job is loaded.
  await assertHealthy(service, promised);
});

afterAll(async () => {
  await service?.stop('SIGKILL');
  place?.remove();
});

describe('a strategy that', () => {
  const HOARDS = 'const hoard = []; for (;;) hoard.push(new Array(100_000).fill(hoard.length));';
  const DEEDS = [
    ['overflows its stack', 'stack', 'const deeper = (n) => deeper(n + 1) + 1; deeper(0);', 422, 'STRATEGY_FAILED'],
    ['asks for an array beyond all memory', 'array', 'new Float64Array(2 ** 40);', 422, 'STRATEGY_FAILED'],
    ['fills the heap', 'heap', HOARDS, 500, 'WORKER_DIED'],
  ] as const;

  test.each(DEEDS)('%s is refused by name, and the service goes on', async (_, name, deed, status, code) => {
    const before = footprint(service);
    const strategy = write(name, deed);
    const asked = { strategy, data: SMALL.data, memoryBytes: 300 * MB, maxThreads: 1, save: false };
    const waited = await service.post<Problem>('/api/backtests', asked);
    expect([waited.status, waited.body.error.code], waited.body.error.found).toEqual([status, code]);
    await assertHealthy(service, promised, before);
  });

  test.runIf(isLong)(
    'fills the heap in every attempt of a job fails it, and the queue goes on',
    { timeout: 300_000 },
    async () => {
      const before = footprint(service);
      const asked = {
        strategy: write('heap', HOARDS),
        data: SMALL.data,
        memoryBytes: 300 * MB,
        maxThreads: 1,
        save: false,
      };
      const { id } = await submit(service, asked);
      promised.accepted.add(id);
      expect(await service.until(id, isEnded)).toMatchObject({
        state: 'failed',
        attempts: 3,
        error: { code: 'WORKER_DIED' },
      });
      await assertHealthy(service, promised, before);
    },
  );

  test.runIf(isLong)('fills the heap in a single run takes a gigabyte and no more', { timeout: 300_000 }, async () => {
    writeFileSync(`/proc/${service.child.pid}/clear_refs`, '5');
    const asked = { kind: 'run', strategy: write('heap', HOARDS), data: SMALL.data, parameters: { n: 5 } };
    const { body } = await service.post<Problem>('/api/backtests', asked);
    expect(body.error.code).toBe('WORKER_DIED');
    expect(peakBytes()).toBeLessThan(1.6e9);
    await assertHealthy(service, promised);
  });
});

/** Most that the process held since this was reset. */
const peakBytes = (): number => 1024 * status('VmHWM');
const status = (field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${service.child.pid}/status`, 'utf8'))![1]);

describe.runIf(process.platform === 'linux')('requests within a budget', () => {
  /** Hundreds of different columns of 800 kB; each request of another sample, or it would be answered from what is kept. */
  const grid = (seed: number) => ({
    strategy: SMALL.strategy,
    data: 'lab/LONG/1m',
    parameters: { fast: '2..101:1', slow: '102..300:2' },
    sample: 200,
    seed,
    save: false,
    maxThreads: 1,
  });
  const ask = async (seed: number, memoryBytes?: number) => {
    writeFileSync(`/proc/${service.child.pid}/clear_refs`, '5');
    return service.post<Problem & SweepJson>('/api/backtests', { ...grid(seed), memoryBytes });
  };
  /** What a refusal says is needed, depending on what the process holds already. */
  const needed = async (seed: number): Promise<number> => {
    const { status, body } = await ask(seed, 20 * MB);
    expect([status, body.error.code]).toEqual([422, 'BUDGET_BYTES']);
    const [, list] = /needed are (.*)$/.exec(body.error.found)!;
    return MB * [...list!.matchAll(/(\d+) MB/g)].reduce((sum, [, megabytes]) => sum + Number(megabytes), 0);
  };
  beforeAll(async () => {
    const file = place.write('long.csv', csvOf(minuteCandles(100_000)));
    const { exitCode, stderr } = await place.run('import', file, '--exchange', 'lab', '--symbol', 'LONG');
    expect(exitCode, stderr).toBe(0);
  });

  test(`${BUDGETS} of 0.7 to 1.1 times what is needed: refused with the numbers, or within it (seed ${SEED})`, {
    timeout: 60_000 + BUDGETS * 5_000,
  }, async () => {
    const prng = createPrng(SEED);
    const counts = { taken: 0, refused: 0 };
    for (let i = 1; i <= BUDGETS; i++) {
      const budget = Math.round((await needed(i)) * (0.7 + 0.4 * prng.next()));
      const { status, body } = await ask(i, budget);
      if (status === 200) {
        counts.taken++;
        expect(peakBytes() / MB, `seed ${SEED}, request ${i}: peak in MB`).toBeLessThanOrEqual(budget / MB + MARGIN_MB);
      } else {
        counts.refused++;
        expect([status, body.error.code]).toEqual([422, 'BUDGET_BYTES']);
        expect(body.error.found).toMatch(/\d+ MB/);
      }
    }
    expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(0);
    await assertHealthy(service, promised);
  });

  test('would be seen to break it: the same request without one takes more', async () => {
    const budget = 1.1 * (await needed(BUDGETS + 1));
    expect((await ask(BUDGETS + 1)).status).toBe(200);
    expect(peakBytes()).toBeGreaterThan(budget + MARGIN_MB * MB);
  });
});

test(`${JOBS} jobs, one in a hundred of them a fault: memory stays flat, and so do files and threads`, {
  timeout: 60_000 + JOBS * 5_000,
}, async () => {
  write('throws', 'throw new Error("no");');
  const samples: number[] = [];
  const before = footprint(service);
  for (let i = 0; i < JOBS; i++) {
    const isFault = i % 100 === 5;
    const { id } = await submit(service, isFault ? { ...SMALL, strategy: 'throws.ts', parameters: {} } : SMALL);
    promised.accepted.add(id);
    expect((await service.until(id, isEnded)).state).toBe(isFault ? 'failed' : 'done');
    samples.push(1024 * status('VmRSS'));
  }
  const median = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[Math.floor(part.length / 2)]!;
  const fifth = Math.floor(JOBS / 5);
  // The first fifth warms up.
  const grown = median(samples.slice(-fifth)) - median(samples.slice(fifth, 2 * fifth));
  process.stdout.write(`resident memory grew by ${(grown / 2 ** 20).toFixed(1)} MiB over ${JOBS - 2 * fifth} jobs\n`);
  expect(grown / 2 ** 20).toBeLessThan(8 + (JOBS - 2 * fifth) / 1_000);
  await assertHealthy(service, promised, before);
});
