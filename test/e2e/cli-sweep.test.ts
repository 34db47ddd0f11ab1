// From a sweep to its ranked rows, files, reports and reproductions, through the command line.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { periodsPerYear } from '../../src/metrics/annualisation.ts';
import { METRIC_NAMES, type Metrics } from '../../src/metrics/metrics.ts';
import { metricsAgree } from '../../src/sweep/fast-tolerance.ts';
import { countOracle, describeOracle, sharedFolder } from '../oracle/oracle.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

interface Row {
  readonly rank: number;
  readonly variantKey: string;
  readonly indicatorVariantKey: string;
  readonly params: Record<string, number>;
  readonly risk: Record<string, number>;
  readonly totalReturnPct: number;
  readonly metrics: Metrics;
}

interface SweepJson {
  readonly engineVersion: string;
  readonly dataHash: string;
  readonly profile: string;
  readonly bars: number;
  readonly variants: number;
  readonly scored: number;
  readonly preselect: number;
  readonly elapsedMs: number;
  readonly resultHash: string;
  readonly resultId: string | null;
  readonly partial: string | null;
  readonly top: readonly Row[];
}

interface RunJson {
  readonly metrics: Metrics;
  readonly bars: number;
  readonly trades: readonly {
    readonly entryBar: number;
    readonly exitBar: number;
    readonly entryTime: string;
    readonly pnl: number;
  }[];
  readonly equity?: readonly number[];
}

/** A sweep scores with the engine that sums from fill to fill, a run bar by bar: rounding may differ, nothing else. */
function expectSameMetrics(found: Metrics, expected: Metrics, timeframe = '1m'): void {
  const perYear = periodsPerYear(parseTimeframe(timeframe));
  expect(Object.keys(found)).toEqual([...METRIC_NAMES]);
  for (const name of METRIC_NAMES) {
    expect(metricsAgree(name, expected, found, perYear), `${name}: ${expected[name]} and ${found[name]}`).toBe(true);
  }
}

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(6_000)));
});
afterAll(() => place.remove());

const GRID = ['--set', 'fast=5..15:5', '--set', 'slow=20..40:20'];

