// Strategy files with code: bar strategies and studies behind guards and fences, with the results of the calling thread.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

let place: Workplace;
let bars: string;
let signals: string;
let conditions: string;
let deed: string;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(2_000)));
  bars = place.write('bars.ts', barStrategy('bars'));
  signals = place.write('signals.ts', signalStrategy('signals'));
  conditions = place.write(
    'conditions.ts',
    `import { close, defineStrategy, gt, range, sma } from 'gridmill';
export default defineStrategy({ name: 'conditions', parameters: { n: range(2, 60) }, signals: (p) => ({ long: gt(close, sma(close, p.n)) }) });`,
  );
  deed = place.write(
    'deed.ts',
    signalStrategy('deed', `fs.writeFileSync(${JSON.stringify(join(place.folder, 'forbidden'))}, '');`),
  );
});
afterAll(() => place.remove());

interface Result {
  readonly resultHash: string;
  readonly scored: number;
  readonly top: readonly { readonly params: Record<string, number>; readonly metrics: Record<string, number> }[];
}

/** Leaves a mark wherever its code runs without guards. */
const leave = (name: string): string => `
import fs from 'node:fs';
function leave(mark: string): void {
  try { fs.writeFileSync(${JSON.stringify(place.folder)} + '/${name}-' + mark, ''); } catch {}
}
leave('import');`;

const barStrategy = (name: string): string => `
import { choice, close, customColumn, defineBarStrategy, gt, range, sma } from 'gridmill';
${leave(name)}
const fast = range(2, 7);
export default defineBarStrategy({
  name: '${name}',
  parameters: { fast, slow: choice(9, 15) },
  constraint: (p) => { leave('constraint'); return p.fast + 3 < p.slow; },
  init({ parameters: { fast, slow }, column, condition }) {
    leave('init');
    const shifted = column(customColumn('shifted', [close], [slow], ([values], [n]) => {
      leave('column');
      return values.map((value, i) => (i < n ? NaN : values[i - n] * (1 + 1e-3 * Math.random())));
    }));
    return { above: condition(gt(close, sma(close, fast))), shifted, luck: Math.random() };
  },
  onBar(context, { above, shifted, luck }) {
    leave('bar');
    const dice = Math.random() + (Date.now() % 7) / 100;
    if (above.at() && context.close > shifted.at() && dice > 0.4 + 0.2 * luck) context.buy();
    else if (!above.at()) context.exit();
  },
});`;

const signalStrategy = (name: string, act = ''): string => `
import { defineStrategy, range } from 'gridmill';
${leave(name)}
export default defineStrategy({
  name: '${name}',
  parameters: { n: range(2, 40), k: range(1, 5) },
  constraint: (p) => { leave('constraint'); return p.n > p.k; },
  compute({ close, barCount }, { n, k }) {
    leave('function');
    ${act}
    return new Int8Array(barCount).map((_, i) => (i >= n && close[i - k] > close[i - n] * (1 + 1e-3 * Math.random()) ? 1 : 0));
  },
});`;

const sweep = async (file: string, ...extra: readonly string[]) =>
  place.run('sweep', file, '--data', 'btc.csv', '--json', '--top', '50', ...extra);
const optimize = async (file: string, study: string, ...extra: readonly string[]) =>
  place.run(
    'optimize',
    file,
    '--data',
    'btc.csv',
    '--mode',
    'tpe',
    '--iter',
    '30',
    '--study',
    study,
    '--json',
    ...extra,
  );

/** Which marks were left since the last look. */
function marksOf(name: string): string[] {
  const found = ['import', 'constraint', 'function', 'init', 'column', 'bar'].filter((mark) =>
    existsSync(join(place.folder, `${name}-${mark}`)),
  );
  for (const mark of found) rmSync(join(place.folder, `${name}-${mark}`));
  return found;
}

