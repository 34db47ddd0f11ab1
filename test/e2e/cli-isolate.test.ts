// gridmill sweep --isolate: the same results from fenced processes, and no line of the strategy outside them.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  mkdirSync(join(place.folder, 'data'));
  place.write('levels.json', '{"level":1.0001}');
  place.write('data/btc.csv', csvOf(minuteCandles(2_000)));
  place.write('data/eth.csv', csvOf(minuteCandles(2_000, 8)));
});
afterAll(() => place.remove());

interface SweepJson {
  readonly resultHash: string;
  readonly scored: number;
}

const sweep = (file: string, ...extra: readonly string[]) =>
  place.run('sweep', file, '--data', 'data/btc.csv', '--json', ...extra);

/** Leaves a mark wherever its code runs without a fence: at import, in the constraint, in a column and in the function. */
const marked = (name: string, body: string): string => `
import fs from 'node:fs';
import { choice, close, customColumn, defineStrategy, gt, range, sma } from 'gridmill';
const levels = JSON.parse(fs.readFileSync(import.meta.dirname + '/levels.json', 'utf8'));
function leave(mark: string): void {
  try { fs.writeFileSync(${JSON.stringify(place.folder)} + '/${name}-' + mark, ''); } catch {}
}
leave('import');
export default defineStrategy({
  name: '${name}',
  parameters: { fast: range(2, 6), slow: choice(4, 5, 20) },
  constraint: (p) => { leave('constraint'); return p.fast < p.slow; },
  ${body}
});`;
const COLUMN = `signals: (p) => ({
    long: gt(sma(close, p.fast), customColumn('late', [close], [p.slow], ([values], [bars]) => {
      leave('column');
      return values.map((value, i) => (i < bars ? NaN : values[i - bars] * levels.level));
    })),
  }),`;
const FUNCTION = `compute({ close, barCount }, { fast, slow }) {
    leave('function');
    return new Int8Array(barCount).map((_, i) => (i >= slow && close[i - fast] > close[i - slow] * levels.level ? 1 : 0));
  },`;

test.each([
  ['columns', COLUMN],
  ['functions', FUNCTION],
])('with %s the result is that of threads, and nothing of the file runs outside the fence', async (name, body) => {
  const file = place.write(`${name}.ts`, marked(name, body));
  const fenced = await sweep(file, '--isolate', 'process', '--set', 'fast=2..9');
  expect(fenced.stderr).not.toContain('error');
  const marks = ['import', 'constraint', name.slice(0, -1)].map((mark) => join(place.folder, `${name}-${mark}`));
  expect(marks.filter((mark) => existsSync(mark))).toEqual([]);
  const one = await sweep(file, '--isolate', 'process', '--workers', '1', '--set', 'fast=2..9');
  const free = await sweep(file, '--workers', '1', '--set', 'fast=2..9');
  expect(json<SweepJson>(fenced).scored).toBe(json<SweepJson>(free).scored);
  expect(json<SweepJson>(fenced).resultHash).toBe(json<SweepJson>(free).resultHash);
  expect(json<SweepJson>(one).resultHash).toBe(json<SweepJson>(free).resultHash);
  // Without fence and guards the same file leaves its marks.
  await place.run('run', file, '--data', 'data/btc.csv', '--set', 'fast=3', '--set', 'slow=5', '--json');
  expect(marks.filter((mark) => !existsSync(mark))).toEqual([]);
});

test('over many markets the result is that of threads', async () => {
  const file = place.write('many.ts', marked('many', FUNCTION));
  const many = (...extra: readonly string[]) => place.run('sweep', file, '--data', 'data', '--json', ...extra);
  const fenced = await many('--isolate', 'process');
  expect(json<SweepJson>(fenced).resultHash).toBe(json<SweepJson>(await many()).resultHash);
});

test('a report of conditions is written, one that would run code is refused', async () => {
  const conditions = place.write(
    'conditions.ts',
    `import { close, defineStrategy, gt, range, sma } from 'gridmill';
export default defineStrategy({ name: 'conditions', parameters: { n: range(2, 9) }, signals: (p) => ({ long: gt(close, sma(close, p.n)) }) });`,
  );
  const written = await sweep(conditions, '--isolate', 'process', '--report', 'conditions.html');
  expect(written).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(place.folder, 'conditions.html'))).toBe(true);
  const refused = await sweep(
    place.write('code.ts', marked('code', FUNCTION)),
    '--isolate',
    'process',
    '--report',
    'x.html',
  );
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stdout).toContain('--report for code, which is code');
});

test.each([
  ['throws', 'throw new RangeError("at import");', 4, 'at import'],
  [
    'loads-what-it-may-not',
    'await import(["node", "http"].join(":")).then((http) => http.get("http://127.0.0.1:9"));',
    4,
    'no network',
  ],
  ['exits', 'process.exit(7);', 4, 'process.exit'],
])('a file that %s when it is imported fails with its reason', async (name, deed, exitCode, says) => {
  const failed = await sweep(place.write(`${name}.ts`, `${deed}\nexport default 1;`), '--isolate', 'process');
  expect(failed).toMatchObject({ exitCode });
  expect(failed.stdout).toContain(says);
});

test('in threads a forbidden deed ends in exit code 4 and names the line', async () => {
  const file = place.write(
    'deed.ts',
    `import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { defineStrategy, range } from 'gridmill';
export default defineStrategy({
  name: 'deed',
  parameters: { a: range(1, 100), b: range(1, 400) },
  compute({ barCount }, { a }) {
    if (!isMainThread) fs.writeFileSync('/tmp/forbidden', String(a));
    return new Int8Array(barCount);
  },
});`,
  );
  // Enough variants for the plan to grant threads.
  place.write('big.csv', csvOf(minuteCandles(20_000)));
  const failed = await place.run('sweep', file, '--data', 'big.csv', '--json', '--workers', '2');
  expect(failed).toMatchObject({ exitCode: 4 });
  expect(failed.stdout).toMatch(/STRATEGY_FORBIDDEN.*fs\.writeFileSync \/tmp\/forbidden, at .*deed\.ts:8:/);
});

test('models are read from the folder of the strategy only, and behind the fence they predict the same', async () => {
  const model = (name: string, path: string): string =>
    place.write(
      `${name}.ts`,
      `import { close, defineStrategy, gt, range, ridge, roc } from 'gridmill';
export default defineStrategy({ name: '${name}', parameters: { n: range(2, 9) }, signals: (p) => ({ long: gt(ridge('${path}', [roc(close, p.n)]), 0) }) });`,
    );
  place.write('weights.json', '{"coefficients":[0.5],"intercept":0.0001}');
  const file = model('modelled', './weights.json');
  const fenced = await sweep(file, '--isolate', 'process');
  expect(fenced).toMatchObject({ exitCode: 0 });
  expect(json<SweepJson>(fenced).resultHash).toBe(json<SweepJson>(await sweep(file)).resultHash);
  const outside = await sweep(model('prying', '/etc/passwd'), '--isolate', 'process');
  expect(outside).toMatchObject({ exitCode: 4 });
  expect(outside.stdout).toContain('a model of /etc/passwd');
});
