// Rows and named variants run again for clients that wait: what they ask for, and how tables of them are answered.
import type { FastifyReply } from 'fastify';
import type { CandlePart, RowAnswer, StoredRow } from '../compute/task.ts';
import { AppError } from '../core/errors.ts';
import { HTTP_LIMITS } from './limits.ts';
import type { RowQuery, TableQuery } from './results-schemas.ts';
import type { RouteContext } from './surroundings.ts';
import { answerWhileWaiting } from './waiting-client.ts';

export interface Asking {
  readonly user: string;
  readonly reply: FastifyReply;
}

const CANDLES = 1_000;
const MARGIN = 50;
const TABLE_ROWS = 1_000;

/** Undefined when the client has left. Errors: those of the run; REQUEST_INVALID for two choices of candles. */
export function answerRow(
  of: StoredRow,
  query: Omit<RowQuery, 'cell'>,
  { user, reply }: Asking,
  context: RouteContext,
): Promise<RowAnswer | undefined> {
  const task = { kind: 'row', of, withEquity: query.equity === true, candles: candlePart(query) } as const;
  return answerWhileWaiting({ task, user, seconds: context.settings.syncDeadlineSeconds, reply }, context);
}

function candlePart(query: Omit<RowQuery, 'cell'>): CandlePart | undefined {
  const { candlesFrom, candlesCount, trade, margin } = query;
  const found =
    trade !== undefined && (candlesFrom !== undefined || candlesCount !== undefined)
      ? 'both a trade and bars.'
      : trade === undefined && margin !== undefined
        ? 'a margin without a trade.'
        : candlesFrom === undefined && candlesCount !== undefined
          ? 'candlesCount without candlesFrom.'
          : undefined;
  if (found !== undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Candles are those from a bar on, or those around a trade.',
      found,
      todo: 'Give candlesFrom with candlesCount, or trade with margin.',
    });
  }
  if (trade !== undefined) return { trade, margin: margin ?? MARGIN, barsMax: HTTP_LIMITS.candlesMax };
  return candlesFrom === undefined ? undefined : { fromBar: candlesFrom, bars: candlesCount ?? CANDLES };
}

const CONTENT_TYPES = {
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
} as const;

/** A page of trades or of equity, or all of them as a file called `name`. */
export async function answerTable(
  of: StoredRow,
  { table, name }: { readonly table: 'trades' | 'equity'; readonly name: string },
  query: Omit<TableQuery, 'cell'>,
  { user, reply }: Asking,
  context: RouteContext,
): Promise<unknown> {
  const { format = 'json', offset = 0, limit = TABLE_ROWS } = query;
  if (format !== 'json' && (query.offset !== undefined || query.limit !== undefined)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A file holds all of the table.',
      found: 'offset or limit.',
      todo: 'Leave them out, or ask for pages with format=json.',
    });
  }
  const task = { kind: 'table', of, table, format, offset, limit } as const;
  const seconds = context.settings.syncDeadlineSeconds;
  const answer = await answerWhileWaiting({ task, user, seconds, reply }, context);
  if (answer === undefined) return reply;
  if (format === 'json') return { total: answer.total, offset, [table]: answer.rows ?? [] };
  return sendFile(reply, `${name}-${table}`, format, answer.file!);
}

/** `name` has letters, digits, dots and hyphens only. */
export function sendFile(
  reply: FastifyReply,
  name: string,
  format: keyof typeof CONTENT_TYPES,
  file: Uint8Array,
): FastifyReply {
  return reply
    .header('content-type', CONTENT_TYPES[format])
    .header('content-disposition', `attachment; filename="gridmill-${name}.${format}"`)
    .send(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
}
