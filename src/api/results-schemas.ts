// The shapes of requests for stored results, their rows, comparisons and named variants.
import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../core/limits.ts';
import { HTTP_LIMITS } from './limits.ts';
import { NAME } from './schemas.ts';

const object = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** An id of a result, or its beginning, or `latest`. */
const RESULT_ID = '([0-9a-f]{4,16}|latest)';
const ResultId = Type.String({ pattern: `^${RESULT_ID}$` });
const Rank = Type.Integer({ minimum: 1, maximum: LIMITS.topMax });
const Cell = Type.Integer({
  minimum: 1,
  maximum: LIMITS.cellsMax,
  description: 'Of a result over many markets and windows: one of its cells.',
});

export const ResultParams = object({ id: ResultId });
export type ResultParams = Static<typeof ResultParams>;
export const RowParams = object({ id: ResultId, rank: Rank });
export type RowParams = Static<typeof RowParams>;

const page = {
  offset: optional(Type.Integer({ minimum: 0 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: HTTP_LIMITS.pageRowsMax })),
};
export const ResultsQuery = object({ ...page, strategy: optional(Type.String({ maxLength: 64 })) });
export type ResultsQuery = Static<typeof ResultsQuery>;
export const VariantsQuery = object(page);
export type VariantsQuery = Static<typeof VariantsQuery>;

const Format = Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('parquet')], {
  description: 'json: a page; csv and parquet: a file, of all unless a limit is given.',
});

export const RowsQuery = object({
  offset: page.offset,
  limit: optional(Type.Integer({ minimum: 1, maximum: LIMITS.topMax })),
  sort: optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Metrics, parameters, barriers or "rank", separated by commas; "-" before one: descending.',
    }),
  ),
  where: optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'Conditions on the same names: "trades>=30, maxDrawdown<=30%, fast=10".',
    }),
  ),
  cell: optional(Cell),
  format: optional(Format),
});
export type RowsQuery = Static<typeof RowsQuery>;

const part = {
  equity: optional(Type.Boolean()),
  candlesFrom: optional(
    Type.Integer({ minimum: 0, maximum: LIMITS.barsMax, description: 'First bar of the candles to answer with.' }),
  ),
  candlesCount: optional(Type.Integer({ minimum: 1, maximum: HTTP_LIMITS.candlesMax })),
  trade: optional(
    Type.Integer({ minimum: 1, maximum: LIMITS.barsMax, description: 'Candles around this trade, counted from 1.' }),
  ),
  margin: optional(
    Type.Integer({ minimum: 0, maximum: HTTP_LIMITS.candlesMax, description: 'Bars before and after it; default 50.' }),
  ),
};
export const RowQuery = object({ cell: optional(Cell), ...part });
export type RowQuery = Static<typeof RowQuery>;

const table = {
  format: optional(Format),
  offset: page.offset,
  limit: optional(Type.Integer({ minimum: 1, maximum: HTTP_LIMITS.candlesMax })),
};
export const TableQuery = object({ cell: optional(Cell), ...table });
export type TableQuery = Static<typeof TableQuery>;

export const CompareQuery = object({
  ids: Type.String({
    pattern: `^${RESULT_ID},${RESULT_ID}$`,
    description: 'Two results, separated by a comma.',
  }),
  rows: optional(Type.Integer({ minimum: 0, maximum: LIMITS.comparedRowsMax, description: 'Best rows of each; 10.' })),
});
export type CompareQuery = Static<typeof CompareQuery>;

export const VariantParams = object({ name: Type.String({ pattern: NAME }) });
export type VariantParams = Static<typeof VariantParams>;

export const VariantBody = object({
  resultId: ResultId,
  rank: optional(Rank),
  cell: optional(Cell),
  note: optional(Type.String({ maxLength: LIMITS.variantNoteMax })),
  replace: optional(Type.Boolean({ description: 'Whether another variant of that name may go; default false.' })),
});
export type VariantBody = Static<typeof VariantBody>;

const candles = optional(
  Type.Union([Type.Literal('recorded'), Type.Literal('current')], {
    description: 'Those it was scored on, or those that there are now.',
  }),
);
export const VariantRunQuery = object({ candles, ...part });
export type VariantRunQuery = Static<typeof VariantRunQuery>;
export const VariantTableQuery = object({ candles, ...table });
export type VariantTableQuery = Static<typeof VariantTableQuery>;
