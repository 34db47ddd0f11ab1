// Hundreds of trials in one pool: no error, memory stays flat; `node bench/turbo-soak.mjs` is the whole dose.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const RUNS = 4000;
/** A short form ends while heaps still find their size. */
const DRIFT_MAX = 1.3;

test(`${RUNS} trials over 20,000 bars on 2 workers: none fails, resident memory stays flat and bounded`, async () => {
  const script = fileURLToPath(new URL('../../bench/turbo-soak.mjs', import.meta.url));
  const args = [script, '--runs', `${RUNS}`, '--bars', '20000', '--workers', '2', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [result] = JSON.parse(stdout) as [Record<string, number>];
  expect(result).toMatchObject({ runs: RUNS, errors: 0, restarted: 0 });
  expect(result['rssDrift']).toBeLessThan(DRIFT_MAX);
  expect(result['rssMb']).toBeLessThan(400);
});
