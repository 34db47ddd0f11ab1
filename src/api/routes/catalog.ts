// What can be asked for: strategies, profiles, metrics and stored candles; and strategies taken in, where that is allowed.
import type { FastifyInstance } from 'fastify';
import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';
import { AppError } from '../../core/errors.ts';
import { keyText } from '../../market/candle-key.ts';
import { METRIC_NAMES, METRICS } from '../../metrics/metrics.ts';
import { openCandleStore } from '../../store/candle-store.ts';
import { listStrategyFiles, putStrategyFile } from '../../store/strategy-folder.ts';
import { BUILT_IN_STRATEGIES } from '../../strategy/builtin/index.ts';
import {
  DataAnswer,
  MetricsAnswer,
  ProfilesAnswer,
  StoredStrategyFile,
  StrategiesAnswer,
  StrategyAnswer,
} from '../catalog-schemas.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { NAME, Problem } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';
import { answerWhileWaiting } from '../waiting-client.ts';

const ERRORS = { '4xx': Problem, '5xx': Problem };
const StrategyParams = Type.Object({ name: Type.String({ pattern: NAME }) }, { additionalProperties: false });
type StrategyParams = Static<typeof StrategyParams>;

export function catalogRoutes(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot, strategiesFolder, settings } = context;
  const list = (summary: string, answer: TSchema) => ({ schema: { summary, response: { 200: answer, ...ERRORS } } });
  server.get(
    '/api/strategies',
    list('Strategies: those built in, and the files of the strategies folder', StrategiesAnswer),
    async () => [
      ...(await builtIn()),
      ...listStrategyFiles(strategiesFolder).map(({ name, bytes, changedAtMs }) => ({
        name,
        source: 'file',
        bytes,
        changedAt: new Date(changedAtMs).toISOString(),
      })),
    ],
  );
  server.get<{ Params: StrategyParams }>(
    '/api/strategies/:name',
    {
      schema: {
        summary: 'One strategy: kind, parameters, search space, profiles',
        params: StrategyParams,
        response: { 200: StrategyAnswer, ...ERRORS },
      },
    },
    async ({ params: { name }, user }, reply) => {
      const known = (await builtIn()).find((strategy) => strategy.name === name);
      if (known !== undefined) return known;
      // Its code is loaded to be asked, in a thread like any other.
      const task = { kind: 'describe', strategy: name } as const;
      const seconds = settings.syncDeadlineSeconds;
      const answer = await answerWhileWaiting({ task, user, seconds, reply }, context);
      return answer === undefined ? reply : { ...answer.facts, name, source: 'file', strategy: answer.facts.name };
    },
  );
  server.register(async (uploads) => uploadRoute(uploads, context));
  server.get(
    '/api/profiles',
    list('Execution profiles: what they assume, run and refuse', ProfilesAnswer),
    async () => {
      const { profileSupport } = await import('../../runs/profile-support.ts');
      return profileSupport();
    },
  );
  server.get('/api/metrics', list('Metrics by which results can be ranked', MetricsAnswer), () =>
    METRIC_NAMES.map((name) => ({ ...METRICS[name], name })),
  );
  server.get('/api/data', list('Stored candles', DataAnswer), () =>
    openCandleStore(storeRoot)
      .list()
      .map(({ key, bytes, header }) => ({ key: keyText(key), bytes, ...header })),
  );
}

/** The engine knows what each can do: it is loaded with the first request. */
async function builtIn() {
  const { strategyFacts } = await import('../../runs/strategy-facts.ts');
  return Object.values(BUILT_IN_STRATEGIES).map((strategy) => ({
    source: 'built-in',
    ...strategyFacts({ strategy, strategyHash: 'built-in' }),
  }));
}

const UPLOAD_TYPE = 'application/octet-stream';

const UploadQuery = Type.Object(
  {
    name: Type.String({ pattern: NAME, description: 'Name of the file, with its ending.' }),
    replace: Type.Optional(Type.Boolean({ description: 'Replace a file of this name.' })),
  },
  { additionalProperties: false },
);

/** Strategies are code that this machine runs: they are taken only where that was switched on, and from known users. */
function uploadRoute(server: FastifyInstance, { strategiesFolder: folder, takesStrategies }: RouteContext): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(UPLOAD_TYPE, { parseAs: 'buffer' }, async (_: unknown, content: Buffer) => content);
  server.post<{ Querystring: Static<typeof UploadQuery>; Body: Buffer | undefined }>(
    '/api/strategies',
    {
      bodyLimit: HTTP_LIMITS.strategyBytesMax,
      // Whoever may not send one is told so before a byte of it is read.
      onRequest: async () => {
        if (!takesStrategies) throw takesNone();
      },
      schema: {
        summary: 'Put a strategy file into the strategies folder; off unless strategies.uploads is set',
        consumes: [UPLOAD_TYPE],
        querystring: UploadQuery,
        response: { 201: StoredStrategyFile, ...ERRORS },
      },
    },
    async ({ body, query: { name, replace = false }, id }, reply) => {
      const content = checkedText(body);
      const { replaced } = putStrategyFile({ folder, name, content, replace, id });
      return reply
        .status(201)
        .header('location', `/api/strategies/${name}`)
        .send({ name, bytes: content.byteLength, replaced });
    },
  );
}

/** Errors: REQUEST_INVALID for what is no text. */
function checkedText(content: Buffer | undefined): Uint8Array {
  const refuse = (found: string): never => {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A strategy file is a text in UTF-8.',
      found,
      todo: `Send the file itself with "content-type: ${UPLOAD_TYPE}".`,
    });
  };
  if (content === undefined || content.byteLength === 0) return refuse('no body.');
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return refuse('bytes that are no UTF-8.');
  }
  return content.includes(0) ? refuse('a byte of zero.') : content;
}

const takesNone = (): AppError =>
  new AppError('STRATEGY_FORBIDDEN', {
    rule: 'Strategies are code, and are taken over HTTP only where that was switched on.',
    found: 'a service that takes none.',
    todo: 'Put the file into its strategies folder, or set strategies.uploads together with GRIDMILL_TOKEN.',
  });
