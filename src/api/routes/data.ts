// Stored candles: checked, removed, imported from an upload, downloaded from a known exchange.
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../core/errors.ts';
import { parsePolicies } from '../../runs/candle-source.ts';
import { removeStored } from '../../runs/stored-candles.ts';
import { receiveUpload, removeAbandonedUploads } from '../../store/upload-file.ts';
import { CheckAnswer, FetchAnswer, ImportAnswer, RemovedAnswer } from '../catalog-schemas.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { DataKeyParams, FetchBody, ImportQuery } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';
import { answerWhileWaiting } from '../waiting-client.ts';

const UPLOAD_TYPE = 'application/octet-stream';

export function dataRoutes(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot, clock, settings } = context;
  const seconds = settings.syncDeadlineSeconds;
  removeAbandonedUploads(storeRoot, clock.wallMs());

  server.get<{ Params: DataKeyParams }>(
    '/api/data/:exchange/:symbol/:timeframe/check',
    {
      schema: {
        summary: 'Checksums, content hash and defects of stored candles',
        params: DataKeyParams,
        response: { 200: CheckAnswer },
      },
    },
    async ({ params: { exchange, symbol, timeframe }, user }, reply) => {
      const task = { kind: 'check', key: `${exchange}/${symbol}/${timeframe}` } as const;
      return (await answerWhileWaiting({ task, user, seconds, reply }, context))?.checked ?? reply;
    },
  );

  server.delete<{ Params: DataKeyParams }>(
    '/api/data/:exchange/:symbol/:timeframe',
    { schema: { summary: 'Remove stored candles', params: DataKeyParams, response: { 200: RemovedAnswer } } },
    ({ params: { exchange, symbol, timeframe }, log, user }) => {
      const removed = removeStored([`${exchange}/${symbol}/${timeframe}`], storeRoot);
      log.info({ removed, user }, 'candles removed');
      return { removed };
    },
  );

  server.post<{ Body: FetchBody }>(
    '/api/data/fetch',
    { schema: { summary: 'Download candles of a known exchange', body: FetchBody, response: { 200: FetchAnswer } } },
    async ({ body, user }, reply) => {
      const task = { kind: 'fetch', market: 'spot', ...body } as const;
      return (await answerWhileWaiting({ task, user, seconds, reply }, context))?.fetched ?? reply;
    },
  );

  server.register(async (uploads) => uploadRoute(uploads, context));
}

/** Bodies of this one route are streams, and not JSON. */
function uploadRoute(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot: root, settings } = context;
  let receiving = 0;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(UPLOAD_TYPE, async (_: unknown, content: Readable) => content);
  server.post<{ Querystring: ImportQuery }>(
    '/api/data/import',
    {
      // The stream is counted as it is written: nothing of it is kept in memory.
      bodyLimit: HTTP_LIMITS.uploadBytesMax,
      schema: {
        summary: 'Import a candle file: CSV, freqtrade JSON, Parquet, Arrow or Feather, packed or not',
        consumes: [UPLOAD_TYPE],
        querystring: ImportQuery,
        response: { 200: ImportAnswer },
      },
    },
    async ({ body, query, user, id }, reply) => {
      if (body === undefined) throw noUpload();
      if (receiving >= HTTP_LIMITS.uploadsMax) throw tooManyUploads(receiving);
      receiving++;
      const { name, exchange, symbol, timeframe, gaps, append = false, replace = false } = query;
      const place = { root, id, name, bytesMax: HTTP_LIMITS.uploadBytesMax };
      const upload = await receiveUpload(place, body as Readable).finally(() => receiving--);
      try {
        const files = [upload.path];
        const policies = parsePolicies({}, gaps);
        const selection = { files, exchange, symbol, timeframe, policies, append, replace };
        const seconds = settings.syncDeadlineSeconds;
        const task = { kind: 'import', selection } as const;
        const answer = await answerWhileWaiting({ task, user, seconds, reply }, context);
        return answer === undefined ? reply : { imported: answer.imported };
      } finally {
        upload.remove();
      }
    },
  );
}

const noUpload = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'An import needs the bytes of a file.',
    found: 'no body.',
    todo: `Send the file with "content-type: ${UPLOAD_TYPE}".`,
  });

const tooManyUploads = (count: number): AppError =>
  new AppError('BUSY', { found: `${count} uploads already.`, todo: 'Try again later.' });
