// A team's service: candles from an upload to a back-test, tokens with names, what estimates were worth, and who did what in the log.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EstimateAnswer } from '../../src/compute/task.ts';
import { type CliResult, createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';

const [ANN, BEN] = ['ann-has-a-secret-of-her-own', 'ben-has-another-secret-here'];
const KEY = 'lab/MADE/1m';
const PATH = `/api/data/${KEY}`;

let place: Workplace;
let child: ChildProcess;
let ended: Promise<CliResult>;
let address = '';
let log = '';

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a route answers.
  readonly body: any;
}

async function ask(token: string | undefined, method: string, path: string, body?: object | Buffer): Promise<Answer> {
  const isFile = Buffer.isBuffer(body);
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}
const ann = (method: string, path: string, body?: object | Buffer) => ask(ANN, method, path, body);
const upload = (content: string | Buffer, query: string) =>
  ann('POST', `/api/data/import?${query}`, Buffer.from(content));
const lines = (): Record<string, unknown>[] =>
  log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  place = createWorkplace();
  mkdirSync(join(place.folder, 'config', 'team'), { recursive: true });
  place.write('config/team/gridmill.yaml', 'server:\n  requests_per_second: 1000\n  waiting_max: 2\n');
  const environment = { GRIDMILL_ENV: 'team', GRIDMILL_TOKENS: `ann:${ANN},ben:${BEN}` };
  ({ child, ended } = place.start(['serve', '--port', '0', '--max-threads', '1'], environment));
  child.stderr!.on('data', (text: string) => {
    log += text;
  });
  address = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout!.on('data', (text: string) => {
      said += text;
      const [url] = /http:\/\/[^ ]+(?= )/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
    ended.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
});
afterAll(async () => {
  child.kill('SIGTERM');
  await ended;
  place.remove();
});

const SWEEP = { strategy: 'sma-cross', data: KEY, parameters: { fast: [3, 5, 8], slow: '20..60:10' } };

describe('candles', () => {
  const named = 'name=MADE-1m.csv&exchange=lab&symbol=MADE';

  test('come by an upload, are listed, checked, back-tested, joined with later ones and removed', async () => {
    const csv = csvOf(minuteCandles(3_000));
    const all = csv.trimEnd().split('\n');
    const first = `${all.slice(0, 2_001).join('\n')}\n`;
    const imported = await upload(gzipSync(first), 'name=MADE-1m.csv.gz&exchange=lab&symbol=MADE');
    expect([imported.status, imported.body.imported[0]]).toMatchObject([200, { key: KEY }]);
    const [listed] = (await ann('GET', '/api/data')).body;
    expect(listed).toMatchObject({ key: KEY, barCount: 2_000 });
    const checked = await ann('GET', `${PATH}/check`);
    expect([checked.status, checked.body.name]).toEqual([200, KEY]);
    expect((await ann('POST', '/api/backtests', SWEEP)).body.record).toMatchObject({ bars: 2_000, scored: 15 });
    const rest = `${[all[0], ...all.slice(1_501)].join('\n')}\n`;
    expect((await upload(rest, `${named}&append=true`)).status).toBe(200);
    expect((await ann('POST', '/api/backtests', SWEEP)).body.record).toMatchObject({ bars: 3_000 });
    expect((await ann('DELETE', PATH)).body).toEqual({ removed: [KEY] });
    expect((await ann('DELETE', PATH)).status).toBe(404);
    const gone = await ann('POST', '/api/backtests', SWEEP);
    expect([gone.status, gone.body.error.code]).toEqual([404, 'CANDLES_NOT_FOUND']);
    expect((await upload(csv, named)).status).toBe(200);
  });

  test.each([
    ['nothing at all', '', named, 422, 'CANDLE_FILE_UNREADABLE'],
    ['no candles', 'a,b\n1,2\n', named, 422, 'CANDLE_FILE_UNREADABLE'],
    ['a price that is none', 'time,open,high,low,close,volume\n1700000000000,x,2,1,1,1\n', named, 422, /^CANDLE/],
    ['one candle of a timeframe that nobody knows', csvOf(minuteCandles(1)), 'name=x.csv', 400, 'TIMEFRAME_INVALID'],
    ['a name that leads away', csvOf(minuteCandles(10)), 'name=..%2Fx.csv', 400, 'REQUEST_INVALID'],
    ['a symbol that leads away', csvOf(minuteCandles(10)), 'name=x.csv&exchange=..&symbol=x', 400, 'REQUEST_INVALID'],
  ])('that are %s are refused by name, and the store keeps what it has', async (_, content, query, status, code) => {
    const refused = await upload(content, query);
    expect([refused.status, refused.body.error.code]).toEqual([status, expect.stringMatching(code)]);
    expect(refused.body.error.todo.length).toBeGreaterThan(5);
    expect((await ann('GET', '/api/data')).body.map(({ key }: { key: string }) => key)).toEqual([KEY]);
  });

  test('are fetched from known exchanges only', async () => {
    const order = { symbol: 'BTC/USDT', timeframe: '1h', from: '2024-01-01' };
    for (const exchange of ['localhost', '127.0.0.1', 'metadata']) {
      const { status, body } = await ann('POST', '/api/data/fetch', { ...order, exchange });
      expect([exchange, status, body.error.code]).toEqual([
        exchange,
        expect.toSatisfy((found) => [400, 403, 501].includes(found)),
        expect.stringMatching(/^(REQUEST_INVALID|FETCH_FORBIDDEN|DEPENDENCY_MISSING)$/),
      ]);
    }
  });
});

