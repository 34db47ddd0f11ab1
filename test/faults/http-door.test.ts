// Every limit of the HTTP door, at its value and one beyond, and what answers and logs never say.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJsonBody } from '../../src/api/json-body.ts';
import { HTTP_LIMITS } from '../../src/api/limits.ts';
import { problemOf } from '../../src/api/problem.ts';
import { AppError } from '../../src/core/errors.ts';
import { type Door, exchange, openDoor, post, request, statusOf } from '../fuzz/door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const ask = (bytes: string): Promise<string> => exchange(door.port, bytes);
const status = async (bytes: string): Promise<number> => statusOf(await ask(bytes));
const sweepBody = (more: object): string => JSON.stringify({ strategy: 'sma-cross', data: 'nowhere/NONE/1h', ...more });

describe('bodies', () => {
  test('of 1 MiB are read, of one byte more are refused, with or without a length', async () => {
    const fill = (bytes: number): string => `${' '.repeat(bytes - 2)}{}`;
    expect(await status(post('/api/backtests', fill(HTTP_LIMITS.bodyBytesMax)))).toBe(400);
    expect(await status(post('/api/backtests', fill(HTTP_LIMITS.bodyBytesMax + 1)))).toBe(413);
    const chunk = `${(HTTP_LIMITS.bodyBytesMax + 1).toString(16)}\r\n${fill(HTTP_LIMITS.bodyBytesMax + 1)}\r\n0\r\n\r\n`;
    const headers = ['transfer-encoding: chunked', 'content-type: application/json'];
    expect(await status(request('POST /api/backtests', headers, chunk))).toBe(413);
  });

  test('are JSON by their content type, whatever they hold', async () => {
    const body = sweepBody({});
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
    ]) {
      const headers = [`content-type: ${type}`, `content-length: ${body.length}`];
      expect([type, await status(request('POST /api/backtests', headers, body))]).toEqual([type, 415]);
    }
    expect(await status(request('POST /api/backtests', [`content-length: ${body.length}`], body))).toBe(415);
    expect(
      await status(
        request('POST /api/data/import?name=a.csv', [`content-length: 2`, 'content-type: application/json'], '{}'),
      ),
    ).toBe(415);
  });

  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  test('nest, count and spell within limits', () => {
    expect(() => parseJsonBody(bytes(nested(HTTP_LIMITS.jsonDepthMax)))).not.toThrow();
    expect(() => parseJsonBody(bytes(nested(HTTP_LIMITS.jsonDepthMax + 1)))).toThrow(/16 levels/);
    expect(() => parseJsonBody(bytes('['.repeat(500_000)))).toThrow(/16 levels/);
    const many = (count: number): string => JSON.stringify(new Array(count).fill(0));
    expect(() => parseJsonBody(bytes(many(HTTP_LIMITS.jsonEntriesMax)))).not.toThrow();
    expect(() => parseJsonBody(bytes(many(HTTP_LIMITS.jsonEntriesMax + 1)))).toThrow(/1000 entries/);
    const names = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at])));
    expect(() => parseJsonBody(bytes(names(HTTP_LIMITS.jsonEntriesMax)))).not.toThrow();
    expect(() => parseJsonBody(bytes(names(HTTP_LIMITS.jsonEntriesMax + 1)))).toThrow(/1000 entries/);
    for (const unit of ['x', '\\n', '\\u0041']) {
      expect(parseJsonBody(bytes(`"${unit.repeat(HTTP_LIMITS.jsonTextMax)}"`))).toHaveLength(HTTP_LIMITS.jsonTextMax);
      expect(() => parseJsonBody(bytes(`"${unit.repeat(HTTP_LIMITS.jsonTextMax + 1)}"`))).toThrow(/1024 characters/);
    }
  });

  test.each([
    '{"__proto__": {"polluted": 1}}',
    '{"\\u005f_proto__": 1}',
    '[{"constructor": {"prototype": {}}}]',
    '{"a": {"prototype": 1}}',
  ])('never reach a prototype: %s', async (body) => {
    expect(() => parseJsonBody(bytes(body))).toThrow(/the name /);
    const parameters = `{"strategy":"sma-cross","data":"a/b/1h","parameters":${body}}`;
    expect(await status(post('/api/backtests', parameters))).toBe(400);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each(['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{', '', 'nul', '{"a":}', '[1,]', '\ufeff{'])(
    'are refused when they are %s',
    (body) => {
      expect(() => parseJsonBody(bytes(body))).toThrow(AppError);
    },
  );

  test('are UTF-8', () => {
    expect(() => parseJsonBody(Uint8Array.of(0x22, 0xc0, 0xae, 0x22))).toThrow(/UTF-8/);
  });

  test('hold the same text as values of different names', () => {
    const value = { a: ['a', 'a', { a: 'b', b: 'a' }], b: 'a,"{[', c: '\\' };
    expect(parseJsonBody(bytes(JSON.stringify(value)))).toEqual(value);
  });
});