describe('sweep --json', () => {
  test('--estimate tells what it would take, and runs nothing', async () => {
    const sweep = [
      'sweep',
      'sma-cross',
      '--data',
      'btc.csv',
      '--set',
      'fast=5..9',
      '--set',
      'slow=20..29',
      '--estimate',
    ];
    const { estimate } = json<{ estimate: { toScore: number; distinctColumns: number; seconds: number } }>(
      await place.run(...sweep, '--json'),
    );
    expect(estimate).toMatchObject({ toScore: 50, distinctColumns: 15 });
    expect(estimate.seconds).toBeGreaterThan(0);
    const result = await place.run(...sweep);
    expect(result.stdout).toMatch(/Memory +\d+ MB at peak; at least --memory \d+MB/);
    expect(result.stdout).not.toContain('Return');
  });

  test('prints one object with the fields of the contract and rows in order', async () => {
    const result = await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID, '--fee', '0.1%', '--json');
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    const sweep = json<SweepJson>(result);
    expect(sweep).toMatchObject({
      profile: 'close',
      bars: 6_000,
      variants: 6,
      scored: 6,
      preselect: 200,
      partial: null,
    });
    expect(sweep.engineVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(sweep.dataHash).toMatch(/^[0-9a-f]{64}$/);
    expect(sweep.resultHash).toMatch(/^[0-9a-f]{64}$/);
    expect(sweep.resultId).toBe(sweep.resultHash.slice(0, 16));
    expect(sweep.top.map((row) => row.rank)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const row of sweep.top) {
      expect(Object.keys(row.params)).toEqual(['fast', 'slow']);
      expect(row.totalReturnPct).toBe(row.metrics.totalReturn! * 100);
      expect(row.variantKey).toBe(row.indicatorVariantKey);
      for (const name of ['finalEquity', 'maxDrawdown', 'trades', 'openTrades', 'totalFees'] as const) {
        expect(typeof row.metrics[name], name).toBe('number');
      }
    }
    const returns = sweep.top.map((row) => row.metrics.totalReturn!);
    expect(returns).toEqual([...returns].sort((a, b) => b - a));
  });

  test('gives one hash for any number of workers, and another for other candles', async () => {
    const sweep = async (...extra: readonly string[]): Promise<SweepJson> =>
      json(await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID, '--json', ...extra));
    const [one, two, later] = await Promise.all([
      sweep('--workers', '1'),
      sweep('--workers', '2', '--memory', '2GB'),
      sweep('--from', '2024-01-02'),
    ]);
    expect(two.resultHash).toBe(one.resultHash);
    expect(two.top).toEqual(one.top);
    expect(later.bars).toBe(6_000 - 1_440);
    expect(later.resultHash).not.toBe(one.resultHash);
  });

  test('--from is inclusive, --to exclusive, on open times', async () => {
    const result = await place.run(
      'sweep',
      'sma-cross',
      '--data',
      'btc.csv',
      ...GRID,
      '--json',
      '--from',
      '2024-01-02T00:00Z',
      '--to',
      '2024-01-03T02:00+02:00',
    );
    expect(json<SweepJson>(result).bars).toBe(1_440);
  });

  test('ranks by any metric, by its synonym, and keeps --top rows', async () => {
    const top = async (rank: string): Promise<readonly Row[]> =>
      json<SweepJson>(
        await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID, '--json', '--rank', rank, '--top', '2'),
      ).top;
    const [synonym, plain, trades] = await Promise.all([top('total_return_pct'), top('totalReturn'), top('trades')]);
    expect(synonym).toEqual(plain);
    expect(plain).toHaveLength(2);
    expect(trades[0]!.metrics.trades).toBeGreaterThanOrEqual(trades[1]!.metrics.trades!);
  });

  test('varies barriers on the shortlist and writes every row', async () => {
    const result = await place.run(
      'sweep',
      'sma-cross',
      '--data',
      'btc.csv',
      '--timeframe',
      '5m',
      ...GRID,
      '--json',
      '--stop-loss',
      '0.01..0.02:0.01',
      '--time-limit',
      '0,30',
      '--preselect',
      '2',
      '--all-results',
      'all.json',
    );
    const sweep = json<SweepJson>(result);
    expect(sweep).toMatchObject({ bars: 1_200, variants: 6 * 4, scored: 6 + 2 * 4, preselect: 2 });
    const rows = JSON.parse(readFileSync(join(place.folder, 'all.json'), 'utf8')) as Row[];
    expect(rows).toHaveLength(8);
    const { rank: _, ...best } = sweep.top[0]!;
    expect(rows).toContainEqual(best);
    expect(best.risk['stopLoss']).toBeGreaterThan(0);
    expect(best.variantKey.startsWith(`${best.indicatorVariantKey}|`)).toBe(true);
  });

  test('random search depends on its seed alone', async () => {
    const keys = async (seed: string): Promise<string[]> =>
      json<SweepJson>(
        await place.run('sweep', 'sma-cross', '--data', 'btc.csv', '--sample', '5', '--seed', seed, '--json'),
      ).top.map((row) => row.variantKey);
    const [first, again, other] = await Promise.all([keys('3'), keys('3'), keys('4')]);
    expect(first).toHaveLength(5);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe('run', () => {
  test('gives the metrics of the sweep, all trades, and the equity at each close', async () => {
    const sweep = json<SweepJson>(
      await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID, '--fee', '0.001', '--json'),
    );
    const best = sweep.top[0]!;
    const result = await place.run(
      'run',
      'sma-cross',
      '--data',
      'btc.csv',
      '--fee',
      '0.001',
      '--equity',
      '--json',
      '--set',
      `fast=${best.params['fast']}`,
      '--set',
      `slow=${best.params['slow']}`,
    );
    const run = json<RunJson>(result);
    expectSameMetrics(run.metrics, best.metrics);
    expect(run.trades.filter((trade) => trade.exitBar < run.bars)).toHaveLength(run.trades.length);
    expect(run.equity).toHaveLength(6_000);
    expect(run.equity!.at(-1)).toBe(best.metrics.finalEquity);
    const first = run.trades[0]!;
    expect(Date.parse(first.entryTime)).toBe(Date.UTC(2024, 0, 1) + first.entryBar * 60_000);
    const gained = run.trades.reduce((sum, trade) => sum + trade.pnl, 0);
    expect(100 + gained).toBeCloseTo(best.metrics.finalEquity!, 8);
  });

  test('reproduces each ranked row, with barriers', async () => {
    const sweep = json<SweepJson>(
      await place.run(
        'sweep',
        'sma-cross',
        '--data',
        'btc.csv',
        ...GRID,
        '--stop-loss',
        '0.01,0.02',
        '--from',
        '2024-01-02',
        '--json',
      ),
    );
    const again = await place.run('run', '--result', sweep.resultId!, '--row', '3', '--json');
    expect(again.exitCode).toBe(0);
    expectSameMetrics(json<RunJson>(again).metrics, sweep.top[2]!.metrics);
    const beyond = await place.run('run', '--result', sweep.resultId!, '--row', '99');
    expect(beyond).toMatchObject({ exitCode: 3 });
    expect(beyond.stderr).toContain('error [RESULT_NOT_FOUND]');
  });

  test('says so when the candles changed since', async () => {
    place.write('moving.csv', csvOf(minuteCandles(3_000, 11)));
    await place.run('sweep', 'sma-cross', '--data', 'moving.csv', ...GRID);
    place.write('moving.csv', csvOf(minuteCandles(3_000, 12)));
    const again = await place.run('run', '--result', 'latest', '--row', '1');
    expect(again.exitCode).toBe(3);
    expect(again.stderr).toContain('error [RESULT_MISMATCH]');
    expect(again.stderr).toContain('the candles changed');
  });

  test('prints a table a person can read', async () => {
    const result = await place.run(
      'run',
      'sma-cross',
      '--data',
      'btc.csv',
      '--set',
      'fast=5',
      '--set',
      'slow=20',
      '--trades',
      '3',
    );
    expect(result.stdout).toContain('sma-cross (fast 5, slow 20) on btc.csv, 1m');
    expect(result.stdout).toMatch(/Total return +−?-?[\d.]+%/);
    expect(result.stdout).toMatch(/and [\d,]+ more: --trades all/);
  });
});

describe('sweep for people', () => {
  test('prints market, assumptions, table, times apart, and what to do next', async () => {
    const result = await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID, '--report', 'report.html');
    expect(result.exitCode).toBe(0);
    for (const text of [
      'sma-cross on btc.csv, 1m',
      '2024-01-01 00:00 to 2024-01-05 03:59 UTC, 6,000 bars',
      'close: A signal at the close of a bar fills at that same close',
      'long only, cash 100.00, fee 0% per fill',
      'Scored 6 variants in',
      'Candles read in',
      `Report: ${join(place.folder, 'report.html')}`,
      '--row 1',
    ]) {
      expect(result.stdout.replaceAll('\n  ', ' ')).toContain(text);
    }
    expect(result.stdout.split('\n').every((line) => line.length <= 100)).toBe(true);
    expect(readFileSync(join(place.folder, 'report.html'), 'utf8')).toContain('<!doctype html>');
  });
});