test('an estimate tells its parts, its guards, and what such estimates came to before', async () => {
  const bytesAndTime = async (): Promise<EstimateAnswer> => (await ann('POST', '/api/backtests/estimate', SWEEP)).body;
  const { estimate, guards, similar } = await bytesAndTime();
  const { total, minimum, columnsDistinct, ...parts } = estimate.bytes;
  expect(minimum).toBeGreaterThan(0);
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(total, -1);
  expect(columnsDistinct).toBeGreaterThan(0);
  expect([estimate.toScore, typeof estimate.seconds]).toEqual([15, 'number']);
  expect(guards.map(({ guard, fires }) => [guard, fires])).toEqual([
    ['variants', false],
    ['bytes', false],
  ]);
  // Two sweeps were computed before; what was answered from memory is none.
  expect(similar).toMatchObject({ known: 2, nearest: 2, variants: { runs: 2, median: 1 } });
  expect(similar.bytes!.low).toBeGreaterThan(0.05);
  expect(similar.bytes!.high).toBeLessThan(20);
  await ann('POST', '/api/backtests', { ...SWEEP, save: false, seed: 2 });
  expect((await bytesAndTime()).similar.known).toBe(3);
  const large = { ...SWEEP, parameters: { fast: '2..9000:1', slow: '10..30000:1' } };
  const fires = (await ann('POST', '/api/backtests/estimate', large)).body;
  expect(fires.guards?.[0] ?? fires.error).toMatchObject({ guard: 'variants', fires: true });
});

test('each token is a user: whose job it is, and what the log says of request, job and attempt', async () => {
  expect((await ask(undefined, 'GET', '/api/data')).status).toBe(401);
  expect((await ask(`${ANN}x`, 'GET', '/api/data')).status).toBe(401);
  const key = { idempotencyKey: 'one' };
  const submitted = await ask(BEN, 'POST', '/api/jobs', { ...SWEEP, ...key });
  expect([submitted.status, submitted.body.user]).toEqual([202, 'ben']);
  const { id } = submitted.body;
  const other = await ann('POST', '/api/jobs', { ...SWEEP, ...key });
  expect([other.body.user, other.body.id === id]).toEqual(['ann', false]);
  for (let state = ''; state !== 'done'; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    ({ state } = (await ann('GET', `/api/jobs/${id}`)).body);
    expect(['queued', 'running', 'done']).toContain(state);
  }
  const own = (): Record<string, unknown>[] => lines().filter(({ jobId }) => jobId === id);
  while (own().length < 3) await new Promise((resolve) => setTimeout(resolve, 50));
  const [begin, claimed, done] = own();
  expect(begin).toMatchObject({ msg: 'job submitted', user: 'ben', isNew: true, reqId: expect.any(String) });
  expect(claimed).toMatchObject({ msg: 'job claimed', attempt: 1, leaseToken: expect.any(Number) });
  expect(done).toMatchObject({ msg: 'job ended', attempt: 1, end: 'done', leaseToken: claimed!['leaseToken'] });
  // The request it came with has lines of its own under the same id.
  const ofRequest = lines().filter(({ reqId }) => reqId === begin!['reqId']);
  expect(ofRequest.map(({ msg }) => msg)).toEqual(['incoming request', 'job submitted', 'request completed']);
  expect(lines().every(({ level, time, msg }) => [level, time, msg].every((field) => field !== undefined))).toBe(true);
  for (const secret of [ANN, BEN]) expect(log).not.toContain(secret);
});

test('one user cannot fill the waiting room, and another is answered before the rest of the first', async () => {
  const slow = { ...SWEEP, parameters: { fast: '2..900:1', slow: '10..3000:1' }, save: false, deadlineSeconds: 4 };
  const codes: string[] = [];
  const flood = Array.from({ length: 24 }, async () => {
    const { body } = await ann('POST', '/api/backtests', slow);
    codes.push(body.error.found.includes('of this user') ? 'share full' : body.error.code);
  });
  // One computes, one waits, and the next is one too many of hers: only then does the other come.
  while (!codes.includes('share full')) await new Promise((resolve) => setTimeout(resolve, 20));
  const modest = await ask(BEN, 'POST', '/api/backtests', { ...SWEEP, save: false, seed: 9, deadlineSeconds: 50 });
  expect([modest.status, modest.body.record?.scored]).toEqual([200, 15]);
  await Promise.all(flood);
  // While both wait the room itself is full.
  expect(['share full', 'DEADLINE', 'BUSY']).toEqual(expect.arrayContaining([...new Set(codes)]));
});
