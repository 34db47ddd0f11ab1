// No spelling of a name leaves its folder, in any text field of any route: nothing outside is read, written or run.
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Door, idleDesk, openDoor } from './door.ts';
import { type Call, callOf, type Route, routesOf, type Schema, sampleOf, textsOf, withValue } from './every-route.ts';
import { SPELLINGS, unescaped } from './spellings.ts';

const SECRET = 'SECRET-9f2c1';
const RESULT = 'abcdabcdabcdabcd';

let outside: string;
let door: Door;
let routes: readonly Route[];
beforeAll(async () => {
  outside = mkdtempSync(join(tmpdir(), 'gridmill-outside-'));
  door = await openDoor({ openDesk: idleDesk(join(outside, 'desk')) });
  const { root } = door;
  for (const place of [root, outside, join(root, 'store'), join(root, 'strategies')]) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'secret.txt'), SECRET);
    if (place !== join(root, 'strategies'))
      writeFileSync(
        join(place, 'outside.ts'),
        `import { writeFileSync } from 'node:fs';\nwriteFileSync('${root}/ran', '${SECRET}');\n`,
      );
  }
  // Links that lead out of the store are not followed.
  mkdirSync(join(root, 'store', 'results'), { recursive: true });
  mkdirSync(join(root, 'store', 'candles', 'lab'), { recursive: true });
  writeFileSync(join(outside, '1h.candles'), SECRET);
  symlinkSync(join(outside, 'secret.txt'), join(root, 'store', 'results', `${RESULT}.json`));
  symlinkSync(outside, join(root, 'store', 'candles', 'lab', 'LINK'));
  routes = routesOf(door.server);
});
afterAll(async () => {
  await door.close();
  rmSync(outside, { recursive: true, force: true });
});

/** Every file outside the store, what it holds, and when it was written. */
function picture(): string {
  const hash = createHash('sha256');
  for (const folder of [outside, door.root]) {
    for (const name of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
      if (name.startsWith('desk') || name.startsWith('store/')) continue;
      const stat = statSync(join(folder, name));
      hash.update(
        `${name} ${stat.isFile() ? readFileSync(join(folder, name), 'utf8') : ''} ${stat.isFile() ? stat.mtimeMs : ''}\n`,
      );
    }
  }
  return hash.digest('hex');
}

const send = ({ server }: Door, { payload, ...call }: Call) =>
  server.inject({ ...call, headers: { ...call.headers }, ...(payload !== undefined && { payload }) });
const named = ({ method, path }: Route): string => `${method} ${path}`;

/** Texts of any form, which a computation reads: each of them starts a thread. */
const computes = ({ path }: Route): boolean => /backtest|\/data\//.test(path);
const isFree = ({ pattern }: Schema): boolean => pattern === undefined;
const FEW = SPELLINGS.filter((_, at) => at % 120 === 0);
/** Each spelling is tried on each field with GRIDMILL_FUZZ_PATHS=1, and else on every eighth, in turn. */
const SHARE = process.env['GRIDMILL_FUZZ_PATHS'] === undefined ? 8 : 1;
let turn = 0;
const someSpellings = (): readonly string[] => {
  turn++;
  return SPELLINGS.filter((_, at) => (at + turn) % SHARE === 0);
};

/** Half a pair of UTF-16 cannot stand in a URL. */
const escaped = (text: string): string => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, '\ufffd'));

/** Each text field of a route with the calls that spell it. */
function* attacksOn(route: Route): Generator<readonly [field: string, spelling: string, call: Call]> {
  for (const { place, name, schema } of route.fields) {
    if (schema.type !== 'string' || place === 'header') continue;
    for (const spelling of isFree(schema) && computes(route) ? FEW : someSpellings()) {
      for (const value of [spelling, escaped(unescaped(spelling))]) {
        yield [
          name,
          spelling,
          callOf(route, place === 'path' ? { path: { [name]: value } } : { query: `${name}=${value}` }),
        ];
      }
    }
  }
  for (const { at, schema } of route.body === undefined ? [] : textsOf(route.body)) {
    for (const spelling of isFree(schema) && computes(route) ? FEW : someSpellings()) {
      yield [
        at.join('.'),
        spelling,
        callOf(route, { body: withValue(sampleOf(route.body!), at, unescaped(spelling)) }),
      ];
    }
  }
}

test(`${SPELLINGS.length} spellings of every text field of every route`, { timeout: 600_000 }, async () => {
  expect(SPELLINGS.length).toBeGreaterThan(200);
  const before = picture();
  const fields = new Set<string>();
  let sent = 0;
  for (const route of routes) {
    for (const [field, spelling, call] of attacksOn(route)) {
      const { statusCode, body } = await send(door, call);
      sent++;
      fields.add(`${named(route)} ${field}`);
      if (statusCode >= 500 || body.includes(SECRET) || body.includes(door.root) || body.includes('root:x:0'))
        expect.fail(`${statusCode} for ${named(route)} ${field} ${JSON.stringify(spelling)}: ${body.slice(0, 300)}`);
    }
  }
  console.log(`${sent} requests on ${fields.size} fields`);
  expect(fields.size).toBeGreaterThan(25);
  expect(picture()).toBe(before);
});

test('links that lie in the store are not followed', async () => {
  const asked: readonly Call[] = [
    { method: 'GET', url: `/api/results/${RESULT}`, headers: { host: 'localhost' } },
    { method: 'GET', url: `/api/results/${RESULT}/report`, headers: { host: 'localhost' } },
    { method: 'GET', url: '/api/data/lab/LINK/1h/check', headers: { host: 'localhost' } },
  ];
  for (const call of asked) {
    const { statusCode, body } = await send(door, call);
    expect([call.url, statusCode >= 400 && statusCode < 500, body]).toEqual([
      call.url,
      true,
      expect.not.stringContaining(SECRET),
    ]);
  }
});

test('the same measure notices a name that was used as it came', async () => {
  const before = picture();
  writeFileSync(join(door.root, 'store', unescaped('..%2fescaped')), 'x');
  expect(picture()).not.toBe(before);
});
