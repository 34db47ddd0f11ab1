// The clients of the campaign: small jobs that are submitted until they are acknowledged, and a request every quarter of a second.
import type { Prng } from '../../src/core/prng.ts';
import { pause } from './system.ts';

export interface Acknowledged {
  readonly key: string;
  readonly id: string;
  readonly sweep: number;
}

export interface Probe {
  readonly atMs: number;
  /** Whether its first try was answered within PROBE_MS_MAX. */
  readonly isFirstTry: boolean;
  /** Whether a client that tries again had its answer within PROBE_MS_MAX. */
  readonly isAnswered: boolean;
  readonly ms: number;
}

export interface JobState {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly error: { readonly code: string } | null;
}

export const PROBE_EVERY_MS = 250;
export const PROBE_MS_MAX = 5_000;
const RETRY_MS = 200;
/** Before the first fault, on a machine that has other work. */
const TRIES_MAX = 10;
const OUTSTANDING_MAX = 4;
const SUBMIT_EVERY_MS = 250;

/** A fraction of a second of work; `fee` makes them different. */
const sweepOf = (number: number): object => ({
  strategy: 'sma-cross',
  data: 'lab/MADE/1m',
  parameters: { fast: '2..20:1', slow: '41..120:1' },
  execution: { fee: 0.0001 * (1 + number) },
  top: 3,
  save: number % 2 === 0,
});
const SWEEPS = 6;

const smallOf = (number: number): object => ({
  ...sweepOf(0),
  parameters: { fast: [3 + number, 5 + number], slow: [40, 50] },
  save: false,
});
const SMALLS = 40;
/** A strategy file that takes more than a gigabyte outside the JavaScript heap, where no limit of threads holds it. */
export const HOG = `import { choice, defineBarStrategy } from 'gridmill';
const kept: Uint8Array[] = [];
for (let i = 0; i < 64; i++) kept.push(new Uint8Array(2 ** 25).fill(1 + (i % 7)));
export default defineBarStrategy({
  name: 'hog',
  description: 'Takes all memory.',
  parameters: { length: choice(1) },
  init: () => ({ kept }),
  onBar: () => undefined,
});
`;
export const HOG_FILE = 'hog.ts';

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface Clients {
  readonly acknowledged: readonly Acknowledged[];
  readonly probes: readonly Probe[];
  /** Answers of computations that were not the undisturbed ones. */
  readonly wrong: readonly string[];
  /** Jobs that run now, as far as the service says. */
  runningNow(): Promise<readonly string[] | undefined>;
  /** Resolves when the service is ready, a new job was done with the right hash, and `interrupted` are done. */
  recovered(interrupted: readonly string[], endMs: number): Promise<boolean>;
  get<T>(path: string): Promise<Answer<T>>;
  post<T>(path: string, body?: object, headers?: Record<string, string>): Promise<Answer<T>>;
  hashOfSweep(sweep: number): string;
  /** Asks for a run of the strategy that takes all memory; whatever becomes of it. */
  sendHog(): Promise<void>;
  /** Ends submissions and probes. */
  stop(): Promise<void>;
}

interface SweepAnswer {
  readonly record: { readonly resultHash: string };
}