describe('requests', () => {
  test('have at most 16 KiB of headers', async () => {
    const padded = (length: number): string => request('GET /healthz', [`x-pad: ${'x'.repeat(length)}`]);
    expect(await status(padded(HTTP_LIMITS.headerBytesMax - 500))).toBe(200);
    const refused = await ask(padded(HTTP_LIMITS.headerBytesMax));
    expect(statusOf(refused)).toBe(431);
    expect(refused).toContain('HEADERS_TOO_LARGE');
  });

  test.each([
    ['/healthz?x=1', 400],
    ['/api/results?limit=5&limit=6', 400],
    ['/api/results?limit[]=5', 400],
    ['/api/results?__proto__=1', 400],
    ['/api/results?constructor.prototype.x=1', 400],
    ['/api/results?limit=1e999', 400],
    ['/api/results?limit=%zz', 400],
    ['/api/results?limit=5', 200],
    ['/api/results/%c0%ae', 400],
    ['/api/results/%00', 400],
    ['//api/results', 404],
    ['/api/results/../../etc/passwd', 404],
  ])('of %s answer %i', async (path, expected) => {
    expect(await status(request(`GET ${path}`))).toBe(expected);
  });

  test('of other methods are told what there is, and OPTIONS grants nothing to other origins', async () => {
    const head = await ask(request('HEAD /healthz'));
    expect([statusOf(head), /allow: (.*)\r/i.exec(head)?.[1]]).toEqual([405, 'GET, OPTIONS']);
    const options = await ask(request('OPTIONS /api/results/abcd', ['access-control-request-method: DELETE']));
    expect([statusOf(options), /allow: (.*)\r/i.exec(options)?.[1]]).toEqual([204, 'GET, DELETE, OPTIONS']);
    expect(options.toLowerCase()).not.toContain('access-control');
    expect(await status(request('DELETE /healthz'))).toBe(405);
    expect(await status(request('PROPFIND /nowhere'))).toBe(404);
  });

  test('of other hosts and pages are refused, and what a proxy claims is not believed', async () => {
    const hosted = (host: string, ...more: string[]): string =>
      ['GET /healthz HTTP/1.1', `host: ${host}`, 'connection: close', ...more, '', ''].join('\r\n');
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '[::ffff:7f00:1]',
      'localhost:1:2',
    ]) {
      expect([host, await status(hosted(host))]).toEqual([host, 403]);
    }
    expect(await status(hosted('LOCALHOST:8080'))).toBe(200);
    expect(await status(hosted('evil.example', 'x-forwarded-host: localhost', 'forwarded: host=localhost'))).toBe(403);
    for (const origin of [
      'http://evil.example',
      'null',
      'http://localhost@evil.example',
      'http://localhost.evil.example',
    ]) {
      expect([origin, await status(request('POST /api/backtests', [`origin: ${origin}`]))]).toEqual([origin, 403]);
    }
    expect(await status(request('GET /healthz', ['origin: http://localhost:5173']))).toBe(200);
  });

  test('get headers that keep browsers from guessing, framing and keeping', async () => {
    for (const bytes of [
      request('GET /healthz'),
      request('GET /nowhere'),
      request('GET /api/results/%c0'),
      'junk\r\n\r\n',
    ]) {
      const answer = (await ask(bytes)).toLowerCase();
      for (const header of [
        'x-content-type-options: nosniff',
        'cache-control: no-store',
        'content-security-policy: ',
      ]) {
        expect(answer).toContain(header);
      }
      expect(answer).not.toContain('access-control-allow-origin');
    }
  });
});

/** Names on their way out of a folder. */
const SPELLINGS = [
  ...[
    '..',
    '../..',
    '..%2f..',
    '..%252f',
    '%2e%2e',
    '%2e%2e%2f',
    '..\\..',
    '..%5c',
    '%c0%ae%c0%ae',
    '%c0%af',
    '.',
    '.hidden',
  ],
  ...[
    '%00',
    'a%00.csv',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    '\\\\host\\share',
    'C:',
    'file:%2f%2f',
    'a/../b',
    'a%2f..%2fb',
    '....//',
  ],
  ...[
    '~',
    '$HOME',
    '%0d%0a',
    'a%0ab',
    '%ff',
    '%u002e',
    '。。',
    '․․',
    'a'.repeat(65),
    'a'.repeat(5000),
    '-rf',
    ' ',
    '%20',
  ],
];

