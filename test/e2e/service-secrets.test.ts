// No secret that the service holds or is sent is found again in what it says, writes or keeps.
import { type Dirent, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';

/** One for each place a secret comes from, so that a hit tells which it was. */
const CANARY = {
  token: 'canary-token-7d1f0c2ab9e4',
  aws: 'canary-aws-7d1f0c2ab9e4',
  database: 'canary-database-7d1f0c2ab9e4',
  redis: 'canary-redis-7d1f0c2ab9e4',
  guess: 'canary-guess-7d1f0c2ab9e4',
  cookie: 'canary-cookie-7d1f0c2ab9e4',
  query: 'canary-query-7d1f0c2ab9e4',
  member: 'canary-member-7d1f0c2ab9e4',
  text: 'canary-text-7d1f0c2ab9e4',
} as const;
const ENVIRONMENT = {
  GRIDMILL_TOKEN: CANARY.token,
  AWS_ACCESS_KEY_ID: CANARY.aws,
  AWS_SECRET_ACCESS_KEY: CANARY.aws,
  DATABASE_URL: `postgres://user:${CANARY.database}@127.0.0.1:1/none`,
  GRIDMILL_CACHE_REDIS_URL: `redis://user:${CANARY.redis}@127.0.0.1:1`,
};
const DATA = 'lab/MADE/1m';

let place: Workplace;
beforeAll(async () => {
  place = createWorkplace();
  mkdirSync(join(place.folder, 'strategies'));
  const file = place.write('candles.csv', csvOf(minuteCandles(5_000)));
  expect((await place.run('import', file, '--exchange', 'lab', '--symbol', 'MADE')).exitCode).toBe(0);
});
afterAll(() => place.remove());

/** Files of the workplace that hold any of the canaries. */
function filesWithCanaries(): string[] {
  const files = (readdirSync(place.folder, { recursive: true, withFileTypes: true }) as Dirent[]).filter((entry) =>
    entry.isFile(),
  );
  return files.flatMap(({ parentPath, name }) => {
    const bytes = readFileSync(join(parentPath, name), 'latin1');
    return canariesIn(bytes).map((canary) => `${name}: ${canary}`);
  });
}

const canariesIn = (text: string): string[] => Object.values(CANARY).filter((canary) => text.includes(canary));

/** Starts the service, asks it, stops it, and answers all that it said. */
async function said(ask: (address: string) => Promise<readonly string[]>): Promise<readonly string[]> {
  const { child, ended } = place.start(['serve', '--port', '0'], ENVIRONMENT);
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (text: string) => {
      const found = /http:\/\/[^ ]+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
    ended.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  const answers = await ask(address);
  child.kill('SIGTERM');
  const { stdout, stderr, exitCode } = await ended;
  expect(exitCode).toBe(0);
  return [...answers, stdout, stderr];
}

const REQUESTS: readonly (readonly [method: string, path: string, body?: object | string])[] = [
  ['GET', `/api/results?limit=${CANARY.query}`],
  ['GET', `/api/results?${CANARY.query}=1`],
  ['GET', `/${CANARY.query}`],
  ['GET', '/metrics'],
  ['GET', '/backtesting/pool/status'],
  ['GET', '/api/openapi.json'],
  ['POST', '/api/jobs', { strategy: 'sma-cross', data: DATA, [CANARY.member]: 1 }],
  ['POST', '/api/jobs', { strategy: 'sma-cross', data: DATA, deadlineSeconds: CANARY.text }],
  ['POST', '/api/jobs', { strategy: 'sma-cross', data: DATA, parameters: { fast: [5], slow: [20] } }],
  ['POST', '/api/jobs', `{"strategy": ${CANARY.text}}`],
  ['POST', '/api/backtests', { strategy: 'sma-cross', data: DATA, parameters: { fast: [5], slow: [20] } }],
  ['POST', '/api/backtests', { strategy: 'endless.ts', data: DATA, deadlineSeconds: 0.3 }],
  [
    'POST',
    '/backtesting/batch-run-turbo',
    { strategy: 'sma-cross', data: DATA, configurations: [{ parameters: { fast: 5, slow: 20 } }] },
  ],
  ['POST', '/api/data/fetch', { exchange: 'localhost', symbol: 'BTC/USDT', timeframe: '1h', from: '2024-01-01' }],
];

describe('what is secret', () => {
  test('comes back in no answer, log line, file or queue', async () => {
    const everything = await said(async (address) => {
      const answers: string[] = [];
      for (const authorization of [`Bearer ${CANARY.token}`, `Bearer ${CANARY.guess}`]) {
        for (const [method, path, body] of REQUESTS) {
          const answer = await fetch(address + path, {
            method,
            headers: {
              authorization,
              cookie: CANARY.cookie,
              'user-agent': CANARY.cookie,
              'x-amz-security-token': CANARY.cookie,
              ...(body !== undefined && { 'content-type': 'application/json' }),
            },
            ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
          });
          answers.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
        }
      }
      // The job is done, and in the queue with its result.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return answers;
    });
    expect(everything.filter((text) => / 200 |^200|^202/.test(text)).length).toBeGreaterThan(3);
    expect(everything.flatMap(canariesIn)).toEqual([]);
    const log = everything.at(-1)!.trim().split('\n');
    expect(log.length).toBeGreaterThan(REQUESTS.length);
    for (const line of log) expect(() => JSON.parse(line)).not.toThrow();
    expect(readdirSync(join(place.home, 'jobs')).some((name) => /sqlite|\.db/.test(name))).toBe(true);
    expect(filesWithCanaries()).toEqual([]);
  });

  test('is found by this measure where it is', () => {
    writeFileSync(join(place.folder, 'leak'), `x${CANARY.aws}x`);
    expect(filesWithCanaries()).toEqual([`leak: ${CANARY.aws}`]);
    writeFileSync(join(place.folder, 'leak'), '');
  });

  test.each<[string, Record<string, string>, string]>([
    ['a database that does not answer', { USE_SQLITE: 'false' }, ''],
    [
      'a database of another kind',
      { USE_SQLITE: 'false', DATABASE_URL: `mysql://user:${CANARY.database}@127.0.0.1:1/none` },
      '',
    ],
    ['a cache of another kind', { GRIDMILL_CACHE_REDIS_URL: `http://user:${CANARY.redis}@127.0.0.1:1` }, ''],
    ['a cache that is set to no text', {}, `cache:\n  redis_url: {password: ${CANARY.redis}}\n`],
    ['a file that is no YAML', {}, `cache:\n  redis_url: "redis://:${CANARY.redis}@127.0.0.1\n`],
    ['a setting that is not known', {}, `cache:\n  redis_password: ${CANARY.redis}\n`],
  ])('is not repeated by a service that does not start: %s', async (_, environment, config) => {
    const options = config === '' ? [] : ['--config', place.write('settings.yaml', config)];
    const { GRIDMILL_CACHE_REDIS_URL: _url, ...others } = ENVIRONMENT;
    const { child, ended } = place.start(['serve', '--port', '0', ...options], {
      ...(config === '' ? ENVIRONMENT : others),
      ...environment,
    });
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const { exitCode, stdout, stderr }: CliResult = await ended;
    clearTimeout(late);
    expect([exitCode === 0, exitCode, stderr.length > 20]).toEqual([false, expect.any(Number), true]);
    expect(canariesIn(stdout + stderr)).toEqual([]);
    writeFileSync(join(place.folder, 'settings.yaml'), '');
  });
});