export async function startClients(url: string, prng: Prng): Promise<Clients> {
  const ask = async <T>(path: string, init: RequestInit, ms = 20_000): Promise<Answer<T>> => {
    const answer = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(ms) });
    return { status: answer.status, body: (await answer.json()) as T };
  };
  const get = <T>(path: string): Promise<Answer<T>> => ask(path, {});
  const post = <T>(
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    ms?: number,
  ): Promise<Answer<T>> =>
    ask(
      path,
      {
        method: 'POST',
        ...(body === undefined
          ? { headers }
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
      },
      ms,
    );
  const hashOf = async (body: object): Promise<string> => {
    for (let tries = 1; ; tries++) {
      const answer = await post<SweepAnswer>('/api/backtests', body).catch((error: unknown) => String(error));
      if (typeof answer !== 'string' && answer.status === 200) return answer.body.record.resultHash;
      if (tries === TRIES_MAX) throw new Error(`an undisturbed sweep answers ${JSON.stringify(answer)}`);
      await pause(1_000);
    }
  };
  const sweeps: string[] = [];
  for (let i = 0; i < SWEEPS; i++) sweeps.push(await hashOf({ ...sweepOf(i), save: false }));
  const smalls: string[] = [];
  for (let i = 0; i < SMALLS; i++) smalls.push(await hashOf(smallOf(i)));

  const acknowledged: Acknowledged[] = [];
  const probes: Probe[] = [];
  const wrong: string[] = [];
  let isOpen = true;
  let number = 0;
  let recoveries = 0;

  const submit = async (): Promise<void> => {
    const sweep = Math.floor(prng.next() * SWEEPS);
    const key = `campaign-${number++}`;
    // The same key until it is acknowledged: whatever was lost, the request or its answer.
    for (;;) {
      const answer = await post<JobState>('/api/jobs', sweepOf(sweep), { 'idempotency-key': key }).catch(
        () => undefined,
      );
      if (answer?.status === 202) {
        acknowledged.push({ key, id: answer.body.id, sweep });
        return;
      }
      await pause(RETRY_MS);
    }
  };
  const submitting = (async () => {
    while (isOpen) {
      const page = await get<{ jobs: JobState[] }>('/api/jobs?limit=50').catch(() => undefined);
      const waiting = page?.body.jobs?.filter(({ state }) => state === 'queued' || state === 'running').length;
      if (waiting !== undefined && waiting < OUTSTANDING_MAX) await submit();
      await pause(SUBMIT_EVERY_MS * (0.5 + prng.next()));
    }
  })();

  /** Answered from what is kept, but for every fourth, which is computed. */
  const probe = async (turn: number): Promise<void> => {
    const atMs = performance.now();
    const kept = turn % SMALLS;
    const isNew = turn % 4 === 3;
    const body = isNew ? { ...smallOf(kept), execution: { fee: 0.01 + turn * 1e-7 } } : smallOf(kept);
    for (let tries = 0; ; tries++) {
      const leftMs = PROBE_MS_MAX - (performance.now() - atMs);
      if (leftMs <= 0) return void probes.push({ atMs, isFirstTry: false, isAnswered: false, ms: PROBE_MS_MAX });
      const answer = await post<SweepAnswer>('/api/backtests', body, {}, Math.ceil(leftMs)).catch(() => undefined);
      if (answer?.status === 200) {
        const { resultHash } = answer.body.record;
        if (!isNew && resultHash !== smalls[kept]) wrong.push(`probe ${turn}: ${resultHash}`);
        probes.push({ atMs, isFirstTry: tries === 0, isAnswered: true, ms: performance.now() - atMs });
        return;
      }
      await pause(RETRY_MS);
    }
  };
  const inFlight = new Set<Promise<void>>();
  let turn = 0;
  const probing = setInterval(() => {
    const work = probe(turn++).finally(() => inFlight.delete(work));
    inFlight.add(work);
  }, PROBE_EVERY_MS);

  const isDone = async (id: string): Promise<boolean> => {
    const { status, body } = await get<JobState>(`/api/jobs/${id}`);
    return status === 200 && !['queued', 'running'].includes(body.state);
  };
  return {
    acknowledged,
    probes,
    wrong,
    get,
    post,
    hashOfSweep: (sweep) => sweeps[sweep]!,
    async runningNow() {
      const page = await get<{ jobs: JobState[] }>('/api/jobs?limit=50').catch(() => undefined);
      return page?.body.jobs?.filter(({ state }) => state === 'running').map(({ id }) => id);
    },
    async recovered(interrupted, endMs) {
      const key = `recovery-${recoveries++}`;
      const sweep = recoveries % SWEEPS;
      let own: string | undefined;
      const waiting = new Set(interrupted);
      while (performance.now() < endMs) {
        try {
          if (own === undefined && (await get('/readyz')).status === 200) {
            const body = { ...sweepOf(sweep), priority: 100 };
            const answer = await post<JobState>('/api/jobs', body, { 'idempotency-key': key }, 5_000);
            if (answer.status === 202) acknowledged.push({ key, id: (own = answer.body.id), sweep });
          }
          for (const id of waiting) if (await isDone(id)) waiting.delete(id);
          if (own !== undefined && waiting.size === 0 && (await isDone(own))) return true;
        } catch {
          // It does not answer yet.
        }
        await pause(100);
      }
      return false;
    },
    async sendHog() {
      const body = { strategy: HOG_FILE, data: 'lab/MADE/1m', save: false };
      await post('/api/backtests', body).catch(() => undefined);
    },
    async stop() {
      isOpen = false;
      clearInterval(probing);
      await Promise.all([submitting, ...inFlight]);
    },
  };
}
