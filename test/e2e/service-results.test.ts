// Stored results as a script uses them: compared, sorted, exported, kept under names, run again; equal to the command line.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ComparedRow, ResultComparison } from '../../src/runs/compare-results.ts';
import type { ListedVariant, NamedVariant } from '../../src/runs/named-variants.ts';
import type { TradeJson } from '../../src/runs/single-run.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';
import { type RunningService, startService } from './service-harness.ts';

const BARS = 4_000;
const KEY = 'lab/MADE/1m';
const CONFIG = 'server:\n  requests_per_second: 1000\n';

interface Row {
  readonly rank: number;
  readonly params: Readonly<Record<string, number>>;
  readonly metrics: Readonly<Record<string, number | null>>;
}
interface RunJson {
  readonly run: {
    readonly trades: readonly TradeJson[];
    readonly equity?: readonly number[];
    readonly metrics: object;
  };
  readonly candlesFrom: number;
  readonly candles: Readonly<Record<string, readonly number[]>>;
}
interface Refused {
  readonly error: { readonly code: string; readonly found: string };
}

let place: Workplace;
let service: RunningService;
/** Without costs, with costs, over two markets. */
let [free, costly, many] = ['', '', ''];

const SWEEP = {
  strategy: 'sma-cross',
  data: KEY,
  parameters: { fast: [3, 5, 8, 13], slow: '20..60:10' },
  rank: 'sharpe',
  top: 100,
};
const bytesOf = async (path: string): Promise<Buffer> => {
  const answer = await fetch(`${service.address}${path}`);
  expect(answer.status, path).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
};
const put = async <T>(path: string, body: object): Promise<{ readonly status: number; readonly body: T }> => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${service.address}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as T };
};
const drop = async (path: string): Promise<number> =>
  (await fetch(`${service.address}${path}`, { method: 'DELETE' })).status;

beforeAll(async () => {
  place = createWorkplace();
  place.write('gridmill.yaml', CONFIG);
  for (const [symbol, seed] of [
    ['MADE', 7],
    ['OTHER', 8],
  ] as const) {
    const file = place.write(`${symbol}.csv`, csvOf(minuteCandles(BARS, seed)));
    const imported = await place.run('import', file, '--exchange', 'lab', '--symbol', symbol);
    expect(imported.exitCode, imported.stderr).toBe(0);
  }
  const data = ['--data', KEY, '--data', 'lab/OTHER/1m'];
  const swept = await place.run('sweep', 'sma-cross', ...data, '--set', 'fast=3..9:2', '--set', 'slow=20,40', '--json');
  many = json<{ resultId: string }>(swept).resultId;
  service = await startService(place);
  const sweep = async (execution: object): Promise<string> =>
    (await service.post<{ resultId: string }>('/api/backtests', { ...SWEEP, execution })).body.resultId;
  [free, costly] = [await sweep({}), await sweep({ fee: 0.001 })];
});
afterAll(async () => {
  await service.stop();
  place.remove();
});

const allRows = async (id: string, query = ''): Promise<Row[]> =>
  (await service.get<{ rows: Row[] }>(`/api/results/${id}/rows?limit=1000${query}`)).body.rows;