const FIELDS: readonly (readonly [string, (name: string) => string])[] = [
  ['the exchange of stored candles', (name: string) => request(`GET /api/data/${name}/BTCUSDT/1h/check`)],
  ['the symbol of stored candles', (name: string) => request(`GET /api/data/binance/${name}/1h/check`)],
  ['the timeframe of stored candles', (name: string) => request(`GET /api/data/binance/BTCUSDT/${name}/check`)],
  ['a result', (name: string) => request(`GET /api/results/${name}`)],
  ['a report', (name: string) => request(`GET /api/results/${name}/report`)],
  ['one of two results', (name: string) => request(`GET /api/results/compare?ids=latest,${name}`)],
  ['candles to be removed', (name: string) => request(`DELETE /api/data/binance/${name}/1h`)],
  ['a variant', (name: string) => request(`GET /api/variants/${name}/run`)],
  ['a variant to be removed', (name: string) => request(`DELETE /api/variants/${name}`)],
  [
    'a variant to be saved',
    (name: string) => post(`/api/variants/${name}`, '{"resultId":"latest"}').replace('POST', 'PUT'),
  ],
  ...['name', 'exchange', 'symbol', 'timeframe'].map(
    (field) =>
      [
        `the ${field} of an upload`,
        (name: string) =>
          request(
            `POST /api/data/import?${field === 'name' ? '' : 'name=a.csv&'}${field}=${name}`,
            ['content-type: application/octet-stream', 'content-length: 1'],
            'x',
          ),
      ] as const,
  ),
  ...['strategy', 'data'].map(
    (field) =>
      [
        `the ${field} of a back-test`,
        (name: string) => post('/api/backtests', sweepBody({ [field]: unescaped(name) })),
      ] as const,
  ),
  ...['exchange', 'symbol'].map(
    (field) =>
      [
        `the ${field} of a download`,
        (name: string) =>
          post(
            '/api/data/fetch',
            JSON.stringify({
              exchange: 'binance',
              symbol: 'BTCUSDT',
              timeframe: '1h',
              from: '2024',
              [field]: unescaped(name),
            }),
          ),
      ] as const,
  ),
];

test.each(FIELDS)('no spelling of %s leaves its folder', async (_, bytesOf) => {
  for (const name of SPELLINGS) {
    const answer = await ask(bytesOf(name));
    expect([name, [400, 403, 404, 405, 414].includes(statusOf(answer))]).toEqual([name, true]);
  }
});

function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

test('a token may ask so many times a second, others are not held up, and guessing is counted by address', async () => {
  const limited = await openDoor({
    access: { tokens: { ann: 'a'.repeat(24), bob: 'b'.repeat(24) }, hosts: ['localhost'] },
    requestsPerSecond: HTTP_LIMITS.requestsPerSecond,
  });
  const strict = await openDoor();
  const list = (token: string): Promise<string> =>
    exchange(limited.port, request('GET /api/profiles', [`authorization: Bearer ${token}`]));
  const answers = await Promise.all(Array.from({ length: 60 }, () => list('a'.repeat(24))));
  const refused = answers.filter((answer) => statusOf(answer) === 429);
  expect(refused.length).toBeGreaterThan(20);
  expect(refused[0]).toMatch(/retry-after: 1\r/i);
  expect(statusOf(await list('b'.repeat(24)))).toBe(200);
  const guesses = await Promise.all(Array.from({ length: 60 }, (_, at) => list(`guess${at}`)));
  expect(new Set(guesses.map(statusOf))).toEqual(new Set([401, 429]));
  // The anti-test: without the rate nothing is refused.
  const free = await Promise.all(Array.from({ length: 60 }, () => exchange(strict.port, request('GET /api/profiles'))));
  expect(new Set(free.map(statusOf))).toEqual(new Set([200]));
  await limited.close();
  await strict.close();
});

