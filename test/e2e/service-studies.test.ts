// Does a study begun over HTTP end in the study, the hash and the ranking of the command line, whatever is killed meanwhile?
import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { studyJobTask } from '../../src/api/study-request.ts';
import { startComputation } from '../../src/compute/compute-thread.ts';
import type { Job } from '../../src/jobs/job.ts';
import { openStudyStore } from '../../src/store/study-store.ts';
import { csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';
import { createServicePlace, follow, type JobJson, type RunningService, startService } from './service-harness.ts';

const BARS = 9_000;
/** Tests ask more often than people. */
const MANY_REQUESTS = { GRIDMILL_SERVER_REQUESTS_PER_SECOND: '1000' };
const DATA = 'lab/MADE/1m';

interface StudyRecord {
  readonly resultHash: string;
  readonly scored: number;
  readonly partial: string | null;
  readonly top: readonly { readonly variantKey: string }[];
  readonly study: { readonly name: string; readonly identity: string; readonly holdout: object | null };
}
interface StudyResult {
  readonly study: string;
  readonly record: StudyRecord;
  readonly resultId: string | null;
}
interface StudyView {
  readonly identity: string;
  readonly state: { readonly studyHash: string; readonly partial: string | null } | null;
  readonly ranking: { readonly total: number; readonly rows: readonly Record<string, unknown>[] };
}
interface Refusal {
  readonly error: { readonly code: string; readonly found: string };
}

/** Waits in each trial, so that it can be interrupted on any machine. */
const SLOW = `import { defineStrategy, range } from 'gridmill';
const word = new Int32Array(new SharedArrayBuffer(4));
export default defineStrategy({
  name: 'slow-cross',
  parameters: { n: range(2, 200), k: range(1, 50) },
  compute: (candles, { n, k }) => {
    Atomics.wait(word, 0, 0, 10);
    const out = new Int8Array(candles.barCount);
    for (let i = n; i < out.length; i++) out[i] = candles.close[i] > candles.close[i - n] * (1 + k / 1e4) ? 1 : 0;
    return out;
  },
});
`;
const SLOW_STUDY = {
  strategy: 'slow.ts',
  data: DATA,
  days: 4,
  mode: 'tpe',
  iterations: 250,
  rank: 'sharpe',
  maxThreads: 1,
};
/** Minutes of work. */
const HUGE_STUDY = { ...SLOW_STUDY, iterations: 20_000 };

const LIMITS_OF_JOBS = { maxThreads: 1, maxVariantsPerCompute: 1e6, maxComputeBytesTotal: 2 ** 32 };
const jobOf = (body: object): Job => ({ request: { user: 'local', body }, budget: {}, spentMs: 0 }) as unknown as Job;

let place: Workplace;
let service: RunningService;
let fromCli: StudyRecord;
let slowHash: string;

const isEnded = ({ state }: JobJson): boolean => state !== 'queued' && state !== 'running';
const hasTried = ({ state, progress }: JobJson): boolean => state === 'running' && progress.scored > 20;
const submit = async (body: object, path = '/api/studies'): Promise<JobJson> => {
  const { status, body: job } = await service.post<JobJson>(path, body);
  expect(status, JSON.stringify(job)).toBe(202);
  return job;
};
const resultOf = async (id: string): Promise<StudyResult> =>
  (await service.get<StudyResult>(`/api/jobs/${id}/result`)).body;
const finished = async (body: object, path?: string): Promise<StudyResult> => {
  const { id } = await submit(body, path);
  const job = await service.until(id, isEnded);
  expect([job.state, job.error]).toEqual(['done', null]);
  return resultOf(id);
};
const study = async (name: string, query = ''): Promise<StudyView> =>
  (await service.get<StudyView>(`/api/studies/${name}${query}`)).body;

beforeAll(async () => {
  place = await createServicePlace(BARS);
  mkdirSync(`${place.folder}/strategies`);
  place.write('strategies/slow.ts', SLOW);
  const asked = ['--data', DATA, '--set', 'fast=3..40', '--set', 'slow=20..200', '--fee', '0.05%', '--iter', '160'];
  const searched = ['--objective', 'sharpe - 0.5*maxDrawdown', '--where', 'trades>=3', '--stop-loss', '0,1%,2%'];
  const told = await place.run(
    ...['optimize', 'sma-cross', ...asked, ...searched, '--holdout', '20%', '--seed', '7', '--study', 'told', '--json'],
  );
  expect(told.exitCode, told.stderr).toBe(0);
  fromCli = json<StudyRecord>(told);
  const slow = await place.run(
    ...['optimize', 'strategies/slow.ts', '--data', DATA, '--days', '4', '--mode', 'tpe', '--iter', '250'],
    ...['--rank', 'sharpe', '--turbo', '--workers', '4', '--json'],
  );
  expect(slow.exitCode, slow.stderr).toBe(0);
  slowHash = json<StudyRecord>(slow).resultHash;
  service = await startService(place, [], MANY_REQUESTS);
});
afterAll(async () => {
  await service?.stop();
  place?.remove();
});

const ASKED = {
  strategy: 'sma-cross',
  data: DATA,
  parameters: { fast: '3..40', slow: '20..200' },
  risk: { stopLoss: [0, 0.01, 0.02] },
  execution: { fee: 0.0005 },
  iterations: 160,
  objectives: 'sharpe - 0.5*maxDrawdown',
  where: 'trades>=3',
  holdout: 0.2,
  seed: 7,
};

describe('the same study', () => {
  test('has the identity, hash, ranking and held-out rows of the command line, with one thread and with two', async () => {
    for (const maxThreads of [1, 2]) {
      const name = `http-${maxThreads}`;
      const { record, study: named } = await finished({ ...ASKED, name, maxThreads });
      expect(named).toBe(name);
      expect([record.study.identity, record.resultHash]).toEqual([fromCli.study.identity, fromCli.resultHash]);
      expect(record.top).toEqual(fromCli.top);
      expect(record.study.holdout).toEqual(fromCli.study.holdout);
    }
    const { body } = await service.get<{ sameHash: boolean; differences: object[] }>(
      '/api/studies/compare?names=told,http-1',
    );
    expect(body).toMatchObject({ sameHash: true, differences: [] });
    const other = await finished({ ...ASKED, seed: 8, name: 'other' });
    expect(other.record.resultHash).not.toBe(fromCli.resultHash);
    const compared = await service.get<{ sameHash: boolean; differences: { member: string }[] }>(
      '/api/studies/compare?names=told,other',
    );
    expect(compared.body).toMatchObject({ sameHash: false, differences: [{ member: 'seed' }] });
  });

  test('without a name is the one that the same command would go on with', async () => {
    const { study: name, record } = await finished(ASKED);
    expect(name).toBe(`sma-cross-discovery-${fromCli.study.identity.slice(0, 8)}`);
    expect(record.resultHash).toBe(fromCli.resultHash);
  });

  test('is shown with its ranking page by page, and a key stands for one of it', async () => {
    const whole = await study('http-1');
    expect(whole.identity).toBe(fromCli.study.identity);
    expect(whole.state).toMatchObject({ studyHash: fromCli.resultHash, partial: null });
    expect(whole.ranking.total).toBe(fromCli.top.length);
    const part = await study('http-1', '?offset=1&limit=2');
    expect(part.ranking.rows).toEqual(whole.ranking.rows.slice(1, 3));
    expect(part.ranking.rows[0]).toMatchObject({ variantKey: fromCli.top[1]!.variantKey, rank: 2 });
    expect(part.ranking.rows[0]).toHaveProperty('holdout.values');
    const headers = { 'idempotency-key': 'one-study' };
    const first = await service.post<JobJson>('/api/studies', { ...ASKED, name: 'keyed' }, headers);
    const again = await service.post<JobJson>('/api/studies', { ...ASKED, name: 'keyed' }, headers);
    expect(again.body.id).toBe(first.body.id);
    const other = await service.post<Refusal>('/api/studies', { ...ASKED, seed: 9, name: 'keyed' }, headers);
    expect([other.status, other.body.error.code]).toEqual([409, 'JOB_KEY_REUSED']);
    await service.until(first.body.id, isEnded);
  });

  test('that ends by itself shows how far it came, also when all of it was known already', async () => {
    const early = { ...ASKED, mode: 'random', patience: 20, name: 'patient' };
    for (let round = 0; round < 2; round++) {
      const { id } = await submit(early);
      const { progress } = await service.until(id, isEnded);
      const { record } = await resultOf(id);
      expect(record.scored).toBeLessThan(160);
      expect(progress).toMatchObject({ stage: 'trials', scored: record.scored, total: 160 });
    }
  });

  test('under a name that stands for another request fails and says what differs', async () => {
    const { id } = await submit({ ...ASKED, seed: 11, name: 'told' });
    const { error } = await service.until(id, isEnded);
    expect(error).toMatchObject({ code: 'STUDY_MISMATCH', found: 'told differs in seed.' });
  });

  test.each([
    [{ mode: 'tpe', iterations: undefined }, 'REQUEST_INVALID'],
    [{ objectives: 'luck' }, 'REQUEST_INVALID'],
    [{ mode: 'refine' }, 'REQUEST_INVALID'],
    [{ around: 'told' }, 'REQUEST_INVALID'],
    [{ name: '../told' }, 'REQUEST_INVALID'],
    [{ name: 'compare' }, 'REQUEST_INVALID'],
    [{ data: 'candles.csv' }, 'REQUEST_INVALID'],
    [{ parameters: { fast: '9..3' } }, 'GRID_INVALID'],
    [{ from: 'yesterday' }, 'REQUEST_INVALID'],
  ])('that cannot be one is refused when it is sent: %o', async (wrong, code) => {
    const { status, body } = await service.post<Refusal>('/api/studies', { ...ASKED, ...wrong });
    expect([status, body.error.code]).toEqual([400, code]);
  });
});

describe('gridmill optimize --server', () => {
  const asked = (...more: readonly string[]) => [
    ...['optimize', 'sma-cross', '--data', DATA, '--set', 'fast=3..40', '--set', 'slow=20..200', '--fee', '0.05%'],
    ...['--iter', '160', '--objective', 'sharpe - 0.5*maxDrawdown', '--where', 'trades>=3'],
    ...['--stop-loss', '0,1%,2%', '--holdout', '20%', '--seed', '7', ...more],
  ];
  /** Times and names differ from run to run. */
  const steady = (text: string): string =>
    text
      .replace(/\s+/g, ' ')
      .replace(/\d[\d.,]* (ms|s)\b|\d[\d.,]* per second|\d+ MB/g, '#')
      .replace(/Study \S+:/, 'Study:');

  test('prints what the same command prints here, numbers included', async () => {
    const here = await place.run(...asked('--study', 'printed-here'));
    const there = await place.run(...asked('--study', 'printed-there', '--server', service.address));
    expect([here.exitCode, there.exitCode], there.stderr).toEqual([0, 0]);
    expect(steady(there.stdout)).toEqual(steady(here.stdout));
    const told = await place.run(...asked('--study', 'json-there', '--server', service.address, '--json'));
    const record = json<StudyRecord & { resultId: string }>(told);
    expect([record.resultHash, record.top, record.study.holdout]).toEqual([
      fromCli.resultHash,
      fromCli.top,
      fromCli.study.holdout,
    ]);
    expect((await service.get(`/api/results/${record.resultId}`)).status).toBe(200);
  });

  test('writes the report, and a range of many values is the same space', async () => {
    const wide = [
      'optimize',
      'bollinger',
      '--data',
      DATA,
      '--set',
      'width=0.5..2.5',
      '--mode',
      'random',
      '--iter',
      '5',
    ];
    const here = json<StudyRecord>(await place.run(...wide, '--study', 'wide-here', '--json'));
    const sent = [...wide, '--study', 'wide-there', '--server', service.address, '--report', 'wide.html', '--json'];
    const there = await place.run(...sent);
    expect([json<StudyRecord>(there).resultHash, there.stderr]).toEqual([
      here.resultHash,
      expect.stringContaining('Report: '),
    ]);
    expect(readFileSync(`${place.folder}/wide.html`, 'utf8')).toMatch(/^<!doctype html>/i);
  });

  test('is stopped by Ctrl-C at the service too, and goes on with --resume', async () => {
    const slow = ['optimize', 'slow.ts', '--data', DATA, '--days', '4', '--mode', 'tpe', '--rank', 'sharpe'];
    const { child, ended } = place.start([
      ...[...slow, '--iter', '250', '--turbo', '--workers', '1', '--study', 'broken-off', '--server', service.address],
    ]);
    await expect
      .poll(async () => (await service.get<{ jobs: JobJson[] }>('/api/jobs?state=running')).body.jobs.length, {
        timeout: 20_000,
      })
      .toBe(1);
    await expect.poll(async () => (await service.get('/api/studies/broken-off')).status, { timeout: 20_000 }).toBe(200);
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('--resume broken-off')]);
    const { body } = await service.get<{ jobs: JobJson[] }>('/api/jobs?limit=1');
    expect(body.jobs).toMatchObject([{ kind: 'study', state: 'cancelled' }]);
    const whole = await place.run('optimize', '--resume', 'broken-off', '--server', service.address, '--json');
    expect(json<StudyRecord>(whole).resultHash).toBe(slowHash);
  });

  test('is refused in the words of the service, or of a command that found none', async () => {
    const none = await place.run(...asked('--server', 'http://127.0.0.1:9', '--json'));
    expect([none.exitCode, none.stderr]).toEqual([6, expect.stringContaining('Nothing answers at http://127.0.0.1:9')]);
    const file = await place.run('optimize', './mine.ts', '--data', DATA, '--iter', '3', '--server', service.address);
    expect([file.exitCode, file.stderr]).toEqual([2, expect.stringContaining('REQUEST_INVALID')]);
    const local = await place.run(...asked('--isolate', 'process', '--server', service.address));
    expect([local.exitCode, local.stderr]).toEqual([2, expect.stringContaining('--isolate')]);
    const unknown = await place.run('optimize', 'none', '--data', DATA, '--iter', '3', '--server', service.address);
    expect([unknown.exitCode, unknown.stderr]).toEqual([4, expect.stringContaining('STRATEGY_NOT_FOUND')]);
  });

  test('is what a study is told of that does not fit beside a service', async () => {
    const { exitCode, stderr } = await place.run(...asked('--study', 'too-large', '--memory', '100000GB'));
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/gridmill serve.*hand the study to the service: --server/s),
    ]);
  });
});

