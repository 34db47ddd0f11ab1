// Bodies bent away from our own schemas: each is refused with the place that is wrong, quickly, and never with 5xx.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VariantBody } from '../../src/api/results-schemas.ts';
import { BacktestBody, FetchBody } from '../../src/api/schemas.ts';
import { createPrng } from '../../src/core/prng.ts';
import { type Door, openDoor } from './door.ts';

const COUNT = Number(process.env['GRIDMILL_FUZZ_BODIES'] ?? 3_000);
const SEED = Number(process.env['GRIDMILL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

const ROUTES = [
  {
    path: '/api/backtests/estimate',
    schema: BacktestBody as Schema,
    good: { strategy: 'sma-cross', data: 'nowhere/NONE/1h', execution: { fee: 0.001 }, risk: { stopLoss: '0.01' } },
  },
  {
    path: '/api/data/fetch',
    schema: FetchBody as Schema,
    good: { exchange: 'binance', symbol: 'BTCUSDT', timeframe: '1h', from: '2024' },
  },
  {
    path: '/api/variants/name',
    schema: VariantBody as Schema,
    good: { resultId: 'latest', rank: 1, note: 'mine' },
  },
] as const;

const deep = (depth: number): Json => (depth === 0 ? 0 : [deep(depth - 1)]);
/** None of these is a value of any member of the schemas. */
const WRONG: readonly Json[] = [
  ...[null, {}, { a: 1 }, [[]], [null], [{}], '', '\ud800', '\u0000', 'x'.repeat(2_000), -1e308, deep(40)],
  ...[new Array(1_001).fill(1), { constructor: { prototype: 1 } }, [true], '../../x', "' or 1=1"],
];
const STRANGE_NAMES = [
  '',
  'a b',
  'toString',
  'constructor',
  'hasOwnProperty',
  '\ud800',
  'Strategy',
  'x'.repeat(1_025),
  '$ref',
];

/** A body that no schema allows, as the text that is sent. */
function bentBody(seed: number): { readonly path: string; readonly text: string } {
  const { nextBelow } = createPrng(seed);
  const pick = <T>(list: readonly T[]): T => list[nextBelow(list.length)]!;
  const { path, schema, good } = ROUTES[nextBelow(ROUTES.length)]!;
  const body = structuredClone(good) as unknown as Record<string, Json>;
  const names = Object.keys(schema.properties!).filter((name) => name !== 'parameters');
  const text = (): string => JSON.stringify(body);
  switch (nextBelow(6)) {
    case 0:
      delete body[pick(schema.required!)];
      return { path, text: text() };
    case 1:
      body[pick(STRANGE_NAMES)] = pick(WRONG);
      return { path, text: text() };
    case 2: {
      const name = pick(names);
      return { path, text: text().replace(/}$/, `,${JSON.stringify(name)}:1,${JSON.stringify(name)}:1}`) };
    }
    case 3:
      return {
        path,
        text: text().replace(/"(?=[:,}])/, pick(['', '"":', '\\', '\u0001', '","__proto__":{"polluted":1},"'])),
      };
    case 4:
      return { path, text: JSON.stringify(pick(WRONG)) };
    default: {
      const name = pick(
        ['strategy', 'data', 'exchange', 'symbol', 'timeframe', 'from', 'resultId'].filter((one) =>
          schema.required!.includes(one),
        ),
      );
      body[name] = pick(WRONG.filter((value) => typeof value !== 'string' || name !== 'from'));
      return { path, text: text() };
    }
  }
}

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const send = (path: string, payload: string) =>
  door.server.inject({
    method: path.startsWith('/api/variants') ? 'PUT' : 'POST',
    url: path,
    payload,
    headers: { host: 'localhost', 'content-type': 'application/json' },
  });

test(`${COUNT} bent bodies from seed ${SEED} are refused with what is wrong`, { timeout: 600_000 }, async () => {
  for (let seed = SEED; seed < SEED + COUNT; seed++) {
    const { path, text } = bentBody(seed);
    const { statusCode, body } = await send(path, text);
    const replay = `replay: GRIDMILL_FUZZ_SEED=${seed} GRIDMILL_FUZZ_BODIES=1 npx vitest run --project fast test/fuzz/http-schema.test.ts`;
    if (statusCode !== 400)
      expect.fail(`${statusCode} for ${path} ${text.slice(0, 300)}: ${body.slice(0, 300)}\n${replay}`);
    const { error } = JSON.parse(body) as { error: { code: string; found: string } };
    expect([error.code, error.found.length > 0]).toEqual(['REQUEST_INVALID', true]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  }
});

test('the largest bodies that can be sent are looked through in a moment', async () => {
  const mebibyte = 2 ** 20;
  const heavy = [
    '['.repeat(mebibyte),
    `"${'\\'.repeat(mebibyte - 2)}"`,
    `{${'"a":1,'.repeat(150_000)}"b":1}`,
    '"'.repeat(mebibyte),
  ];
  for (const text of heavy) {
    const begin = performance.now();
    expect((await send('/api/data/fetch', text)).statusCode).toBe(400);
    expect(performance.now() - begin).toBeLessThan(1_000);
  }
});
