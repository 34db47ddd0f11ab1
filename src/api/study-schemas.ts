// The shapes of requests about studies.
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../core/limits.ts';
import { MODES } from '../optimise/study.ts';
import { ACROSS } from '../sweep/many-across.ts';
import { HTTP_LIMITS } from './limits.ts';
import { AXIS, BacktestBody, JobBody, NAME } from './schemas.ts';

const object = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });
const optional = Type.Optional;
const oneOf = <T extends string>(values: readonly T[]) => Type.Unsafe<T>({ type: 'string', enum: [...values] });

// As of a back-test, and a star for whatever stands there, as in "binance/*/1h".
const MARKET = '^[A-Za-z0-9*][A-Za-z0-9._*-]{0,63}/[A-Za-z0-9*][A-Za-z0-9._*-]{0,63}(/[1-9][0-9]{0,3}[smhdw])?$';
const Market = Type.String({ pattern: MARKET, maxLength: 140 });
const Objective = Type.String({ minLength: 1, maxLength: LIMITS.objectiveCharsMax });
const Name = Type.String({ pattern: NAME });
const Parameters = Type.Record(Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9_.]{0,63}$' }), AXIS, { maxProperties: 64 });

const { strategy, timeframe, from, to, coldStart, risk, execution, where, seed, top, save } = BacktestBody.properties;
const { maxThreads, memoryBytes } = BacktestBody.properties;
const { deadlineSeconds, idempotencyKey, priority, budget } = JobBody.properties;

/** What says how a study runs and where its result goes, never what it finds: it may change when a study is resumed. */
const host = {
  ...{ top, save, maxThreads, memoryBytes, deadlineSeconds, idempotencyKey, priority, budget },
  searchSeconds: optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: LIMITS.jobDeadlineMsMax / 1000,
      description: 'The search ends then, and the job is done with what it has found.',
    }),
  ),
};

export const StudyBody = object({
  strategy,
  data: Type.Union([Market, Type.Array(Market, { minItems: 1, maxItems: LIMITS.cellsMax })], {
    description: 'Stored candles, one or several; `binance/*/1h` for all that fit.',
  }),
  ...{ timeframe, from, to, coldStart },
  days: optional(
    Type.Number({ exclusiveMinimum: 0, description: 'The last so many days of the candles, or before `to`.' }),
  ),
  holdout: optional(
    Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'Share kept from the search, at the end.' }),
  ),
  parameters: optional(Parameters),
  risk,
  execution,
  mode: optional(oneOf(MODES)),
  iterations: optional(Type.Integer({ minimum: 1, maximum: LIMITS.studyTrialsMax, description: 'Trials at most.' })),
  rank: optional(Type.String({ maxLength: 256, description: 'A metric, or several separated by commas.' })),
  objectives: optional(
    Type.Union([Objective, Type.Array(Objective, { minItems: 1, maxItems: LIMITS.objectivesMax })], {
      description: 'Instead of `rank`: "sharpe - 0.5*maxDrawdown", to be large; several for a Pareto front.',
    }),
  ),
  where,
  across: optional(oneOf(ACROSS)),
  seed,
  lag: optional(Type.Integer({ minimum: 1, maximum: LIMITS.studyLagMax })),
  patience: optional(Type.Integer({ minimum: 1 })),
  target: optional(Type.Number()),
  around: optional(Type.String({ pattern: NAME, description: 'Mode refine: begin at the best of this study.' })),
  anchors: optional(Type.Integer({ minimum: 1, maximum: 100, description: 'At so many of them; default 8.' })),
  // A route of its own has the one name that is left out.
  name: optional(
    Type.String({
      pattern: `^(?!compare$)${NAME.slice(1)}`,
      description: 'The same request under it goes on; made from the request by default.',
    }),
  ),
  ...host,
});
export type StudyBody = Static<typeof StudyBody>;

export const ResumeBody = object(host);
export type ResumeBody = Static<typeof ResumeBody>;

export const StudyParams = object({ name: Name });
export type StudyParams = Static<typeof StudyParams>;

const page = {
  offset: optional(Type.Integer({ minimum: 0 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: HTTP_LIMITS.pageRowsMax })),
};
export const StudyPageQuery = object(page);
export type StudyPageQuery = Static<typeof StudyPageQuery>;

export const CompareQuery = object({
  names: Type.String({
    pattern: `${NAME.slice(0, -1)},${NAME.slice(1)}`,
    description: 'Two names, separated by a comma.',
  }),
});
export type CompareQuery = Static<typeof CompareQuery>;
