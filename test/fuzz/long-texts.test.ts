// The longest texts that the door lets in, in the shapes that make patterns try again and again: none of them takes long.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostName } from '../../src/api/access.ts';
import { parseJsonBody } from '../../src/api/json-body.ts';
import { HTTP_LIMITS } from '../../src/api/limits.ts';
import { problemOf } from '../../src/api/problem.ts';
import { createRateLimit } from '../../src/api/rate-limit.ts';
import { type ListedRow, pageOfRows } from '../../src/api/result-rows.ts';
import { AppError } from '../../src/core/errors.ts';
import { parseObjectives } from '../../src/runs/metric-name.ts';
import { parseTime } from '../../src/runs/time-text.ts';
import { parseWhere } from '../../src/runs/where-text.ts';
import { parseAxis } from '../../src/strategy/parameters.ts';
import { type Door, idleDesk, openDoor } from './door.ts';
import { routesOf, type Schema } from './every-route.ts';

/** Far beyond what linear work takes, and far below what quadratic work on headers or exponential work on texts does. */
const LONG_MS = 100;

/** Fills `length` units with each shape. */
const shapes = (length: number): readonly string[] => {
  const fill = (piece: string, end = ''): string =>
    piece.repeat(Math.ceil(length / piece.length)).slice(0, length - end.length) + end;
  return [
    ...[
      'a',
      '0',
      'A',
      ' ',
      '.',
      '-',
      '/',
      '9:',
      '1.',
      '0.0',
      'a/',
      '/a',
      '1e',
      '>=',
      '((',
      '[',
      ',',
      'é',
      '\t',
      'ab_',
      '%2e',
    ].flatMap((piece) => [fill(piece), fill(piece, '!'), fill(piece, '\n'), fill(piece, 'm')]),
    fill('a>=1,'),
    fill('1..2:', '0'),
    `1..${'9'.repeat(length - 3)}`,
    `a >= ${'1'.repeat(length - 10)}x`,
  ];
};

/** The shortest of three: whatever else the machine does only adds. */
function shortestMs(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const startedMs = performance.now();
    try {
      work();
    } catch {
      // Refusals must be quick too.
    }
    least = Math.min(least, performance.now() - startedMs);
  }
  return least;
}

const slow = (name: string, lengthMax: number, read: (text: string) => unknown, mostMs = LONG_MS): string[] =>
  shapes(lengthMax).flatMap((text) => {
    const ms = shortestMs(() => read(text));
    return ms < mostMs ? [] : [`${name}: ${ms.toFixed(0)} ms for ${JSON.stringify(text.slice(0, 30))}`];
  });

let door: Door;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-desk-'));
  door = await openDoor({ openDesk: idleDesk(folder) });
});
afterAll(async () => {
  await door.close();
  rmSync(folder, { recursive: true, force: true });
});

function patternsOf(schema: Schema | undefined): string[] {
  if (schema === undefined) return [];
  const within = [
    ...(schema.anyOf ?? []),
    ...Object.values(schema.properties ?? {}),
    ...Object.values(schema.patternProperties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  const own = [
    ...(schema.pattern === undefined ? [] : [schema.pattern]),
    ...Object.keys(schema.patternProperties ?? {}),
  ];
  return [...own, ...within.flatMap(patternsOf)];
}

describe('texts of the greatest length', () => {
  test('in every pattern of every route', () => {
    const patterns = new Set(
      routesOf(door.server).flatMap(({ fields, body }) => [
        ...fields.flatMap(({ schema }) => patternsOf(schema)),
        ...patternsOf(body),
      ]),
    );
    expect(patterns.size).toBeGreaterThan(5);
    const found = [...patterns].flatMap((pattern) => {
      const compiled = new RegExp(pattern, 'u');
      return slow(pattern, HTTP_LIMITS.headerBytesMax, (text) => compiled.test(text));
    });
    expect(found).toEqual([]);
  });

  test.each<[string, number, (text: string) => unknown]>([
    ['a host', HTTP_LIMITS.headerBytesMax, hostName],
    ['an axis', HTTP_LIMITS.jsonTextMax, parseAxis],
    ['conditions', HTTP_LIMITS.headerBytesMax, parseWhere],
    ['objectives', HTTP_LIMITS.jsonTextMax, (text) => parseObjectives('rank', text)],
    ['a time', HTTP_LIMITS.jsonTextMax, (text) => parseTime('from', text)],
    ['a name to sort by', HTTP_LIMITS.headerBytesMax, (sort) => pageOfRows({ names: ['fast'], rows: [] }, { sort })],
    [
      'what errors say',
      4 * HTTP_LIMITS.headerBytesMax,
      (text) => problemOf(new AppError('REQUEST_INVALID', { found: text, todo: text }), '1'),
    ],
    ['a body', HTTP_LIMITS.bodyBytesMax, (text) => parseJsonBody(Buffer.from(text))],
  ])('in %s', (name, lengthMax, read) => {
    // A mebibyte may take longer than the 16 KiB of a header.
    expect(slow(name, lengthMax, read, lengthMax > 100_000 ? 3 * LONG_MS : LONG_MS)).toEqual([]);
  });

  test('are told from a pattern that tries again and again', () => {
    expect(shortestMs(() => /^(a+)+$/.test(`${'a'.repeat(27)}!`))).toBeGreaterThan(LONG_MS);
  });
});

test('names that are many, alike or chosen to collide are looked through in a moment', () => {
  // Names whose hashes meet in tables that are not seeded, and such as are numbers.
  const names = Array.from({ length: HTTP_LIMITS.jsonEntriesMax }, (_, at) =>
    at.toString(2).padStart(10, '0').replace(/0/g, 'Aa').replace(/1/g, 'BB'),
  );
  const body = Buffer.from(JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))));
  expect(shortestMs(() => parseJsonBody(body))).toBeLessThan(LONG_MS);
  const rows = Array.from({ length: 10_000 }, (_, at) => {
    const json = { rank: at + 1 } as unknown as ListedRow['json'];
    return { rank: at + 1, value: () => 1, json, flat: () => ({}) };
  });
  expect(shortestMs(() => pageOfRows({ names: ['fast'], rows }, { sort: 'fast' }))).toBeLessThan(4 * LONG_MS);
  const rate = createRateLimit(1, { monotonicMs: () => 0, wallMs: () => 0 }, 1_000);
  expect(
    shortestMs(() => {
      for (let at = 0; at < 10_000; at++) rate.take(`address ${at}`);
    }),
  ).toBeLessThan(4 * LONG_MS);
});
