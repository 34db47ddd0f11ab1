// What must be true of a service after any fault: nothing lost, nothing doubled, nothing left lying about, and the next job runs.
import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Workplace } from './cli-harness.ts';
import type { JobJson, RunningService, SweepJson } from './service-harness.ts';

/** What a test knows it has been promised. */
export interface Promised {
  readonly place: Workplace;
  /** Jobs that were answered with 202. */
  readonly accepted: Set<string>;
  /** Done jobs whose results were looked at: they are not fetched again, but must stay done. */
  readonly verified: Set<string>;
  /** A small sweep and its hash, computed undisturbed. */
  readonly probe: { readonly body: object; readonly hash: string };
  /** The hash of every job that is done, unless it is told otherwise. */
  readonly hashOf: (job: JobJson) => string;
}

/** What a process holds; zeros where the system does not tell. */
export interface Footprint {
  readonly files: number;
  readonly threads: number;
}

/** About a second of work. */
export const SWEEP = {
  strategy: 'sma-cross',
  data: 'lab/MADE/1m',
  parameters: { fast: '2..40:1', slow: '41..250:1' },
  risk: { stopLoss: [0.01, 0.02, 0.03] },
  preselect: 0,
};
export const SMALL = { ...SWEEP, parameters: { fast: [5, 8], slow: [20, 30] } };

const ENDED = ['done', 'failed', 'cancelled'];
const STATES = ['queued', 'running', ...ENDED];
export const isEnded = ({ state }: JobJson): boolean => ENDED.includes(state);
/** Handles that come and go by themselves: a connection, a thread of the pool that starts. */
const SLACK = 4;

export async function submit(service: RunningService, body: object, headers: Record<string, string> = {}) {
  const { status, body: job } = await service.post<JobJson>('/api/jobs', body, headers);
  expect(status, JSON.stringify(job)).toBe(202);
  return job;
}

export function footprint({ child }: Pick<RunningService, 'child'>): Footprint {
  const count = (name: string): number => {
    const path = `/proc/${child.pid}/${name}`;
    return existsSync(path) ? readdirSync(path).length : 0;
  };
  return { files: count('fd'), threads: count('task') };
}

/** Files of the store that only a write in progress may have. */
function temporaries(home: string): string[] {
  if (!existsSync(home)) return [];
  const entries: Dirent[] = readdirSync(home, { recursive: true, withFileTypes: true });
  return entries.flatMap(({ name }) => (name.endsWith('.tmp') ? [name] : []));
}

/** Nothing yet, of a service where every job is SWEEP or SMALL; both are computed here, undisturbed. */
export async function promiseOf(service: RunningService, place: Workplace): Promise<Promised> {
  const hash = async (body: object): Promise<string> =>
    (await service.post<SweepJson>('/api/backtests', body)).body.record.resultHash;
  const [sweep, small] = [await hash(SWEEP), await hash(SMALL)];
  const isSmall = (job: JobJson): boolean => !JSON.stringify(job).includes(SWEEP.parameters.fast);
  return {
    place,
    accepted: new Set(),
    verified: new Set(),
    probe: { body: SMALL, hash: small },
    hashOf: (job) => (isSmall(job) ? small : sweep),
  };
}

async function allJobs(service: RunningService): Promise<JobJson[]> {
  const jobs: JobJson[] = [];
  for (let next: unknown = ''; next !== null; ) {
    const page = await service.get<{ jobs: JobJson[]; next: unknown }>(
      `/api/jobs?limit=100${next === '' ? '' : `&before=${next}`}`,
    );
    expect(page.status).toBe(200);
    jobs.push(...page.body.jobs);
    ({ next } = page.body);
  }
  return jobs;
}

/** Runs one more job, then looks at every job, every file, and what the process holds compared with `before`. */
export async function assertHealthy(service: RunningService, promised: Promised, before?: Footprint): Promise<void> {
  const { place, accepted, verified, probe, hashOf } = promised;
  const next = await submit(service, probe.body);
  expect(await service.until(next.id, isEnded), 'the next job runs').toMatchObject({ state: 'done' });

  const jobs = await allJobs(service);
  const known = new Map(jobs.map((job) => [job.id, job]));
  expect(known.size, 'no job is listed twice').toBe(jobs.length);
  for (const id of accepted) expect(known.has(id), `accepted job ${id} is there`).toBe(true);
  expect(JSON.stringify(jobs), 'no path of this machine is shown').not.toContain(place.folder);
  const results = new Set<string>();
  for (const job of jobs) {
    expect(STATES).toContain(job.state);
    if (verified.has(job.id)) {
      expect(job.state, `job ${job.id}, which was done`).toBe('done');
      continue;
    }
    const { status, body } = await service.get<SweepJson>(`/api/jobs/${job.id}/result`);
    expect(status, `the result of a job that is ${job.state}`).toBe(job.state === 'done' ? 200 : 409);
    if (job.state !== 'done') continue;
    verified.add(job.id);
    expect(body.record.resultHash, job.id).toBe(job.id === next.id ? probe.hash : hashOf(job));
    if (body.resultId !== null) results.add(body.resultId);
    const progress = join(place.home, 'jobs', 'progress', job.id);
    expect(await settled(() => Number(existsSync(progress)), 0), 'progress of a job that is done').toBe(0);
  }
  for (const id of results) expect((await service.get(`/api/results/${id}`)).status, `stored result ${id}`).toBe(200);
  expect(temporaries(place.home), 'temporary files').toEqual([]);
  expect((await service.get<{ running: number }>('/readyz')).body.running, 'computations at rest').toBe(0);
  if (before === undefined) return;
  for (const name of ['threads', 'files'] as const) {
    const most = before[name] + SLACK;
    expect(await settled(() => footprint(service)[name], most), `open ${name}`).toBeLessThanOrEqual(most);
  }
}

/** A count, read until it is at most `most`, or for five seconds: threads and connections end a moment after their answer. */
async function settled(count: () => number, most: number): Promise<number> {
  const endMs = performance.now() + 5_000;
  while (count() > most && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
  return count();
}
