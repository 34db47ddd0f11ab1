// Ranked rows kept under names: saved, listed, shown, run again, removed.
import type { FastifyInstance } from 'fastify';
import { VariantBody, VariantParams, VariantRunQuery, VariantsQuery, VariantTableQuery } from '../results-schemas.ts';
import { AnyJson } from '../schemas.ts';
import { answerRow, answerTable } from '../stored-rows.ts';
import type { RouteContext } from '../surroundings.ts';

/** The engine comes with it: loaded with the first request. */
const variants = () => import('../../runs/named-variants.ts');

export function variantRoutes(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot, strategiesFolder: folder, clock } = context;
  const response = { 200: AnyJson };
  const one = (summary: string) => ({ schema: { summary, params: VariantParams, response } });

  server.get<{ Querystring: VariantsQuery }>(
    '/api/variants',
    { schema: { summary: 'Named variants, newest first', querystring: VariantsQuery, response } },
    async ({ query: { offset = 0, limit = 100 } }) => (await variants()).listVariants(storeRoot, { offset, limit }),
  );
  server.put<{ Params: VariantParams; Body: VariantBody }>(
    '/api/variants/:name',
    {
      schema: {
        summary: 'Keep a ranked row under a name, with everything it takes to run it again',
        params: VariantParams,
        body: VariantBody,
        response: { ...response, 201: AnyJson },
      },
    },
    async ({ params: { name }, body: { resultId: result, rank = 1, cell, note, replace = false } }, reply) => {
      const order = { name, result, rank, cell, note, replace };
      const { variant, isNew } = (await variants()).saveVariant(order, { folder, storeRoot, clock });
      return reply.status(isNew ? 201 : 200).send(variant);
    },
  );
  server.get<{ Params: VariantParams }>('/api/variants/:name', one('One named variant'), async ({ params }) =>
    (await variants()).findVariant(params.name, storeRoot),
  );
  server.delete<{ Params: VariantParams }>(
    '/api/variants/:name',
    one('Remove a named variant'),
    async ({ params }) => ({
      removed: (await variants()).removeVariants([params.name], storeRoot),
    }),
  );

  const rowOf = (variant: string, candles: VariantRunQuery['candles']) => ({
    variant,
    isCurrent: candles === 'current',
  });
  server.get<{ Params: VariantParams; Querystring: VariantRunQuery }>(
    '/api/variants/:name/run',
    {
      schema: {
        summary: 'A named variant run again: trades, equity, candles',
        params: VariantParams,
        querystring: VariantRunQuery,
        response,
      },
    },
    async ({ params, query, user }, reply) =>
      (await answerRow(rowOf(params.name, query.candles), query, { user, reply }, context)) ?? reply,
  );
  for (const table of ['trades', 'equity'] as const) {
    server.get<{ Params: VariantParams; Querystring: VariantTableQuery }>(
      `/api/variants/:name/${table}`,
      {
        schema: {
          summary: table === 'trades' ? 'The trades of a named variant' : 'The equity of a named variant at each close',
          params: VariantParams,
          querystring: VariantTableQuery,
        },
      },
      async ({ params, query, user }, reply) =>
        answerTable(rowOf(params.name, query.candles), { table, name: params.name }, query, { user, reply }, context),
    );
  }
}