describe('results', () => {
  test('are listed, shown, reported, deleted and pruned', async () => {
    const own = createWorkplace();
    try {
      own.write('btc.csv', csvOf(minuteCandles(2_000)));
      const first = json<SweepJson>(await own.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID, '--json'));
      await own.run('sweep', 'ema-cross', '--data', 'btc.csv', ...GRID);
      const listed = json<readonly { id: string; strategy: string }[]>(await own.run('results', 'list', '--json'));
      expect(listed.map((one) => one.strategy)).toEqual(['ema-cross', 'sma-cross']);
      const shown = json<SweepJson>(await own.run('results', 'show', first.resultId!.slice(0, 6), '--json'));
      expect(shown.top).toEqual(first.top);
      expect((await own.run('results', 'show', 'latest')).stdout).toContain('ema-cross on btc.csv');
      const report = json<{ path: string }>(await own.run('report', first.resultId!, '--json'));
      expect(existsSync(report.path)).toBe(true);
      const none = await own.run('results', 'delete', first.resultId!, first.resultId!.slice(0, 3));
      expect(none.exitCode).toBe(3);
      expect(none.stderr).toContain('at least 4 characters');
      expect((await own.run('results', 'show', first.resultId!)).exitCode).toBe(0);
      expect((await own.run('results', 'delete', first.resultId!)).exitCode).toBe(0);
      expect((await own.run('results', 'show', first.resultId!)).exitCode).toBe(3);
      await own.run('sweep', 'sma-cross', '--data', 'btc.csv', ...GRID);
      expect(json(await own.run('results', 'delete', 'latest', '--json'))).toEqual({ deleted: [first.resultId] });
      expect(json(await own.run('results', 'prune', '--keep', '0', '--json'))).toMatchObject({
        deleted: [listed[0]!.id],
      });
      expect((await own.run('results')).stdout).toContain('No results yet');
    } finally {
      own.remove();
    }
  });
});

describe('demo', () => {
  test('on synthetic candles says so loudly, ranks, and writes a report', async () => {
    const result = await place.run('demo', '--offline', '--report', 'demo.html');
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain('SYNTHETIC CANDLES');
    expect(result.stdout).toMatch(/^ 1 /m);
    expect(result.stdout).toContain(join(place.folder, 'demo.html'));
    expect(existsSync(join(place.folder, 'demo.html'))).toBe(true);
  });
});

const BITFINEX = 'data/crypto/bitfinex_BTCUSD_1m_2019.csv.gz';

describeOracle('a sweep over a real year of minutes', [BITFINEX], 1, () => {
  test('ranks a grid over the gaps of the exchange, and reproduces its best row', async () => {
    const data = join(sharedFolder, BITFINEX);
    const sweep = json<SweepJson>(
      await place.run(
        'sweep',
        'sma-cross',
        '--data',
        data,
        '--timeframe',
        '1h',
        '--fee',
        '0.1%',
        '--json',
        '--set',
        'fast=5..20:5',
        '--set',
        'slow=30,60,90',
      ),
    );
    expect(sweep).toMatchObject({ variants: 12, scored: 12, bars: 8_753 });
    const again = json<RunJson>(await place.run('run', '--result', sweep.resultId!, '--row', '1', '--json'));
    expectSameMetrics(again.metrics, sweep.top[0]!.metrics, '1h');
    countOracle(1);
  });
});