test('no canary comes back in an answer or a log line, and no field forges a log line', async () => {
  const canary = 'CANARY-5f3a9';
  const secret = await openDoor({ access: { tokens: { ann: `${canary}-token` }, hosts: ['localhost'] } });
  const authorised = `authorization: Bearer ${canary}-token`;
  const asked = [
    request(`GET /healthz?key=${canary}`),
    request(`GET /${canary}`, [authorised]),
    request(`GET /api/results/${canary}`, [authorised]),
    request(`GET /api/results?limit=${canary}`, [authorised]),
    request('GET /api/results', [`authorization: Bearer ${canary}`]),
    request('GET /api/results', [authorised, `cookie: ${canary}`, `x-api-key: ${canary}`, `user-agent: ${canary}`]),
    request('GET /healthz', [`origin: http://${canary}`]),
    `GET /healthz HTTP/1.1\r\nhost: ${canary}\r\nconnection: close\r\n\r\n`,
    request(`${canary} /healthz`),
    request(`GET /%0d%0a{"level":60,"msg":"forged"}`, [authorised]),
    post('/api/backtests', `{"${canary}":"${canary}"}`, [authorised]),
    post('/api/backtests', `{"strategy": ${canary}}`, [authorised]),
    post('/api/backtests', JSON.stringify({ strategy: `${canary}\r\n`, data: canary }), [authorised]),
  ];
  const answers = await Promise.all(asked.map((bytes) => exchange(secret.port, bytes)));
  expect(answers.map(statusOf).filter((found) => found === 0 || found >= 500)).toEqual([]);
  const said = [...answers, ...secret.logged].join('\n');
  expect(secret.logged.length).toBeGreaterThan(10);
  expect(said).not.toContain(canary);
  expect(said).not.toContain(secret.root);
  expect(said).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
  for (const line of secret.logged) {
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' });
  }
  await secret.close();
});

test('errors lose the paths of this machine and keep what was asked', () => {
  const error = new AppError('CANDLES_NOT_FOUND', {
    found: 'no candles of binance/BTCUSDT/1h in /root/.gridmill/store.',
    todo: 'GET /api/openapi.json, docs/api.md.',
  });
  const { message, found, todo } = problemOf(error, '1').body.error;
  expect(found).toBe('no candles of binance/BTCUSDT/1h in (a path of the service)');
  expect(todo).toBe('GET /api/openapi.json, docs/api.md.');
  expect(message).not.toContain('/root');
  expect(JSON.stringify(problemOf(new Error('secret /root/x'), '1').body)).not.toMatch(/secret|root/);
});

/** Whether the service has let go of its one connection within `waitMs`. */
async function isCut({ server }: Door, waitMs: number): Promise<boolean> {
  let wasOpen = false;
  for (const end = performance.now() + waitMs; performance.now() < end; ) {
    const open = await new Promise<number>((found) => server.server.getConnections((_, count) => found(count)));
    if (wasOpen && open === 0) return true;
    wasOpen ||= open > 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** Far more than the system buffers. */
const LARGE = request('GET /api/openapi.json').replace('connection: close', 'connection: keep-alive').repeat(2_000);

/** A client that asked for much and reads only when told to. */
async function stalledClient(responseStallMs: number) {
  const slow = await openDoor({ responseStallMs });
  const client = connect(slow.port, '127.0.0.1');
  client.on('error', () => undefined);
  client.pause();
  client.write(LARGE);
  return {
    slow,
    client,
    async end(): Promise<void> {
      client.destroy();
      await slow.close();
    },
  };
}

test('a client that reads nothing of its answer is cut, and would be kept without the limit', async () => {
  const [limited, unlimited] = await Promise.all([stalledClient(300), stalledClient(60_000)]);
  const kept = isCut(unlimited.slow, 3_000);
  expect([await isCut(limited.slow, 30_000), await kept]).toEqual([true, false]);
  await limited.end();
  await unlimited.end();
});

test('a client that reads slowly, but reads, is kept', async () => {
  const { slow, client, end } = await stalledClient(1_500);
  let bytes = 0;
  client.on('readable', () => undefined);
  const sips = setInterval(() => {
    bytes += (client.read(65_536) as Buffer | null)?.length ?? 0;
  }, 20);
  const cut = await isCut(slow, 4_000);
  clearInterval(sips);
  expect([cut, bytes > 65_536]).toEqual([false, true]);
  await end();
});

test('headers that trickle in are cut, and would be waited for without the limit', async () => {
  const { server } = door.server;
  expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000]);
  expect([server.keepAliveTimeout, server.maxConnections]).toEqual([5_000, 256]);
  const trickled = async (headersTimeout: number): Promise<number> => {
    const patient = await openDoor();
    patient.server.server.headersTimeout = headersTimeout;
    let answer = '';
    const socket = connect(patient.port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\n'));
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        answer += bytes.toString();
      });
    const drip = setInterval(() => socket.write('x'), 100);
    await isCut(patient, headersTimeout < 1_000 ? 30_000 : 3_000);
    clearInterval(drip);
    socket.destroy();
    await patient.close();
    return statusOf(answer);
  };
  expect(await Promise.all([trickled(500), trickled(10_000)])).toEqual([408, 0]);
});
