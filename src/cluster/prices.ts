// What machines cost: a dated table of prices, which the user can replace, and the cost of work under it.
import { readFileSync } from 'node:fs';
import type { Static } from 'typebox';
import * as Type from 'typebox';
import * as Value from 'typebox/value';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Platform } from './platforms.ts';
import included from './prices.json' with { type: 'json' };

const price = Type.Number({ minimum: 0 });
const size = Type.Number({ exclusiveMinimum: 0 });
const strict = { additionalProperties: false } as const;
const source = { source: Type.String({ minLength: 1 }), confirmed: Type.Boolean() };

/** Billed for what a task reserves. */
const Shares = Type.Object(
  { kind: Type.Literal('shares'), vcpuHour: price, gibHour: price, secondsMin: Type.Optional(price), ...source },
  strict,
);

const machine = {
  kind: Type.Literal('machine'),
  machine: Type.String({ minLength: 1 }),
  /** Of the whole machine. */
  vcpu: size,
  memoryGib: size,
  ...source,
};
/** Billed by the machine: a task costs the share of it that it fills. */
const Hourly = Type.Object({ ...machine, hour: price, secondsMin: Type.Optional(price) }, strict);
const Monthly = Type.Object({ ...machine, month: price }, strict);

const SCHEMAS = {
  fargate: Shares,
  'fargate-spot': Shares,
  ec2: Hourly,
  'ec2-spot': Hourly,
  vps: Monthly,
  server48: Monthly,
} as const satisfies Readonly<Record<Platform, unknown>>;

const Table = Type.Object(
  {
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    region: Type.String({ minLength: 1 }),
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    notes: Type.Array(Type.String()),
    platforms: Type.Object(SCHEMAS, strict),
    s3: Type.Object({ gibMonth: price, putPer1000: price, getPer1000: price, ...source }, strict),
  },
  strict,
);

export type PriceTable = Static<typeof Table>;
export { isSpot, PLATFORMS, type Platform } from './platforms.ts';

/** A month of 730 hours, as providers count it. */
const MONTH_SECONDS = 730 * 3600;

/** The table of a file, or the dated one that Gridmill brings. Errors: REQUEST_INVALID with the field that is wrong. */
export function readPrices(path?: string): PriceTable {
  return path === undefined ? checkPrices(included, 'the included table') : parsePrices(readText(path), path);
}

function readText(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= LIMITS.pricesBytesMax) return text;
  } catch (cause) {
    throw invalid(`${path}: ${(cause as Error).message}.`, cause);
  }
  throw invalid(`${path} is larger than ${LIMITS.pricesBytesMax} bytes.`);
}

/** Errors: REQUEST_INVALID. */
export function parsePrices(text: string, name: string): PriceTable {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (cause) {
    throw invalid(`${name} is no JSON: ${(cause as Error).message}.`, cause);
  }
  return checkPrices(table, name);
}

function checkPrices(table: unknown, name: string): PriceTable {
  if (Value.Check(Table, table)) return table;
  const wrong = Value.Errors(Table, table).map((error) => wordsOf(error));
  throw invalid(`${name}: ${[...new Set(wrong)].slice(0, ERRORS_SAID).join('; ')}.`);
}

const ERRORS_SAID = 5;

/** `platforms.fargate: must have required properties vcpuHour`. */
function wordsOf({ instancePath, message, params }: ReturnType<typeof Value.Errors>[number]): string {
  const unknown = (params as { readonly additionalProperties?: readonly string[] }).additionalProperties;
  const where = instancePath.slice(1).replaceAll('/', '.') || 'the table';
  return unknown === undefined ? `${where} ${message}` : `${where} has the unknown field ${unknown.join(', ')}`;
}

const invalid = (found: string, cause?: unknown): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A table of prices is JSON with the fields of the included one.',
    found,
    todo: 'Copy the table of docs/scaling.md and change its figures.',
    cause,
  });

export interface Use {
  readonly platform: Platform;
  /** Of one task. */
  readonly vcpu: number;
  readonly memoryGib: number;
  /** That one task runs. */
  readonly seconds: number;
  /** Alike; 1 when left out. */
  readonly tasks?: number;
}

/**
 * Cost of tasks in the currency of the table, without storage and requests. Of a machine by the hour or the month it is the share that the
 * task fills, by processors or by memory, whichever is more: rent that runs on while nothing runs is not in it.
 */
export function costOf({ platform, vcpu, memoryGib, seconds, tasks = 1 }: Use, table = readPrices()): number {
  const row = table.platforms[platform];
  const billed = 'secondsMin' in row && row.secondsMin !== undefined ? Math.max(seconds, row.secondsMin) : seconds;
  if (row.kind === 'shares') return (tasks * billed * (vcpu * row.vcpuHour + memoryGib * row.gibHour)) / 3600;
  const second = 'hour' in row ? row.hour / 3600 : row.month / MONTH_SECONDS;
  return tasks * billed * second * Math.max(vcpu / row.vcpu, memoryGib / row.memoryGib);
}

export interface Requests {
  readonly gets: number;
  readonly puts: number;
  /** That are kept for so many days; nothing when left out. */
  readonly gib?: number;
  readonly days?: number;
}

/** Cost of requests to S3, and of keeping bytes for some days. */
export function storageCost(
  { gets, puts, gib = 0, days = 0 }: Requests,
  { s3 }: Pick<PriceTable, 's3'> = readPrices(),
): number {
  return (gets * s3.getPer1000 + puts * s3.putPer1000) / 1000 + (gib * s3.gibMonth * days * 86_400) / MONTH_SECONDS;
}
