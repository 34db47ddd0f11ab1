// What holds for each route, whichever there are: who may ask, what its query takes, and bodies that its schema does not allow.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { type Door, idleDesk, openDoor } from './door.ts';
import { type Call, callOf, type Route, routesOf, type Schema, sampleOf, withValue } from './every-route.ts';

const COUNT = Number(process.env['GRIDMILL_FUZZ_BODIES'] ?? 2_000);
const SEED = Number(process.env['GRIDMILL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const TOKEN = 'a'.repeat(24);
const GUESSES: readonly Readonly<Record<string, string>>[] = [
  {},
  { authorization: 'Bearer guess' },
  { authorization: TOKEN },
  { cookie: TOKEN },
];
const bearer = { authorization: `Bearer ${TOKEN}` };

let folder: string;
let door: Door;
let guarded: Door;
let routes: readonly Route[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-desk-'));
  door = await openDoor({ openDesk: idleDesk(join(folder, 'a')) });
  guarded = await openDoor({
    openDesk: idleDesk(join(folder, 'b')),
    access: { tokens: { ann: TOKEN }, hosts: ['localhost'] },
  });
  routes = routesOf(door.server);
});
afterAll(async () => {
  await door.close();
  await guarded.close();
  rmSync(folder, { recursive: true, force: true });
});

const send = ({ server }: Pick<Door, 'server'>, { payload, ...call }: Call) =>
  server.inject({ ...call, headers: { ...call.headers }, ...(payload !== undefined && { payload }) });
const named = ({ method, path }: Route): string => `${method} ${path}`;
const codeOf = (body: string): string => (JSON.parse(body) as { error: { code: string } }).error.code;

test('the document names every route that there is', () => {
  const found = new Set(routes.map(named));
  expect(found.size).toBeGreaterThan(20);
  // Fastify prints its own tree of routes, hidden ones included.
  const printed = door.server.printRoutes({ commonPrefix: false, includeHooks: false });
  const declared = [...printed.matchAll(/\(([A-Z, ]+)\)/g)].flatMap(([, methods]) => methods!.split(', '));
  expect(declared.length).toBe(found.size);
});

describe('every route', () => {
  test('asks for the token, but for the probes', async () => {
    for (const route of routes) {
      const open = route.path === '/healthz' || route.path === '/readyz';
      for (const headers of GUESSES) {
        const { statusCode } = await send(guarded, callOf(route, { headers }));
        expect([named(route), statusCode]).toEqual([named(route), open ? 200 : 401]);
      }
    }
    const known = await send(guarded, callOf(routes.find(({ path }) => path === '/api/jobs')!, { headers: bearer }));
    expect(known.statusCode).toBeLessThan(400);
  });

  test('refuses other hosts and other pages before it looks at anything', async () => {
    for (const route of routes) {
      for (const headers of [
        { host: 'evil.example', ...bearer },
        { origin: 'http://evil.example', ...bearer },
        { origin: 'null', ...bearer },
      ]) {
        const { statusCode, body } = await send(guarded, callOf(route, { headers, text: '{"__proto__":' }));
        expect([named(route), statusCode, codeOf(body)]).toEqual([named(route), 403, 'HOST_FORBIDDEN']);
      }
    }
  });

  test('takes no name in its query that it does not declare, none twice, and none that is a prototype', async () => {
    for (const route of routes) {
      const own = route.fields.find(({ place }) => place === 'query');
      const value = own && encodeURIComponent(String(sampleOf(own.schema)));
      const twice = own === undefined ? [] : [`${own.name}=${value}&${own.name}=${value}`];
      const queries = [
        'zzz=1',
        '__proto__=1',
        '__proto__[x]=1',
        'constructor=1',
        'constructor.prototype.x=1',
        ...twice,
      ];
      for (const query of queries) {
        const { statusCode, body } = await send(door, callOf(route, { query }));
        // Strategies are not taken here, whatever the query says.
        const isOff = named(route) === 'POST /api/strategies' && statusCode === 403;
        if (isOff) continue;
        expect([named(route), query, statusCode]).toEqual([named(route), query, 400]);
        expect(codeOf(body)).toBe('REQUEST_INVALID');
      }
    }
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('that reads its query declares it, or finds nothing there', async () => {
    // The anti-test: without a schema of its own a route would be handed whatever was sent.
    const lax = fastify();
    lax.get('/', ({ query }) => query as object);
    expect((await lax.inject('/?zzz=1')).json()).toEqual({ zzz: '1' });
    await lax.close();
  });

  test('keeps browsers from guessing, framing and keeping its answers', async () => {
    for (const route of routes) {
      const { headers } = await send(door, callOf(route, { query: 'zzz=1' }));
      expect([named(route), headers]).toMatchObject([
        named(route),
        { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'x-frame-options': 'DENY' },
      ]);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
const deep = (depth: number): Json => (depth === 0 ? 0 : [deep(depth - 1)]);

/** None of these is a value of any field of any schema. */
const WRONG: readonly Json[] = [
  ...[{ zzz: { y: 1 } }, [[]], [null], null, '\ud800'.repeat(2_000), '\u0000'.repeat(2_000), 'x'.repeat(2_000)],
  ...[deep(40), new Array(10_001).fill(1), { constructor: { prototype: 1 } }, [['x']]],
];
const STRANGE_NAMES = [
  '',
  'a b',
  'toString',
  'constructor',
  'hasOwnProperty',
  'prototype',
  '\ud800',
  '$ref',
  'x'.repeat(1_025),
];
const POLLUTED = [
  '"__proto__":{"polluted":1}',
  '"constructor":{"prototype":{"polluted":1}}',
  '"\\u005f_proto__":{"polluted":1}',
];

/** Names of the members of a schema, those within others included. */
function membersOf(schema: Schema, at: readonly string[] = []): readonly (readonly string[])[] {
  // A record of parameters takes any names: they are looked at when the strategy is known.
  const own = Object.entries(schema.properties ?? {}).filter(
    ([, { patternProperties }]) => patternProperties === undefined,
  );
  return own.flatMap(([name, one]) => [[...at, name], ...membersOf(one, [...at, name])]);
}

/** The body of a request that the schema of the route does not allow, as the text that is sent. */
function bentBody({ body }: Route, seed: number): string {
  const { nextBelow } = createPrng(seed);
  const pick = <T>(list: readonly T[]): T => list[nextBelow(list.length)]!;
  const good = sampleOf(body!);
  const members = membersOf(body!);
  const text = JSON.stringify(good);
  switch (nextBelow(6)) {
    case 0: {
      const { [pick(body!.required!)]: _, ...rest } = good as Record<string, unknown>;
      return JSON.stringify(rest);
    }
    case 1: {
      // Beside a member of any object, at any depth.
      const place = pick(members).slice(0, -1);
      return JSON.stringify(withValue(good, [...place, pick(STRANGE_NAMES)], pick(WRONG)));
    }
    case 2:
      return text.replace(/^\{/, `{"zzz":1,"zzz":2,`);
    case 3: {
      const place = pick(members).slice(0, -1);
      return JSON.stringify(withValue(good, [...place, '@'], 1)).replace('"@":1', pick(POLLUTED));
    }
    case 4:
      return pick([JSON.stringify(pick(WRONG)), text.slice(0, -1), `${text}${text}`, text.replace(/"/, ''), '', 'NaN']);
    default:
      return JSON.stringify(withValue(good, pick(members), pick(WRONG)));
  }
}

describe(`bodies bent away from the schemas of every route, ${COUNT} of them from seed ${SEED}`, () => {
  test('are refused with the place that is wrong, and pollute nothing', { timeout: 600_000 }, async () => {
    const bodied = routes.filter(({ body }) => body?.required !== undefined);
    expect(bodied.length).toBeGreaterThan(4);
    let slowestMs = 0;
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const route = bodied[seed % bodied.length]!;
      const text = bentBody(route, seed);
      const startedMs = performance.now();
      const { statusCode, body } = await send(door, callOf(route, { text }));
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      const replay = `GRIDMILL_FUZZ_SEED=${seed} GRIDMILL_FUZZ_BODIES=1 npx vitest run --project fast test/fuzz/every-route.test.ts`;
      if (statusCode !== 400)
        expect.fail(
          `${statusCode} for ${named(route)} ${text.slice(0, 300)}: ${body.slice(0, 300)}\nreplay: ${replay}`,
        );
      const { error } = JSON.parse(body) as { error: { code: string; found: string } };
      expect([error.code, error.found.length > 0]).toEqual(['REQUEST_INVALID', true]);
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    }
    console.log(`the slowest was refused in ${slowestMs.toFixed(0)} ms`);
  });

  test('are told from what the schemas allow', async () => {
    for (const route of routes.filter(({ body }) => body !== undefined)) {
      const { body } = await send(door, callOf(route));
      expect([named(route), body]).toEqual([named(route), expect.not.stringContaining('must match its schema')]);
    }
  });
});

test('the largest bodies that can be sent are looked through in a moment', async () => {
  const route = routes.find(({ path }) => path === '/api/data/fetch')!;
  const mebibyte = 2 ** 20;
  const heavy = [
    '['.repeat(mebibyte),
    `"${'\\'.repeat(mebibyte - 2)}"`,
    `{${'"a":1,'.repeat(150_000)}"b":1}`,
    '"'.repeat(mebibyte),
  ];
  for (const text of heavy) {
    const begin = performance.now();
    expect((await send(door, callOf(route, { text }))).statusCode).toBe(400);
    expect(performance.now() - begin).toBeLessThan(1_000);
  }
});