test('a bar strategy behind the fence gives the rows of threads, and nothing of it runs outside', async () => {
  const fenced = await sweep(bars, '--isolate', 'process', '--set', 'fast=2..9');
  expect(fenced).toMatchObject({ exitCode: 0 });
  expect(marksOf('bars')).toEqual([]);
  const threads = json<Result>(await sweep(bars, '--set', 'fast=2..9', '--workers', '1'));
  expect(json<Result>(fenced)).toMatchObject({ resultHash: threads.resultHash, scored: threads.scored });
  expect(threads.scored).toBeGreaterThan(10);
  expect(threads.top[0]!.metrics['trades']).toBeGreaterThan(0);
  // In threads the constraint, and init for the plan, run where they are planned; bars and columns run behind guards.
  expect(marksOf('bars')).toEqual(['import', 'constraint', 'init']);
});

test('a run of a ranked row has the chance that the row had', async () => {
  const [row] = json<Result>(await sweep(bars)).top;
  const sets = Object.entries(row!.params).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const run = await place.run('run', bars, '--data', 'btc.csv', ...sets, '--json');
  expect(json<{ metrics: Record<string, number> }>(run).metrics).toEqual(row!.metrics);
});

const FENCED = ['--isolate', 'process'];
const turbo = ['--turbo', '--workers', '2'];

test.each([
  ['signals', () => signals, ['import', 'constraint'], [[], turbo, FENCED, [...FENCED, ...turbo]]],
  ['bars', () => bars, ['import', 'constraint', 'init'], [[], [...FENCED, ...turbo]]],
  ['conditions', () => conditions, [], [[], FENCED]],
] as const)(
  'a study of %s has one hash in threads and in processes, and nothing of it runs unguarded',
  async (name, file, planned, ways) => {
    const hashes = new Set<string>();
    marksOf(name);
    for (const [n, way] of ways.entries()) {
      const study = await optimize(file(), `${name}-${n}`, ...way);
      expect(study).toMatchObject({ exitCode: 0 });
      hashes.add(json<Result>(study).resultHash);
      const isFenced = (way as readonly string[]).includes('process');
      expect(marksOf(name), way.join(' ')).toEqual(isFenced ? [] : planned);
    }
    expect(hashes.size).toBe(1);
  },
);

test('a study begun without fences goes on behind them', async () => {
  const asked = [signals, 'goes-on'] as const;
  expect(await optimize(...asked)).toMatchObject({ exitCode: 0 });
  marksOf('signals');
  const resumed = await place.run('optimize', '--resume', 'goes-on', ...FENCED, '--json');
  expect(resumed).toMatchObject({ exitCode: 0 });
  expect(marksOf('signals')).toEqual([]);
});

test('reports and estimates of code behind the fence are refused', async () => {
  marksOf('bars');
  for (const refused of [
    await sweep(bars, '--isolate', 'process', '--report', 'x.html'),
    await optimize(bars, 'reported', '--isolate', 'process', '--report', 'x.html'),
  ]) {
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stdout).toContain('--report for bars');
  }
  const estimate = await sweep(bars, '--isolate', 'process', '--estimate');
  expect(estimate).toMatchObject({ exitCode: 4 });
  expect(estimate.stdout).toContain('--estimate');
  expect(existsSync(join(place.folder, 'x.html'))).toBe(false);
  expect(marksOf('bars')).toEqual([]);
});

test('one worker and a single variant run behind guards too', async () => {
  for (const extra of [
    ['--workers', '1'],
    ['--set', 'n=9', '--set', 'k=2'],
    ['--set', 'n=9', '--workers', '1'],
  ]) {
    const failed = await sweep(deed, ...extra);
    expect(failed).toMatchObject({ exitCode: 4 });
    expect(failed.stdout).toMatch(/STRATEGY_FORBIDDEN.*fs\.writeFileSync .*forbidden, at .*deed\.ts:/);
  }
  const study = await optimize(deed, 'deed');
  expect(study).toMatchObject({ exitCode: 4 });
  expect(study.stdout).toContain('fs.writeFileSync');
  expect(existsSync(join(place.folder, 'forbidden'))).toBe(false);
});
