// Stored studies of the optimiser: the list, and how far one came.
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { bodyOf, findStudy, stateOf } from '../../runs/study-files.ts';
import { openStudyStore } from '../../store/study-store.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { AnyJson, NAME, Problem } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';

const StudyParams = Type.Object({ name: Type.String({ pattern: NAME }) }, { additionalProperties: false });
const StudiesQuery = Type.Object(
  {
    offset: Type.Optional(Type.Integer({ minimum: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: HTTP_LIMITS.pageRowsMax })),
  },
  { additionalProperties: false },
);

export function studyRoutes(server: FastifyInstance, { storeRoot }: RouteContext): void {
  const response = { 200: AnyJson, '4xx': Problem };
  server.get<{ Querystring: Static<typeof StudiesQuery> }>(
    '/api/studies',
    { schema: { summary: 'Stored studies, newest first', querystring: StudiesQuery, response } },
    ({ query: { offset = 0, limit = 100 } }) => {
      const all = openStudyStore(storeRoot).list();
      const studies = all.slice(offset, offset + limit).map(({ name, study, damage }) => ({
        name,
        damage,
        ...(study && { createdAt: iso(study.createdAt), ...study.summary, state: study.state?.summary ?? null }),
      }));
      return { total: all.length, offset, studies };
    },
  );
  server.get<{ Params: Static<typeof StudyParams> }>(
    '/api/studies/:name',
    { schema: { summary: 'One study: what was asked, and how far it came', params: StudyParams, response } },
    ({ params }) => {
      const study = findStudy(params.name, storeRoot);
      const { engineVersion, request } = bodyOf(study);
      const { name, createdAt, summary } = study;
      return { name, createdAt: iso(createdAt), ...summary, engineVersion, request, state: stateOf(study) ?? null };
    },
  );
}

const iso = (ms: number): string => new Date(ms).toISOString();
