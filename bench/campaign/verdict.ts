// What must be true when all faults are over: every acknowledged job is done with the right hash, none is lost, none is there twice.
import type { Acknowledged, Clients, JobState } from './clients.ts';
import { pause } from './system.ts';

export interface Verdict {
  readonly jobs: number;
  readonly done: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** Jobs whose result is not that of the undisturbed sweep, and probes with another hash. */
  readonly wrong: readonly string[];
  /** Jobs that ended in another state than done, after the tries that a user has. */
  readonly notDone: readonly string[];
  /** Jobs that were parked after three lost attempts and tried again by their user. */
  readonly retried: number;
  /** Attempts of all jobs; those beyond the number of jobs were lost to faults. */
  readonly attempts: number;
}

interface ResultAnswer {
  readonly record: { readonly resultHash: string };
}

const RETRIES_MAX = 3;
const TOO_MANY = 429;

/** Call it when submissions have ended. */
export async function judge(clients: Clients, waitMs: number): Promise<Verdict> {
  const { acknowledged } = clients;
  const endMs = performance.now() + waitMs;
  const retries = new Map<string, number>();
  let jobs = await listed(clients);
  for (;;) {
    for (const { id, state } of jobs) {
      const tries = retries.get(id) ?? 0;
      if (state !== 'failed' || tries >= RETRIES_MAX) continue;
      retries.set(id, tries + 1);
      await clients.post(`/api/jobs/${id}/retry`);
    }
    if (jobs.every(({ state }) => state !== 'queued' && state !== 'running' && state !== 'failed')) break;
    if (performance.now() > endMs) break;
    await pause(500);
    jobs = await listed(clients);
  }
  const known = new Map(jobs.map((job) => [job.id, job]));
  const wrong = [...clients.wrong];
  for (const { id, sweep } of acknowledged) {
    if (known.get(id)?.state !== 'done') continue;
    const { status, body } = await resultOf(clients, id);
    const hash = status === 200 ? body.record.resultHash : `status ${status}`;
    if (hash !== clients.hashOfSweep(sweep)) wrong.push(`job ${id}: ${hash}`);
  }
  return {
    jobs: acknowledged.length,
    done: jobs.filter(({ state }) => state === 'done').length,
    lost: acknowledged.filter(({ id }) => !known.has(id)).map(({ id }) => id),
    twice: doubled(acknowledged, jobs),
    wrong,
    notDone: jobs.filter(({ state }) => state !== 'done').map(({ id, state }) => `${id} is ${state}`),
    retried: retries.size,
    attempts: jobs.reduce((sum, job) => sum + job.attempts, 0),
  };
}

/** A user may ask so many times a second, and whoever asks for all results waits for that. */
async function resultOf(
  { get }: Clients,
  id: string,
): Promise<{ readonly status: number; readonly body: ResultAnswer }> {
  for (;;) {
    const answer = await get<ResultAnswer>(`/api/jobs/${id}/result`);
    if (answer.status !== TOO_MANY) return answer;
    await pause(200);
  }
}

/** Each key was sent until it was acknowledged: a job that nobody knows of is the second of some key. */
function doubled(acknowledged: readonly Acknowledged[], jobs: readonly JobState[]): string[] {
  const ids = new Set(acknowledged.map(({ id }) => id));
  const strangers = jobs.filter(({ id }) => !ids.has(id)).map(({ id }) => id);
  return ids.size === acknowledged.length ? strangers : [...strangers, 'one job has two keys'];
}

async function listed({ get }: Clients): Promise<JobState[]> {
  const jobs: JobState[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page: { status: number; body: { jobs: JobState[]; next: string | null } } = await get(
      `/api/jobs?limit=100${next === '' ? '' : `&before=${next}`}`,
    );
    if (page.status !== 200) throw new Error(`the list of jobs answers ${page.status}`);
    jobs.push(...page.body.jobs);
    ({ next } = page.body);
  }
  return jobs;
}