describe('a study that is interrupted', () => {
  test('tells its trials as events, is cancelled soon, and a retry of the job ends in the same hash', async () => {
    const { id } = await submit({ ...SLOW_STUDY, name: 'cancelled' });
    const events = await follow(service, id, { enough: (all) => all.some(({ data }) => data.scored > 20) });
    expect(events.at(-1)!.data).toMatchObject({ stage: 'trials', total: 250, best: expect.any(Number) });
    const removed = await fetch(`${service.address}/api/studies/cancelled`, { method: 'DELETE' });
    expect(removed.status).toBe(409);
    const atMs = performance.now();
    await service.post(`/api/jobs/${id}/cancel`);
    expect((await service.until(id, isEnded)).state).toBe('cancelled');
    expect(performance.now() - atMs).toBeLessThan(5_000);
    await service.post(`/api/jobs/${id}/retry`);
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', progress: { scored: 250, total: 250 } });
    expect((await resultOf(id)).record.resultHash).toBe(slowHash);
  });

  test('makes room for a request that waits, and goes on in the same attempt', async () => {
    const { id } = await submit({ ...HUGE_STUDY, name: 'yielding' });
    await service.until(id, hasTried);
    const small = { strategy: 'sma-cross', data: DATA, parameters: { fast: [5], slow: [20] } };
    expect((await service.post('/api/backtests', small)).status).toBe(200);
    const { state, progress, attempts } = (await service.get<JobJson>(`/api/jobs/${id}`)).body;
    expect([state, attempts]).toEqual(['running', 1]);
    await service.until(id, (job) => job.progress.scored > progress.scored);
    await service.post(`/api/jobs/${id}/cancel`);
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'cancelled', attempts: 1 });
  });

  test('by the end of its thread lets go of what that held, so that it can go on', async () => {
    const task = studyJobTask(jobOf({ ...HUGE_STUDY, name: 'cut' }), { ...LIMITS_OF_JOBS }).task;
    const surroundings = { folder: `${place.folder}/strategies`, storeRoot: place.home, engineVersion: '0' };
    let computation: ReturnType<typeof startComputation> | undefined;
    const begun = new Promise<string>((onStudy) => {
      computation = startComputation(task, surroundings, { onStudy });
    });
    expect(await Promise.race([begun, computation!.done])).toBe('cut');
    const store = openStudyStore(place.home);
    expect(() => store.remove('cut')).toThrow(/STUDY_LOCKED|one process at a time/);
    // Without any grace: the thread has no time to put anything in order.
    computation!.stop('cancelled', 0);
    await expect(computation!.done).rejects.toMatchObject({ code: 'CANCELLED' });
    store.remove('cut');
    expect(store.find('cut')).toBeUndefined();
  });

  test('ends at its search time with what it has, and goes on by its name', async () => {
    const part = await finished({ ...SLOW_STUDY, name: 'timed', searchSeconds: 0.5 });
    expect(part.record.partial).toBe('deadline');
    expect((await study('timed')).state).toMatchObject({ partial: 'deadline' });
    const whole = await finished({}, '/api/studies/timed/resume');
    expect([whole.record.partial, whole.record.resultHash]).toEqual([null, slowHash]);
    const none = await service.post<Refusal>('/api/studies/nobody/resume', {});
    expect([none.status, none.body.error.code]).toEqual([404, 'STUDY_NOT_FOUND']);
  });

  test('by kill -9 goes on as it was begun, though newer candles would move its window', async () => {
    const { id } = await submit({ ...SLOW_STUDY, name: 'killed' });
    await service.until(id, hasTried);
    await service.stop('SIGKILL');
    const longer = place.write('longer.csv', csvOf(minuteCandles(BARS + 2_000)));
    const { exitCode, stderr } = await place.run(
      'import',
      longer,
      '--exchange',
      'lab',
      '--symbol',
      'MADE',
      '--replace',
    );
    expect(exitCode, stderr).toBe(0);
    service = await startService(place, [], MANY_REQUESTS);
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', attempts: 2 });
    const { record, study: name } = await resultOf(id);
    expect([name, record.scored, record.resultHash]).toEqual(['killed', 250, slowHash]);
  });

  test('is deleted with its trials, and its results stay', async () => {
    const { body } = await service.get<StudyView & { state: { resultId: string } }>('/api/studies/timed');
    const removed = await fetch(`${service.address}/api/studies/timed`, { method: 'DELETE' });
    expect(await removed.json()).toEqual({ deleted: ['timed'] });
    expect((await service.get('/api/studies/timed')).status).toBe(404);
    expect((await service.get(`/api/results/${body.state.resultId}`)).status).toBe(200);
  });
});
