// What is kept between requests: lists of configurations run in warm workers, their state, fresh candles, memory given back.
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ConfigurationResult, ConfigurationsHead, runConfigurations } from '../configuration-run.ts';
import { onLeave } from '../leaving-client.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { problemOf } from '../problem.ts';
import { Problem } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';
import { TurboBody, TurboQuery } from '../turbo-schemas.ts';
import { CollectAnswer, PoolAnswer, RefreshAnswer, TurboAnswer } from '../warm-schemas.ts';

export function warmRoutes(server: FastifyInstance, context: RouteContext): void {
  const errors = { '4xx': Problem, '5xx': Problem };
  const { warm } = context;
  server.post<{ Body: TurboBody; Querystring: TurboQuery }>(
    '/backtesting/batch-run-turbo',
    {
      bodyLimit: HTTP_LIMITS.configurationsBytesMax,
      config: { entriesMax: HTTP_LIMITS.configurationsMax },
      schema: {
        summary: 'Run a list of configurations in warm workers',
        body: TurboBody,
        querystring: TurboQuery,
        response: { 200: TurboAnswer, ...errors },
      },
    },
    async (request, reply) => {
      const { body, user, query, headers } = request;
      const isStream = query.stream ?? headers.accept?.includes('application/x-ndjson') === true;
      const { tellOfLeave, leave } = leaving();
      const asked = { body, user, onLeave: tellOfLeave };
      const endWatch = onLeave(reply, leave);
      if (!isStream) return collected(asked, context).finally(endWatch);
      const lines = new Readable({
        read() {},
        destroy(error, done) {
          leave();
          done(error);
        },
      });
      await started(asked, lines, request.id, context);
      return reply.type('application/x-ndjson; charset=utf-8').send(lines);
    },
  );
  server.get(
    '/backtesting/pool/status',
    { schema: { summary: 'Workers and candles kept', response: { 200: PoolAnswer, ...errors } } },
    () => ({
      ...warm.workers.status(),
      mirror: warm.mirror.status(),
    }),
  );
  server.post(
    '/backtesting/pool/refresh-mirror',
    { schema: { summary: 'Read anew what the store has changed', response: { 200: RefreshAnswer, ...errors } } },
    () => warm.refresh(),
  );
  server.post(
    '/backtesting/gc',
    { schema: { summary: 'Give back memory that is not in use', response: { 200: CollectAnswer, ...errors } } },
    () => warm.collect(),
  );
}

type Asked = Parameters<typeof runConfigurations>[0];

/** What runs them is loaded with the first list. */
const runThem: typeof runConfigurations = async (...args) => {
  const { runConfigurations } = await import('../configuration-run.ts');
  return runConfigurations(...args);
};

/** Tells of a client that leaves also when it left before anybody listened. */
function leaving(): { readonly tellOfLeave: (listener: () => void) => void; readonly leave: () => void } {
  let tell: () => void = () => undefined;
  let hasLeft = false;
  return {
    tellOfLeave(listener) {
      tell = listener;
      if (hasLeft) listener();
    },
    leave() {
      hasLeft = true;
      tell();
    },
  };
}

async function collected(asked: Asked, context: RouteContext): Promise<object> {
  let head: ConfigurationsHead | undefined;
  const results: ConfigurationResult[] = [];
  const end = await runThem(
    asked,
    {
      onHead: (known) => {
        head = known;
      },
      onResult: (result) => void results.push(result),
    },
    context,
  );
  return { ...head, ...end, results };
}

/**
 * One JSON object a line: the head, a result for each configuration, the end. Resolves when the first line is there, so that
 * what cannot be begun is answered as an error. A reader that is slow finds at most the answer to its own list in memory.
 */
function started(asked: Asked, lines: Readable, requestId: string, context: RouteContext): Promise<void> {
  return new Promise((resolve, reject) => {
    let index = 0;
    const say = (line: object): void => void (lines.destroyed || lines.push(`${JSON.stringify(line)}\n`));
    const sink = {
      onHead: (head: ConfigurationsHead) => {
        say({ head });
        resolve();
      },
      onResult: (result: ConfigurationResult) => say({ index: index++, ...result }),
    };
    runThem(asked, sink, context)
      .then((end) => say({ end }))
      .catch((error: unknown) => {
        reject(error);
        say(problemOf(error, requestId).body);
      })
      .finally(() => void (lines.destroyed || lines.push(null)));
  });
}
