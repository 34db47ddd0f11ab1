// Stored results: lists, ranked rows, one variant in full, reports, exports and comparisons.
import type { FastifyInstance } from 'fastify';
import { columnsOf, encodeRows } from '../../feeds/encode-rows.ts';
import { loadResult, removeResults } from '../../runs/saved-results.ts';
import { openResultStore, type ResultStoreEntry } from '../../store/result-store.ts';
import { RowAnswer } from '../answer-schemas.ts';
import { ComparisonAnswer, DeletedAnswer, ResultAnswer, ResultsAnswer, RowsAnswer } from '../catalog-schemas.ts';
import { PAGE_POLICY } from '../door.ts';
import { outside } from '../problem.ts';
import { listedRows, pageOfRows } from '../result-rows.ts';
import {
  CompareQuery,
  ResultParams,
  ResultsQuery,
  RowParams,
  RowQuery,
  RowsQuery,
  TableQuery,
} from '../results-schemas.ts';
import { answerRow, answerTable, sendFile } from '../stored-rows.ts';
import type { RouteContext } from '../surroundings.ts';
import { answerWhileWaiting } from '../waiting-client.ts';

type Read = (id: string) => ReturnType<typeof loadResult>;

export function resultRoutes(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot, strategiesFolder: folder } = context;
  const read: Read = (id) => loadResult(id, { folder, storeRoot });
  const stored = openResultStore(storeRoot, { keepsList: true });

  server.get<{ Querystring: ResultsQuery }>(
    '/api/results',
    {
      schema: {
        summary: 'Stored results, newest first',
        querystring: ResultsQuery,
        response: { 200: ResultsAnswer },
      },
    },
    ({ query: { offset = 0, limit = 100, strategy } }) => {
      const all = stored.list().filter(({ head }) => strategy === undefined || head?.summary['strategy'] === strategy);
      return { total: all.length, offset, results: all.slice(offset, offset + limit).map(listed) };
    },
  );

  server.get<{ Querystring: CompareQuery }>(
    '/api/results/compare',
    {
      schema: {
        summary: 'Two results side by side: differing settings, best rows, agreement of their orders',
        querystring: CompareQuery,
        response: { 200: ComparisonAnswer },
      },
    },
    async ({ query, user }, reply) => {
      const [a, b] = query.ids.split(',').map((id) => read(id).id);
      const task = { kind: 'compare', a: a!, b: b!, rowsMax: query.rows ?? 10 } as const;
      const seconds = context.settings.syncDeadlineSeconds;
      return (await answerWhileWaiting({ task, user, seconds, reply }, context))?.comparison ?? reply;
    },
  );

  server.get<{ Params: ResultParams }>(
    '/api/results/:id',
    { schema: { summary: 'One result with its ranked rows', params: ResultParams, response: { 200: ResultAnswer } } },
    ({ params }) => {
      const { id, record } = read(params.id);
      return { resultId: id, record: { ...record, heatmap: undefined } };
    },
  );

  server.delete<{ Params: ResultParams }>(
    '/api/results/:id',
    { schema: { summary: 'Delete a result', params: ResultParams, response: { 200: DeletedAnswer } } },
    ({ params }) => ({ deleted: removeResults([params.id], storeRoot) }),
  );

  server.get<{ Params: ResultParams }>(
    '/api/results/:id/report',
    { schema: { summary: 'The HTML report', params: ResultParams, produces: ['text/html'] } },
    async ({ params, user }, reply) => {
      const task = { kind: 'report', resultId: read(params.id).id } as const;
      const seconds = context.settings.syncDeadlineSeconds;
      const answer = await answerWhileWaiting({ task, user, seconds, reply }, context);
      if (answer === undefined) return reply;
      return reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(answer.html);
    },
  );

  rowRoutes(server, context, read);
}

function rowRoutes(server: FastifyInstance, context: RouteContext, read: Read): void {
  server.get<{ Params: ResultParams; Querystring: RowsQuery }>(
    '/api/results/:id/rows',
    {
      schema: {
        summary: 'Ranked rows: filtered, sorted, paged, exported',
        params: ResultParams,
        querystring: RowsQuery,
        response: { 200: RowsAnswer },
      },
    },
    async ({ params, query }, reply) => {
      const { id, record } = read(params.id);
      const { format = 'json' } = query;
      const { total, offset, rows } = pageOfRows(listedRows(record, query.cell), query);
      if (format === 'json') return { resultId: id, total, offset, rows: rows.map(({ json }) => json) };
      const records = rows.map(({ flat }) => flat());
      const pieces: Uint8Array[] = [];
      for await (const piece of encodeRows([records], columnsOf(records), format)) pieces.push(piece);
      return sendFile(reply, id, format, Buffer.concat(pieces));
    },
  );

  server.get<{ Params: RowParams; Querystring: RowQuery }>(
    '/api/results/:id/rows/:rank',
    {
      schema: {
        summary: 'A ranked row run again: trades, equity, candles',
        params: RowParams,
        querystring: RowQuery,
        response: { 200: RowAnswer },
      },
    },
    async ({ params, query, user }, reply) => {
      const of = { resultId: read(params.id).id, rank: params.rank, cell: query.cell };
      return (await answerRow(of, query, { user, reply }, context)) ?? reply;
    },
  );

  for (const table of ['trades', 'equity'] as const) {
    server.get<{ Params: RowParams; Querystring: TableQuery }>(
      `/api/results/:id/rows/:rank/${table}`,
      {
        schema: {
          summary: table === 'trades' ? 'The trades of a ranked row' : 'The equity of a ranked row at each close',
          params: RowParams,
          querystring: TableQuery,
        },
      },
      async ({ params, query, user }, reply) => {
        const { id: resultId } = read(params.id);
        const of = { resultId, rank: params.rank, cell: query.cell };
        const file = { table, name: `${resultId}-${params.rank}` };
        return answerTable(of, file, query, { user, reply }, context);
      },
    );
  }
}

const listed = ({ id, bytes, head, damage }: ResultStoreEntry): object =>
  head === undefined
    ? { id, bytes, damage: damage && outside(damage) }
    : { id, bytes, createdAt: new Date(head.createdAt).toISOString(), ...head.summary };
