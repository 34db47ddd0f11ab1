// Does the typed client reach every route, and is every answer what the OpenAPI document says it is, with nothing lost?
import { createReadStream, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, createClient, GridmillError, type TurboBody } from '../../src/client/client.ts';
import { csvOf, minuteCandles, repository, type Workplace } from './cli-harness.ts';
import { createDescribedFetch, type OpenApiDocument } from './described-fetch.ts';
import { createServicePlace, type RunningService, startService } from './service-harness.ts';

/** Routes that the client has no method for, each with the reason. */
const WITHOUT_METHOD: Readonly<Record<string, string>> = {};

const DATA = 'lab/MADE/1m';
const GRID = { strategy: 'sma-cross', data: DATA, parameters: { fast: [5, 8], slow: [20, 30] } };
const LONG = { ...GRID, parameters: { fast: '2..300:1', slow: '301..3000:1' } };

let place: Workplace;
let service: RunningService;
const CONTROLLER = `controller_name: bollinger_v1
controller_type: directional_trading
connector_name: binance_perpetual
trading_pair: BTC-USDT
total_amount_quote: '500'
interval: 3m
`;

let client: Client;
const described = createDescribedFetch();

beforeAll(async () => {
  place = await createServicePlace(20_000);
  mkdirSync(join(place.folder, 'strategies'));
  service = await startService(place, [], { GRIDMILL_TURBO_WORKERS: '1' });
  client = createClient({ url: service.address, fetch: described.fetch });
});

afterAll(async () => {
  await service?.stop();
  place?.remove();
});

const refusalOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => expect.fail('it was answered'),
    (error: unknown) => (error as GridmillError).code,
  );

test('catalog, probes and measures', async () => {
  expect((await client.strategies()).map(({ name }) => name)).toContain('sma-cross');
  expect(await client.strategy('sma-cross')).toMatchObject({ kind: 'signals', source: 'built-in', profile: 'close' });
  place.write('strategies/cross.yml', CONTROLLER);
  expect(await client.strategy('cross.yml')).toMatchObject({ kind: 'controller', source: 'file' });
  const sent = new Uint8Array(Buffer.from(CONTROLLER));
  expect(await refusalOf(client.sendStrategy(sent, { name: 'mine.yml' }))).toBe('STRATEGY_FORBIDDEN');
  expect((await client.profiles()).map(({ name }) => name)).toContain('vectorbt');
  expect((await client.metrics()).map(({ name }) => name)).toContain('sharpe');
  expect(await client.health()).toMatchObject({ status: 'ok' });
  expect(await client.ready()).toEqual({ status: 'ready', running: 0, waiting: 0 });
  expect(await client.measures()).toContain('gridmill_info');
});

test('candles are imported from a stream, listed, checked, and not fetched from anywhere', async () => {
  const path = place.write('more.csv', csvOf(minuteCandles(3_000, 8)));
  const query = { name: 'more.csv', exchange: 'lab', symbol: 'MORE', timeframe: '1m' };
  const { imported } = await client.data.import(createReadStream(path), query);
  expect(imported).toMatchObject([{ key: 'lab/MORE/1m', report: { barCount: 3_000 } }]);
  expect(readdirSync(join(place.home, 'uploads'))).toEqual([]);
  expect((await client.data.list()).map(({ key }) => key)).toEqual([DATA, 'lab/MORE/1m']);
  const checked = await client.data.check({ exchange: 'lab', symbol: 'MORE', timeframe: '1m' });
  expect(checked.contentHash).toBe(imported[0]!.contentHash);
  expect(await client.data.remove({ exchange: 'lab', symbol: 'MORE', timeframe: '1m' })).toEqual({
    removed: ['lab/MORE/1m'],
  });
  const fetching = client.data.fetch({ exchange: 'localhost', symbol: 'BTC/USDT', timeframe: '1h', from: '2024' });
  expect(await refusalOf(fetching)).toMatch(/^(FETCH_FORBIDDEN|DEPENDENCY_MISSING)$/);
});

