// Studies through the command line: one hash for any number of workers, kills and resumes, results, mistakes.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

interface Study {
  readonly resultHash: string;
  readonly resultId: string;
  readonly scored: number;
  readonly partial: string | null;
  readonly top: readonly {
    readonly params: Record<string, number>;
    readonly risk: Record<string, number>;
    readonly metrics: Record<string, number>;
  }[];
  readonly study: {
    readonly name: string;
    readonly done: number;
    readonly ended: string | null;
    readonly holdout: {
      readonly rows: readonly {
        readonly values: readonly number[];
        readonly metrics: readonly Record<string, number>[];
      }[];
    } | null;
    readonly rows: readonly { readonly values: readonly number[] }[];
  };
}

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(9_000)));
  place.write('eth.csv', csvOf(minuteCandles(9_000, 11)));
  // Slow enough to be killed in the middle.
  place.write(
    'slow.ts',
    `import { defineStrategy, range } from 'gridmill';
export default defineStrategy({
  name: 'slow-cross',
  parameters: { n: range(2, 200), k: range(1, 50) },
  compute: (candles, { n, k }) => {
    const out = new Int8Array(candles.barCount);
    let x = 0;
    for (let i = 0; i < 2e6; i++) x += i % k;
    for (let i = n; i < out.length; i++) out[i] = candles.close[i] > candles.close[i - n] && x > 0 ? 1 : 0;
    return out;
  },
});
`,
  );
});
afterAll(() => place.remove());

const SPACE = ['--set', 'fast=3..40', '--set', 'slow=20..200', '--fee', '0.05%'];
const optimize = (...args: readonly string[]) =>
  place.run('optimize', 'sma-cross', '--data', 'btc.csv', ...SPACE, ...args, '--json');

