// Studies of the optimiser: begun and taken up as jobs, listed, shown with their ranking, compared, deleted.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JobDesk } from '../../compute/job-desk.ts';
import { isAppError } from '../../core/errors.ts';
import { loadResult } from '../../runs/saved-results.ts';
import { bodyOf, differencesOf, findStudy, type StudyState, stateOf } from '../../runs/study-files.ts';
import { openStudyStore, type StoredStudy } from '../../store/study-store.ts';
import { JobAnswer } from '../answer-schemas.ts';
import { DeletedAnswer, StudiesAnswer, StudyAnswer, StudyComparison } from '../catalog-schemas.ts';
import { jobView } from '../job-view.ts';
import { outside } from '../problem.ts';
import { JobHeaders, Problem } from '../schemas.ts';
import type { studySubmission } from '../study-request.ts';
import { CompareQuery, ResumeBody, StudyBody, StudyPageQuery, StudyParams } from '../study-schemas.ts';
import type { RouteContext } from '../surroundings.ts';

const ERRORS = { '4xx': Problem, '5xx': Problem };

export function studyRoutes(server: FastifyInstance, context: RouteContext): void {
  const { storeRoot, desk } = context;
  if (desk !== undefined) submitRoutes(server, context, desk);
  server.get<{ Querystring: StudyPageQuery }>(
    '/api/studies',
    {
      schema: {
        summary: 'Stored studies, newest first',
        querystring: StudyPageQuery,
        response: { 200: StudiesAnswer, ...ERRORS },
      },
    },
    ({ query: { offset = 0, limit = 100 } }) => {
      const all = openStudyStore(storeRoot).list();
      const studies = all.slice(offset, offset + limit).map(({ name, study, damage }) => ({
        name,
        damage: damage && outside(damage),
        ...(study && { createdAt: iso(study.createdAt), ...study.summary, state: study.state?.summary ?? null }),
      }));
      return { total: all.length, offset, studies };
    },
  );
  server.get<{ Querystring: CompareQuery }>(
    '/api/studies/compare',
    {
      schema: {
        summary: 'Two studies side by side, and what differs',
        querystring: CompareQuery,
        response: { 200: StudyComparison, ...ERRORS },
      },
    },
    ({ query }) => {
      const [one, other] = query.names.split(',').map((name) => findStudy(name, storeRoot)) as [
        StoredStudy,
        StoredStudy,
      ];
      const [a, b] = [stateOf(one) ?? null, stateOf(other) ?? null];
      const sameHash = a !== null && b !== null && a.studyHash === b.studyHash;
      return { sameHash, differences: differencesOf(bodyOf(one), bodyOf(other)), a, b };
    },
  );
  server.get<{ Params: StudyParams; Querystring: StudyPageQuery }>(
    '/api/studies/:name',
    {
      schema: {
        summary: 'One study: what was asked, how far it came, and a page of its ranking',
        params: StudyParams,
        querystring: StudyPageQuery,
        response: { 200: StudyAnswer, ...ERRORS },
      },
    },
    ({ params, query: { offset = 0, limit = 100 } }) => {
      const study = findStudy(params.name, storeRoot);
      const { engineVersion, identity, request } = bodyOf(study);
      const state = stateOf(study);
      const rows = state === undefined ? [] : rankingOf(state, context);
      return {
        ...{ name: study.name, createdAt: iso(study.createdAt), ...study.summary, engineVersion, identity, request },
        state: state ?? null,
        ranking: { total: rows.length, offset, rows: rows.slice(offset, offset + limit) },
      };
    },
  );
  server.delete<{ Params: StudyParams }>(
    '/api/studies/:name',
    {
      schema: {
        summary: 'Delete a study with its trials; results that it left stay',
        params: StudyParams,
        response: { 200: DeletedAnswer, ...ERRORS },
      },
    },
    ({ params }) => {
      findStudy(params.name, storeRoot);
      openStudyStore(storeRoot).remove(params.name);
      return { deleted: [params.name] };
    },
  );
}

/** What a request that submits a study brings besides the study. */
type StudyOrder = Pick<FastifyRequest, 'user' | 'log'> & { readonly headers: JobHeaders };

function submitRoutes(server: FastifyInstance, { storeRoot, clock }: RouteContext, desk: JobDesk): void {
  const submit = async (given: Parameters<typeof studySubmission>[2], { user, headers, log }: StudyOrder) => {
    // The engine comes with it: loaded with the first study.
    const { studySubmission } = await import('../study-request.ts');
    const submission = studySubmission(desk.newId(), user, given, headers['idempotency-key']);
    const { job, isNew } = await desk.store.submit(submission, clock.wallMs());
    log.info({ jobId: job.id, user, isNew }, 'job submitted');
    desk.wake();
    return jobView(job);
  };
  const response = { 202: JobAnswer, ...ERRORS };
  server.post<{ Body: StudyBody; Headers: JobHeaders }>(
    '/api/studies',
    { schema: { summary: 'Begin a study as a job', body: StudyBody, headers: JobHeaders, response } },
    async (request, reply) => {
      const job = await submit(request.body, request);
      return reply.status(202).header('location', `/api/jobs/${job.id}`).send(job);
    },
  );
  server.post<{ Params: StudyParams; Body: ResumeBody; Headers: JobHeaders }>(
    '/api/studies/:name/resume',
    {
      schema: {
        summary: 'Go on with a study as it was begun, as a job',
        ...{ params: StudyParams, body: ResumeBody, headers: JobHeaders, response },
      },
    },
    async (request, reply) => {
      const { name } = findStudy(request.params.name, storeRoot);
      const job = await submit({ ...request.body, resume: name }, request);
      return reply.status(202).header('location', `/api/jobs/${job.id}`).send(job);
    },
  );
}

/** The rows of the stored result with what they came to; where there is none, the few that the study itself keeps. */
function rankingOf(state: StudyState, { strategiesFolder: folder, storeRoot }: RouteContext): readonly object[] {
  const { rows, holdout } = state.study;
  const withValues = (row: object, at: number) => ({
    ...row,
    trial: rows[at]?.trial ?? null,
    values: rows[at]?.values ?? [],
    holdout: holdout?.rows[at] ?? null,
  });
  try {
    if (state.resultId !== null) {
      const { top } = loadResult(state.resultId, { folder, storeRoot }).record;
      return (top as readonly object[]).map(withValues);
    }
  } catch (error) {
    // The result may have been deleted since.
    if (!isAppError(error, 'RESULT_NOT_FOUND')) throw error;
  }
  return state.top.map(({ variantKey }, at) => withValues({ rank: at + 1, variantKey }, at));
}

const iso = (ms: number): string => new Date(ms).toISOString();