test('a sweep, its price, one variant and its stored result', async () => {
  const { estimate, guards } = await client.estimate(GRID);
  expect([estimate.variants, guards.map(({ fires }) => fires)]).toEqual([4, [false, false]]);
  const sweep = await client.sweep(GRID);
  expect(await client.sweep(GRID)).toEqual({ ...sweep, cached: true });
  const id = sweep.resultId!;
  expect((await client.results.list()).results.map((result) => result.id)).toEqual([id]);
  const { record } = await client.results.get(id);
  expect(record.resultHash).toBe(sweep.record.resultHash);
  const { rows } = await client.results.rows(id, { limit: 2, sort: '-sharpe' });
  expect(rows).toHaveLength(2);
  expect(await client.results.export(id, { format: 'csv' })).toBeInstanceOf(Uint8Array);
  const [best] = sweep.record.top;
  const row = await client.results.row(id, 1, { equity: true, candlesFrom: 10, candlesCount: 5 });
  const { run } = await client.run({ ...GRID, parameters: best!.params, equity: true });
  expect([run.metrics, run.trades, run.equity]).toEqual([row.run.metrics, row.run.trades, row.run.equity]);
  expect(best!.metrics.totalReturn).toBeCloseTo(run.metrics.totalReturn!, 9);
  expect(row.candles!.time).toHaveLength(5);
  expect((await client.results.table(id, 1, 'trades')).total).toBe(run.trades.length);
  expect(await client.results.exportTable(id, 1, 'equity', { format: 'csv' })).toBeInstanceOf(Uint8Array);
  const other = await client.sweep({ ...GRID, execution: { fee: 0.001 } });
  await client.results.compare({ ids: `${id},${other.resultId}` });
  expect(await client.variants.save('mine', { resultId: id })).toMatchObject({ name: 'mine', rank: 1 });
  expect((await client.variants.list()).variants.map(({ name }) => name)).toEqual(['mine']);
  expect(await client.variants.get('mine')).toMatchObject({ resultId: id });
  expect((await client.variants.run('mine')).run.metrics).toEqual(row.run.metrics);
  expect((await client.variants.table('mine', 'equity', { limit: 3 })).equity).toHaveLength(3);
  expect(await client.variants.exportTable('mine', 'trades', { format: 'parquet' })).toBeInstanceOf(Uint8Array);
  expect(await client.variants.remove('mine')).toEqual({ removed: ['mine'] });
  await client.results.delete(other.resultId!);
  expect(await client.results.report(id)).toMatch(/^<!doctype html>/i);
  expect(await client.results.delete(id)).toEqual({ deleted: [id] });
  expect(await refusalOf(client.results.get(id))).toBe('RESULT_NOT_FOUND');
});

test('a job is submitted, followed, waited for, cancelled, tried again and fetched', async () => {
  const body = { ...GRID, idempotencyKey: 'one' };
  const { id } = await client.jobs.submit(body);
  expect((await client.jobs.submit(body)).id).toBe(id);
  const states: string[] = [];
  for await (const { data } of client.jobs.follow(id)) states.push(data.state);
  expect(states.at(-1)).toBe('done');
  const result = await client.jobs.result(id);
  const waited = await client.sweep(GRID);
  expect(result.kind === 'sweep' && result.record.resultHash).toBe(waited.record.resultHash);
  expect(Object.keys(result).sort()).toEqual(['jobId', 'kind', 'notes', 'record', 'resultId']);

  const run = await client.jobs.submit({ ...GRID, kind: 'run', parameters: { fast: 5, slow: 20 } });
  expect((await client.jobs.wait(run.id)).state).toBe('done');
  expect((await client.jobs.result(run.id)).kind).toBe('run');

  const long = await client.jobs.submit({ ...LONG, budget: { threadsMax: 1 } });
  for await (const { data } of client.jobs.follow(long.id)) {
    if (data.scored > 0) break;
  }
  expect(await refusalOf(client.jobs.result(long.id))).toBe('JOB_STATE');
  await client.jobs.cancel(long.id);
  expect((await client.jobs.wait(long.id)).state).toBe('cancelled');
  expect((await client.jobs.retry(long.id)).state).toBe('queued');
  await client.jobs.cancel(long.id);
  await client.jobs.wait(long.id);
  const failed = await client.jobs.submit({ ...LONG, budget: { variantsMax: 10 } });
  expect((await client.jobs.wait(failed.id)).error).toMatchObject({ code: 'LIMIT_EXCEEDED', rule: expect.any(String) });
  const { jobs, next } = await client.jobs.list({ limit: 2 });
  expect([jobs.map((job) => job.id), typeof next]).toEqual([[failed.id, long.id], 'number']);
  expect((await client.jobs.get(id)).state).toBe('done');
  expect(await client.jobs.shards(id)).toEqual({ shards: [], next: null });
});