describe('results', () => {
  test('one hash in the calling thread and with 1 to 4 workers, whatever the batch size', async () => {
    const asked = ['--mode', 'discovery', '--iter', '160', '--rank', 'sharpe', '--stop-loss', '0,1%,2%'];
    const first = json<Study>(await optimize(...asked, '--study', 'calling'));
    expect(first).toMatchObject({ scored: 160, partial: null });
    for (const [workers, batch] of [
      [1, '1'],
      [2, '7'],
      [3, '64'],
      [4, '2'],
    ] as const) {
      const other = json<Study>(
        await optimize(
          ...asked,
          '--turbo',
          '--workers',
          String(workers),
          '--batch-size',
          batch,
          '--study',
          `w${workers}`,
        ),
      );
      expect(other.resultHash).toBe(first.resultHash);
      expect(other.top).toEqual(first.top);
    }
    const compared = json<{ sameHash: boolean; differences: unknown[] }>(
      await place.run('studies', 'compare', 'calling', 'w3', '--json'),
    );
    expect(compared).toMatchObject({ sameHash: true, differences: [] });
  });

  test('a row is what a run of it gives, the report and the list know the study', async () => {
    const study = json<Study>(
      await optimize(
        '--mode',
        'tpe',
        '--iter',
        '80',
        '--objective',
        'sharpe - 0.5*maxDrawdown',
        '--where',
        'trades>=5',
        '--holdout',
        '20%',
        '--days',
        '5',
        '--study',
        'weighted',
      ),
    );
    const [row] = study.top;
    expect(study.study.rows[0]!.values[0]).toBeCloseTo(row!.metrics['sharpe']! - 0.5 * row!.metrics['maxDrawdown']!, 9);
    for (const { metrics } of study.top) expect(metrics['trades']).toBeGreaterThanOrEqual(5);
    const run = json<{ metrics: Record<string, number>; bars: number }>(
      await place.run('run', '--result', study.resultId, '--row', '1', '--json'),
    );
    expect(run.metrics['sharpe']).toBeCloseTo(row!.metrics['sharpe']!, 9);
    expect(run.bars).toBe(5 * 1440 * 0.8);
    // What was held out is a run of its own on the bars after the search.
    const [held] = study.study.holdout!.rows;
    const from = new Date(Date.UTC(2024, 0, 1) + 9_000 * 60_000 - 1440 * 60_000).toISOString();
    const apart = json<{ metrics: Record<string, number>; bars: number }>(
      await place.run(
        'run',
        'sma-cross',
        '--data',
        'btc.csv',
        '--fee',
        '0.05%',
        '--from',
        from,
        ...Object.entries(row!.params).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
        '--json',
      ),
    );
    expect(apart.bars).toBe(1440);
    expect(held!.metrics[0]!['totalReturn']).toBeCloseTo(apart.metrics['totalReturn']!, 9);
    const report = await place.run('report', study.resultId, '--out', 'study.html');
    expect(report.exitCode).toBe(0);
    expect(readFileSync(join(place.folder, 'study.html'), 'utf8')).toContain('sharpe - 0.5*maxDrawdown');
    const shown = await place.run('results', 'show', study.resultId);
    expect(shown.stdout).toContain('held out');
    expect((await place.run('studies')).stdout).toMatch(/weighted .*tpe/);
    expect((await place.run('studies', 'show', 'weighted')).stdout).toMatch(/Where the best tenth/);
  });

  test('several markets: the median over all, and rows that run in each', async () => {
    const args = [
      'optimize',
      'sma-cross',
      '--data',
      'btc.csv',
      '--data',
      'eth.csv',
      ...SPACE,
      '--mode',
      'random',
      '--iter',
      '40',
      '--rank',
      'sharpe',
      '--json',
    ];
    const study = json<Study & { cells: unknown[]; top: { median: number; cells: { sharpe: number }[] }[] }>(
      await place.run(...args),
    );
    expect(study.cells).toHaveLength(2);
    const [a, b] = study.top[0]!.cells.map(({ sharpe }) => sharpe);
    expect(study.top[0]!.median).toBeCloseTo((a! + b!) / 2, 9);
    const run = json<{ metrics: Record<string, number> }>(
      await place.run('run', '--result', study.resultId, '--row', '1', '--cell', '2', '--json'),
    );
    expect(run.metrics['sharpe']).toBeCloseTo(b!, 9);
    const swapped = json<Study>(
      await place.run(
        ...args.map((arg) => (arg === 'btc.csv' ? 'eth.csv' : arg === 'eth.csv' ? 'btc.csv' : arg)),
        '--study',
        'swapped',
      ),
    );
    expect(swapped.resultHash).toBe(study.resultHash);
  });

  test('the mode grid scores what a sweep scores', async () => {
    const axes = ['--set', 'fast=3..9:3', '--set', 'slow=20..60:10'];
    const study = json<Study>(
      await place.run('optimize', 'sma-cross', '--data', 'btc.csv', ...axes, '--mode', 'grid', '--json'),
    );
    const sweep = json<Study>(await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...axes, '--json'));
    expect(study.scored).toBe(15);
    expect(study.top.map(({ params }) => params)).toEqual(sweep.top.map(({ params }) => params));
    for (const [i, { metrics }] of study.top.entries())
      expect(metrics['totalReturn']).toBeCloseTo(sweep.top[i]!.metrics['totalReturn']!, 12);
  });
});