describe('two results side by side', () => {
  const compare = async (a: string, b: string, query = ''): Promise<ResultComparison> =>
    (await service.get<ResultComparison>(`/api/results/compare?ids=${a},${b}${query}`)).body;

  test('differ in what was asked, and agree in their order as far as ranks say so', async () => {
    const comparison = await compare(free, costly, '&rows=3');
    const settings = comparison.differences.map(({ setting }) => setting);
    expect(settings).toEqual(['execution.costs.feeRate']);
    expect(comparison.differences[0]).toMatchObject({ a: '0', b: '0.001' });
    expect(comparison).toMatchObject({ sameHash: false, ranked: { common: 20, onlyA: 0, onlyB: 0 } });
    // All variants are ranked, and no two have one score: the coefficient is that of the ranks.
    const [a, b] = [await allRows(free), await allRows(costly)];
    const rankIn = (rows: readonly Row[], { params }: Row): number =>
      rows.find((row) => JSON.stringify(row.params) === JSON.stringify(params))!.rank;
    const squares = a.reduce((sum, row) => sum + (row.rank - rankIn(b, row)) ** 2, 0);
    const count = a.length;
    expect(comparison.correlation.variants).toBe(count);
    expect(comparison.correlation.spearman).toBeCloseTo(1 - (6 * squares) / (count * (count * count - 1)), 10);
    const ranks = (of: 'a' | 'b'): number[] => comparison.rows.map((row: ComparedRow) => row[of]!.rank);
    for (const rank of [1, 2, 3]) expect([ranks('a').includes(rank), ranks('b').includes(rank)]).toEqual([true, true]);
  });

  test('are one result when they are, and the command line says the same', async () => {
    const same = await compare(free, free);
    expect(same).toMatchObject({ sameHash: true, differences: [], ranked: { common: 20, equal: 20 } });
    expect(same.correlation.spearman).toBe(1);
    const printed = await place.run('results', 'compare', free, costly, '--json');
    expect(json<ResultComparison>(printed)).toEqual(await compare(free, costly));
    const text = (await place.run('results', 'compare', free, costly)).stdout;
    expect(text).toMatch(/execution\.costs\.feeRate +0 +0\.001/);
    expect(text).toMatch(/Rank correlation over 20 common (scored variants|ranked rows): -?[01]\.\d{3}/);
  });

  test('may be of many markets, and must be two that are there', async () => {
    expect(await compare(many, many)).toMatchObject({ sameHash: true, correlation: { spearman: 1 } });
    expect((await compare(free, many)).differences.map(({ setting }) => setting)).toContain('markets');
    expect((await service.get(`/api/results/compare?ids=${free}`)).status).toBe(400);
    expect((await service.get(`/api/results/compare?ids=${free},${'0'.repeat(16)}`)).status).toBe(404);
  });
});

describe('rows', () => {
  test('are sorted and filtered by parameters and metrics, and every format has the same', async () => {
    const query = '&sort=fast,-sharpe&where=slow>=30,fast!=5';
    const rows = await allRows(free, query);
    expect(rows.map(({ params }) => params['fast'])).toEqual([3, 3, 3, 3, 8, 8, 8, 8, 13, 13, 13, 13]);
    const path = `/api/results/${free}/rows?${query.slice(1)}`;
    const lines = (await bytesOf(`${path}&format=csv`)).toString().trimEnd().split('\n');
    const header = lines[0]!.split(',');
    expect(lines.slice(1).map((line) => Number(line.split(',')[header.indexOf('rank')]))).toEqual(
      rows.map(({ rank }) => rank),
    );
    const file = new Uint8Array(await bytesOf(`${path}&format=parquet`)).buffer;
    const records = await parquetReadObjects({ file });
    expect(records.map(({ sharpe }) => sharpe)).toEqual(rows.map(({ metrics }) => metrics['sharpe']));
  });

  test('of many markets too', async () => {
    const { body } = await service.get<{ total: number; rows: { mean: number }[] }>(
      `/api/results/${many}/rows?sort=-mean&limit=5`,
    );
    expect(body.total).toBe(8);
    expect(body.rows.map(({ mean }) => mean)).toEqual(body.rows.map(({ mean }) => mean).toSorted((a, b) => b - a));
    const lines = (await bytesOf(`/api/results/${many}/rows?format=csv`)).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(9);
    expect(lines[0]).toMatch(/,fast,slow,.*,mean,.*,totalReturn\.cell1,totalReturn\.cell2$/);
    const [first] = (await service.get<{ rows: Row[] }>(`/api/results/${many}/rows?cell=2&limit=1`)).body.rows;
    const { body: again } = await service.get<RunJson>(`/api/results/${many}/rows/1?cell=2`);
    expect(again.run.metrics).toMatchObject({ totalReturn: first!.metrics['totalReturn'] });
    expect((await service.get(`/api/results/${many}/rows/1`)).status).toBe(400);
  });
});