test('a sweep beyond its deadline is an error with what was scored, or a job', async () => {
  const late = await client.sweep({ ...LONG, deadlineSeconds: 1 }).catch((error: unknown) => error as GridmillError);
  expect(late).toBeInstanceOf(GridmillError);
  expect(late).toMatchObject({ code: 'DEADLINE', status: 504 });
  const handed = await client.sweepOrJob({ ...LONG, deadlineSeconds: 1, save: false });
  if (!('job' in handed)) expect.fail('it was answered whole');
  await client.jobs.cancel(handed.job.id);
  await client.jobs.wait(handed.job.id);
  expect(await client.sweepOrJob(GRID)).toMatchObject({ kind: 'sweep' });
});

test('lists of configurations, whole and line by line; the pool, its candles and its memory', async () => {
  const configurations: TurboBody['configurations'] = [
    { parameters: { fast: 5, slow: 20 } },
    { parameters: { fast: 5 } },
  ];
  const body = { strategy: 'sma-cross', data: DATA, configurations };
  const whole = await client.pool.batch(body);
  expect([whole.done, whole.failed, whole.results.length]).toEqual([2, 1, 2]);
  const results: object[] = [];
  for await (const line of client.pool.batchStream(body)) {
    if ('index' in line) results.push(line);
  }
  expect(results).toEqual(whole.results.map((result, index) => ({ index, ...result })));
  expect(await refusalOf(client.pool.batch({ ...body, data: 'lab/NONE/1m' }))).toBe('CANDLES_NOT_FOUND');
  expect(await client.pool.status()).toMatchObject({ expected: 1, allOnline: true });
  expect((await client.pool.refreshMirror()).changed).toEqual([]);
  expect((await client.pool.collect()).workersCollected).toBe(1);
});

test('studies', async () => {
  const told = await place.run('optimize', 'sma-cross', '--data', DATA, '--iter', '3', '--study', 'mine');
  expect(told.exitCode, told.stderr).toBe(0);
  expect((await client.studies.list()).studies).toMatchObject([{ name: 'mine' }]);
  expect(await client.studies.get('mine')).toMatchObject({ name: 'mine', ranking: { offset: 0 } });
  const asked = { strategy: 'sma-cross', data: DATA, iterations: 3, name: 'asked' };
  const job = await client.studies.submit(asked);
  expect(await client.jobs.wait(job.id)).toMatchObject({ kind: 'study', state: 'done' });
  const result = await client.jobs.result(job.id);
  expect(result).toMatchObject({ kind: 'study', study: 'asked', record: { resultHash: expect.any(String) } });
  expect(await client.studies.compare('mine', 'asked')).toMatchObject({ sameHash: true, differences: [] });
  const again = await client.studies.resume('asked', { idempotencyKey: 'again' });
  expect((await client.jobs.wait(again.id)).state).toBe('done');
  const page = await client.studies.get('asked', { limit: 1 });
  expect(page.ranking.rows).toMatchObject([{ rank: 1 }]);
  expect(await client.studies.delete('asked')).toEqual({ deleted: ['asked'] });
  expect(await refusalOf(client.studies.get('asked'))).toBe('STUDY_NOT_FOUND');
});

// Last: it looks back at everything that was asked above.
test('every route of the document was reached, and every answer was as described', async () => {
  const document = (await client.openapi()) as unknown as OpenApiDocument;
  expect(described.unasked(document)).toEqual(Object.keys(WITHOUT_METHOD));
  expect(described.complaints(document)).toEqual([]);
  // A member that no schema names, and one that is missing, are found.
  const lean = structuredClone(document) as { paths: Record<string, Record<string, { responses: object }>> };
  const shut = { type: 'object', properties: { status: { type: 'string' }, uptime: {} }, additionalProperties: false };
  const schema = { ...shut, required: ['uptime'] };
  lean.paths['/healthz']!['get']!.responses = { 200: { content: { 'application/json': { schema } } } };
  expect(described.complaints(lean as OpenApiDocument).join()).toMatch(
    /required property 'uptime'.*additional properties/,
  );
});

test('in a browser it is one small file that asks for no other', async () => {
  const { metafile } = await build({
    entryPoints: [join(repository, 'dist/client/client.js')],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    minify: true,
  });
  expect(Object.keys(metafile.inputs).filter((path) => !/\bdist\/client\/[a-z-]+\.js$/.test(path))).toEqual([]);
  const [file] = Object.values(metafile.outputs);
  expect(file).toMatchObject({ imports: [] });
  expect(file!.bytes).toBeLessThan(16_384);
});
