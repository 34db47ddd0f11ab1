// Studies of the optimiser: begun and taken up as jobs, shown, compared, deleted.
import type { JobAnswer } from '../api/answer-schemas.ts';
import type { DeletedAnswer, StudiesAnswer, StudyAnswer, StudyComparison } from '../api/catalog-schemas.ts';
import type { ResumeBody, StudyBody } from '../api/study-schemas.ts';
import type { CallOptions, Transport } from './transport.ts';

interface Page {
  readonly offset?: number;
  readonly limit?: number;
}

export interface StudyCalls {
  /** The job that runs it: followed, cancelled, tried again and asked for its result as any other. */
  submit(body: StudyBody, call?: CallOptions): Promise<JobAnswer>;
  /** Goes on with a stored one as it was begun. */
  resume(name: string, body?: ResumeBody, call?: CallOptions): Promise<JobAnswer>;
  list(query?: Page, call?: CallOptions): Promise<StudiesAnswer>;
  /** With a page of its ranking. */
  get(name: string, query?: Page, call?: CallOptions): Promise<StudyAnswer>;
  compare(a: string, b: string, call?: CallOptions): Promise<StudyComparison>;
  delete(name: string, call?: CallOptions): Promise<DeletedAnswer>;
}

export function studyCalls({ json }: Transport): StudyCalls {
  const path = (name: string, rest = ''): string => `/api/studies/${encodeURIComponent(name)}${rest}`;
  const post = (target: string, body: ResumeBody, call?: CallOptions): Promise<JobAnswer> =>
    json(target, { ...call, method: 'POST', body, isRepeatable: body.idempotencyKey !== undefined });
  return {
    submit: (body, call) => post('/api/studies', body, call),
    resume: (name, body = {}, call) => post(path(name, '/resume'), body, call),
    list: (query, call) => json('/api/studies', { ...call, query: { ...query } }),
    get: (name, query, call) => json(path(name), { ...call, query: { ...query } }),
    compare: (a, b, call) => json('/api/studies/compare', { ...call, query: { names: `${a},${b}` } }),
    delete: (name, call) => json(path(name), { ...call, method: 'DELETE' }),
  };
}