describe('interruptions', () => {
  const slow = [
    'optimize',
    './slow.ts',
    '--data',
    'btc.csv',
    '--mode',
    'tpe',
    '--iter',
    '90',
    '--rank',
    'sharpe',
    '--turbo',
    '--workers',
    '2',
  ];

  async function untilLogExceeds(log: string, bytes: number): Promise<void> {
    const begunMs = performance.now();
    while (!(existsSync(log) && statSync(log).size > bytes) && performance.now() - begunMs < 60_000) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test('kill -9 in the middle, and the study goes on to the hash of one that was left alone', async () => {
    const whole = json<Study>(await place.run(...slow, '--study', 'whole', '--json'));
    const { child, ended } = place.start([...slow, '--study', 'killed', '--json']);
    const log = join(place.home, 'studies/killed/trials.log');
    await untilLogExceeds(log, 8_000);
    child.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
    const resumed = await place.run('optimize', '--resume', 'killed', '--json');
    expect(resumed.stderr).toMatch(/goes on: \d+ trials are known/);
    const study = json<Study>(resumed);
    expect(study.resultHash).toBe(whole.resultHash);
    expect(study.top).toEqual(whole.top);
  });

  test('a deadline and Ctrl-C print what there is and how to go on; the same command with the same name goes on', async () => {
    const named = [...slow, '--study', 'stopped', '--seed', '2'];
    const late = await place.run(...named, '--deadline', '1s');
    expect(late.exitCode).toBe(124);
    expect(late.stdout).toMatch(
      /PARTIAL: stopped by the deadline; ranking and hash hold the first \d+ trials in order/,
    );
    expect(late.stdout).toContain('gridmill optimize --resume stopped --turbo');
    const log = join(place.home, 'studies/stopped/trials.log');
    const { size } = statSync(log);
    const { child, ended } = place.start(named);
    // Once it writes trials it is past its start, and hears the signal.
    await untilLogExceeds(log, size);
    child.kill('SIGINT');
    const interrupted = await ended;
    expect([interrupted.exitCode, interrupted.signal]).toEqual([130, null]);
    const done = json<Study>(await place.run(...named, '--json'));
    expect(done).toMatchObject({ partial: null, scored: 90 });
    const again = await place.run(...named, '--json');
    expect(json<Study>(again).resultHash).toBe(done.resultHash);
    expect(again.stderr).toContain('90 trials are known');
  });
});

describe('mistakes', () => {
  const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
    [['--mode', 'tpe'], 'REQUEST_INVALID', /neither --iter nor --deadline/],
    [['--iter', '10', '--objective', 'sharp - maxDrawdown'], 'REQUEST_INVALID', /sharpe/],
    [['--iter', '10', '--objective', 'sharpe -'], 'REQUEST_INVALID', /ends too early/],
    [['--iter', '10', '--rank', 'nothing'], 'REQUEST_INVALID', /metric/],
    [['--iter', '10', '--mode', 'refine', '--around', 'nobody'], 'STUDY_NOT_FOUND', /nobody/],
    [['--iter', '10', '--mode', 'refine'], 'REQUEST_INVALID', /--around/],
    [['--iter', '10', '--workers', '2'], 'REQUEST_INVALID', /--turbo/],
    [['--iter', '10', '--set', 'medium=3'], 'GRID_INVALID', /medium/],
    [['--iter', '10', '--days', '3', '--from', '2024'], 'REQUEST_INVALID', /--days/],
    [['--iter', '10', '--memory', '50MB'], 'BUDGET_BYTES', /at least --memory/],
    [['--iter', '10', '--study', '../x'], 'PATH_FORBIDDEN', /name/],
  ];
  test.each(cases)('%s', async (args, code, text) => {
    const result = await place.run('optimize', 'sma-cross', '--data', 'btc.csv', ...args, '--json');
    const { error } = json<{ error: { code: string; message: string } }>(result);
    expect(error.code).toBe(code);
    expect(JSON.stringify(error)).toMatch(text);
  });

  test('a long objective is cut with a mark, and what is held fixed is no row of the best tenth', async () => {
    const objective = 'sharpe - 0.5*maxDrawdown + 0.1*winRate';
    const fixed = ['--set', 'fast=2..40', '--set', 'slow=90', '--study', 'long'];
    const study = await place.run(
      ...['optimize', 'sma-cross', '--data', 'btc.csv', ...fixed],
      ...['--mode', 'random', '--iter', '30', '--objective', objective],
    );
    expect(study.stdout).toMatch(/^fast +\d.*%$/m);
    expect(study.stdout).not.toMatch(/^slow +90 +90/m);
    expect((await place.run('studies')).stdout).toContain('sharpe - 0.5*maxDrawdown + 0.…');
    expect((await place.run('studies', 'remove', 'long')).exitCode).toBe(0);
  });

  test('an unknown study, another request under its name, options that --resume does not take', async () => {
    expect((await place.run('optimize', '--resume', 'nobody')).stderr).toMatch(/STUDY_NOT_FOUND/);
    expect((await place.run('studies', 'show', 'nobody')).exitCode).toBe(3);
    await optimize('--mode', 'random', '--iter', '5', '--study', 'taken');
    const other = await optimize('--mode', 'random', '--iter', '6', '--seed', '3', '--study', 'taken');
    expect(json<{ error: object }>(other).error).toMatchObject({
      code: 'STUDY_MISMATCH',
      found: 'taken differs in seed, trials.',
    });
    expect((await place.run('optimize', '--resume', 'taken', '--seed', '3')).stderr).toMatch(/--seed/);
    expect((await place.run('studies', 'remove', 'taken')).exitCode).toBe(0);
    expect((await place.run('studies', 'show', 'taken')).exitCode).toBe(3);
  });
});