describe('one variant in full', () => {
  test('has its trades and equity as pages and as files', async () => {
    const path = `/api/results/${free}/rows/1`;
    const { run } = (await service.get<RunJson>(`${path}?equity=true`)).body;
    expect(run.trades.length).toBeGreaterThan(10);
    const { body } = await service.get<{ total: number; trades: TradeJson[] }>(`${path}/trades?offset=2&limit=3`);
    expect(body).toMatchObject({ total: run.trades.length, offset: 2 });
    expect(body.trades).toEqual(run.trades.slice(2, 5).map((trade, i) => ({ trade: i + 3, ...trade })));
    const csv = (await bytesOf(`${path}/trades?format=csv`)).toString().trimEnd().split('\n');
    expect(csv).toHaveLength(run.trades.length + 1);
    const pnl = csv[0]!.split(',').indexOf('pnl');
    expect(csv.slice(1).map((line) => Number(line.split(',')[pnl]))).toEqual(run.trades.map((trade) => trade.pnl));
    const file = new Uint8Array(await bytesOf(`${path}/equity?format=parquet`)).buffer;
    const equity = await parquetReadObjects({ file });
    expect(equity.map((record) => record['equity'])).toEqual(run.equity);
    expect((await service.get(`${path}/trades?format=csv&limit=3`)).status).toBe(400);
  });

  test('shows the candles around a trade', async () => {
    const path = `/api/results/${free}/rows/1`;
    const { body } = await service.get<RunJson>(`${path}?trade=2&margin=5`);
    const trade = body.run.trades[1]!;
    expect(body.candlesFrom).toBe(trade.entryBar - 5);
    expect(body.candles['time']).toHaveLength(trade.exitBar - trade.entryBar + 11);
    expect(new Date(body.candles['time']![5]!).toISOString()).toBe(trade.entryTime);
    const beyond = await service.get<Refused>(`${path}?trade=100000`);
    expect([beyond.status, beyond.body.error.code]).toEqual([404, 'RESULT_NOT_FOUND']);
    for (const query of ['trade=1&candlesFrom=3', 'margin=3', 'candlesCount=3']) {
      expect([query, (await service.get(`${path}?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('a variant under a name', () => {
  const SECOND = { rank: 2, note: 'the "second" one' };

  test('is saved once, replaced when asked for, listed, and outlives its result', async () => {
    const order = { resultId: costly, ...SECOND };
    const saved = await put<NamedVariant>('/api/variants/second', order);
    expect([saved.status, saved.body.note]).toEqual([201, SECOND.note]);
    const [, row] = await allRows(costly);
    expect(saved.body).toMatchObject({
      resultId: costly,
      rank: 2,
      data: KEY,
      params: row!.params,
      metrics: row!.metrics,
    });
    expect(saved.body.execution.costs.feeRate).toBe(0.001);
    const again = await put<NamedVariant>('/api/variants/second', { ...order, note: 'seen' });
    expect([again.status, again.body]).toEqual([200, { ...saved.body, note: 'seen' }]);
    const other = { resultId: costly, rank: 1 };
    const refused = await put<Refused>('/api/variants/second', other);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'VARIANT_EXISTS']);
    expect((await put<NamedVariant>('/api/variants/second', { ...other, replace: true })).body.rank).toBe(1);
    await put('/api/variants/second', { ...order, replace: true });
    await put('/api/variants/of-a-cell', { resultId: many, cell: 2 });

    const before = (await service.get<RunJson>(`/api/results/${costly}/rows/2?equity=true`)).body.run;
    expect(await drop(`/api/results/${costly}`)).toBe(200);
    const { total, variants } = (await service.get<{ total: number; variants: ListedVariant[] }>('/api/variants')).body;
    expect([total, variants.map(({ name }) => name).toSorted()]).toEqual([2, ['of-a-cell', 'second']]);
    expect(variants.find(({ name }) => name === 'second')).toMatchObject({
      hasResult: false,
      market: 'lab MADE',
      rank: 2,
    });
    expect((await service.get<{ variants: object[] }>('/api/variants?offset=1&limit=1')).body.variants).toHaveLength(1);
    const { run } = (await service.get<RunJson>('/api/variants/second/run?equity=true')).body;
    const timeless = (one: object): object => ({ ...one, elapsedMs: 0 });
    expect(timeless(run)).toEqual(timeless(before));
    const { body } = await service.get<{ trades: TradeJson[] }>('/api/variants/second/trades?limit=1');
    expect(body.trades[0]).toEqual({ trade: 1, ...run.trades[0]! });
    expect(
      (await service.get<RunJson>('/api/variants/second/run?trade=1')).body.candles['close']!.length,
    ).toBeGreaterThan(50);
    expect((await service.get<RunJson>('/api/variants/of-a-cell/run')).status).toBe(200);
  });

  test('is the same on the command line', async () => {
    const shown = json<NamedVariant>(await place.run('variants', 'show', 'second', '--json'));
    expect(shown).toEqual((await service.get<NamedVariant>('/api/variants/second')).body);
    const saved = await place.run('variants', 'save', 'best', '--result', free, '--note', 'of the free ones');
    expect(saved.stdout).toContain(`row 1 of result ${free}`);
    const run = json<RunJson['run']>(await place.run('variants', 'run', 'best', '--json'));
    expect(run.trades).toEqual((await service.get<RunJson>('/api/variants/best/run')).body.run.trades);
    const listed = json<{ name: string; hasResult: boolean }[]>(await place.run('variants', '--json'));
    expect(listed.map(({ name, hasResult }) => [name, hasResult])).toContainEqual(['second', false]);
    expect((await place.run('variants')).stdout).toMatch(/^second .*fast=\d+,slow=\d+ /m);
    expect((await place.run('variants', 'show', 'best')).stdout).toContain('of the free ones');
    const forbidden = await place.run('variants', 'save', '../best', '--json');
    expect([forbidden.exitCode, json<Refused>(forbidden).error.code]).toEqual([2, 'PATH_FORBIDDEN']);
    expect((await place.run('variants', 'remove', 'best', 'absent')).exitCode).toBe(3);
    expect((await place.run('variants', 'remove', 'best')).exitCode).toBe(0);
    expect((await service.get('/api/variants/best')).status).toBe(404);
  });

  test('says when its candles have changed, and runs on those of now when asked', async () => {
    const longer = place.write('longer.csv', csvOf(minuteCandles(BARS + 500, 7)));
    const imported = await place.run('import', longer, '--exchange', 'lab', '--symbol', 'MADE', '--replace');
    expect(imported.exitCode, imported.stderr).toBe(0);
    const recorded = await service.get<Refused>('/api/variants/second/run');
    expect([recorded.status, recorded.body.error.code]).toEqual([422, 'RESULT_MISMATCH']);
    const current = await service.get<RunJson & { run: { bars: number } }>('/api/variants/second/run?candles=current');
    expect([current.status, current.body.run.bars]).toEqual([200, BARS + 500]);
  });

  test('has a name that stays in its folder', async () => {
    const body = { resultId: free };
    for (const name of ['..%2f..%2fx', '.%2e%2f', '.x', 'a%00b', 'x'.repeat(65), 'a%5cb']) {
      expect([name, (await put(`/api/variants/${name}`, body)).status]).toEqual([name, 400]);
    }
    expect((await put('/api/variants/second', { ...body, note: 'x'.repeat(501) })).status).toBe(400);
    expect(await drop('/api/variants/second')).toBe(200);
    expect(await drop('/api/variants/second')).toBe(404);
    rmSync(join(place.home, 'variants'), { recursive: true });
    expect((await service.get<{ total: number }>('/api/variants')).body.total).toBe(0);
    expect(readFileSync(join(place.folder, 'gridmill.yaml'), 'utf8')).toBe(CONFIG);
  });
});
