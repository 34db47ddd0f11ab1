// Stored results: lists, ranked rows, one variant in full, reports, exports and comparisons.
import type { FastifyInstance } from 'fastify';
import { columnsOf, encodeRows } from '../../feeds/encode-rows.ts';
import { flatRow } from '../../runs/result-record.ts';
import { loadResult, removeResults } from '../../runs/saved-results.ts';
import { openResultStore, type ResultStoreEntry } from '../../store/result-store.ts';
import { pageOfRows, type RankedJson } from '../result-rows.ts';
import { AnyJson, ResultParams, ResultsQuery, RowParams, RowQuery, RowsQuery } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';
import { answerWhileWaiting } from '../waiting-client.ts';

const CONTENT_TYPES = { csv: 'text/csv; charset=utf-8', parquet: 'application/vnd.apache.parquet' } as const;

export function resultRoutes(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot, strategiesFolder: folder } = context;
  const read = (id: string) => loadResult(id, { folder, storeRoot });
  const response = { 200: AnyJson };
  const stored = openResultStore(storeRoot, { keepsList: true });

  server.get<{ Querystring: ResultsQuery }>(
    '/api/results',
    { schema: { summary: 'Stored results, newest first', querystring: ResultsQuery, response } },
    ({ query: { offset = 0, limit = 100, strategy } }) => {
      const all = stored.list().filter(({ head }) => strategy === undefined || head?.summary['strategy'] === strategy);
      return { total: all.length, offset, results: all.slice(offset, offset + limit).map(listed) };
    },
  );

  server.get<{ Params: ResultParams }>(
    '/api/results/:id',
    { schema: { summary: 'One result with its ranked rows', params: ResultParams, response } },
    ({ params }) => {
      const { id, record } = read(params.id);
      return { resultId: id, record: { ...record, heatmap: undefined } };
    },
  );

  server.get<{ Params: ResultParams; Querystring: RowsQuery }>(
    '/api/results/:id/rows',
    {
      schema: {
        summary: 'Ranked rows: filtered, sorted, paged, exported',
        params: ResultParams,
        querystring: RowsQuery,
      },
    },
    async ({ params, query }, reply) => {
      const { id, record } = read(params.id);
      const { format = 'json' } = query;
      const page = pageOfRows<RankedJson>(record.top as unknown as readonly RankedJson[], query);
      if (format === 'json') return { resultId: id, ...page };
      const rows = page.rows.map((row) => flatRow(row as never));
      const pieces: Uint8Array[] = [];
      for await (const piece of encodeRows([rows], columnsOf(rows), format)) pieces.push(piece);
      return reply
        .header('content-type', CONTENT_TYPES[format])
        .header('content-disposition', `attachment; filename="gridmill-${id}.${format}"`)
        .send(Buffer.concat(pieces));
    },
  );

  server.get<{ Params: RowParams; Querystring: RowQuery }>(
    '/api/results/:id/rows/:rank',
    {
      schema: {
        summary: 'A ranked row run again: trades, equity, candles',
        params: RowParams,
        querystring: RowQuery,
        response,
      },
    },
    async ({ params, query, user }, reply) => {
      const { id: resultId } = read(params.id);
      const { cell, equity, candlesFrom, candlesCount = 1000 } = query;
      const candles = candlesFrom === undefined ? undefined : { fromBar: candlesFrom, bars: candlesCount };
      const task = { kind: 'row', resultId, rank: params.rank, cell, withEquity: equity === true, candles } as const;
      const seconds = context.settings.syncDeadlineSeconds;
      return (await answerWhileWaiting({ task, user, seconds, reply }, context)) ?? reply;
    },
  );

  server.get<{ Params: ResultParams }>(
    '/api/results/:id/report',
    { schema: { summary: 'The HTML report', params: ResultParams, produces: ['text/html'] } },
    async ({ params, user }, reply) => {
      const task = { kind: 'report', resultId: read(params.id).id } as const;
      const seconds = context.settings.syncDeadlineSeconds;
      const answer = await answerWhileWaiting({ task, user, seconds, reply }, context);
      return answer === undefined ? reply : reply.type('text/html; charset=utf-8').send(answer.html);
    },
  );

  server.delete<{ Params: ResultParams }>(
    '/api/results/:id',
    { schema: { summary: 'Delete a result', params: ResultParams, response } },
    ({ params }) => ({ deleted: removeResults([params.id], storeRoot) }),
  );
}

const listed = ({ id, bytes, head, damage }: ResultStoreEntry): object =>
  head === undefined
    ? { id, bytes, damage }
    : { id, bytes, createdAt: new Date(head.createdAt).toISOString(), ...head.summary };
