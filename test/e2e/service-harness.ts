// Starts the built service and its workers in folders of their own, and asks them as a script does.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Client, createClient, type JobAnswer, type JobEvent } from '../../src/client/client.ts';
import { createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';

export type JobJson = JobAnswer;

export interface SweepJson {
  readonly resultId: string;
  readonly record: { readonly resultHash: string; readonly scored: number; readonly partial: string | null };
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface RunningService {
  readonly child: ChildProcess;
  readonly address: string;
  readonly client: Client;
  get<T>(path: string): Promise<Answer<T>>;
  post<T>(path: string, body?: object, headers?: Record<string, string>): Promise<Answer<T>>;
  /** Asks until `isSo`, for at most 30 s. */
  until(id: string, isSo: (job: JobJson) => boolean): Promise<JobJson>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A workplace with stored candles `lab/MADE/1m` and quick looks for runners that are gone. */
export async function createServicePlace(bars: number): Promise<Workplace> {
  const place = createWorkplace();
  const file = place.write('candles.csv', csvOf(minuteCandles(bars)));
  place.write('gridmill.yaml', 'jobs:\n  sweep_seconds: 0.2\n  lease_seconds: 5\n');
  const { exitCode, stderr } = await place.run('import', file, '--exchange', 'lab', '--symbol', 'MADE');
  expect(exitCode, stderr).toBe(0);
  return place;
}

const CONFIG = ['--config', 'gridmill.yaml'];

async function firstLine(child: ChildProcess, ended: Promise<{ readonly stderr: string }>): Promise<string> {
  const line = new Promise<string>((resolve) => child.stdout!.once('data', (text: string) => resolve(text)));
  const early = ended.then(({ stderr }) => expect.fail(`it ended at once: ${stderr}`));
  return Promise.race([line, early]);
}

/** Signals reach the process itself: bin/gridmill.mjs starts no other. */
export async function startWorker(
  place: Workplace,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly child: ChildProcess; stop(signal?: NodeJS.Signals): Promise<void> }> {
  const { child, ended } = place.start(['worker', ...CONFIG], environment);
  await firstLine(child, ended);
  return {
    child,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}

export async function startService(
  place: Workplace,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const { child, ended } = place.start(['serve', '--port', '0', ...CONFIG, ...args], environment);
  const address = /http:\/\/[^ ]+/.exec(await firstLine(child, ended))![0];
  const ask = async <T>(path: string, init: RequestInit = {}): Promise<Answer<T>> => {
    const answer = await fetch(`${address}${path}`, init);
    return { status: answer.status, body: (await answer.json()) as T };
  };
  const service: RunningService = {
    child,
    address,
    client: createClient({ url: address }),
    get: (path) => ask(path),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        ...(body === undefined
          ? { headers }
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
      }),
    async until(id, isSo) {
      const endMs = performance.now() + 30_000;
      for (;;) {
        const job = await service.client.jobs.get(id);
        if (isSo(job)) return job;
        if (performance.now() > endMs) expect.fail(`the job stays ${JSON.stringify(job)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
  return service;
}

/** Events until the job ends, or until `enough`. */
export async function follow(
  { client }: RunningService,
  id: string,
  options: { readonly lastId?: string; readonly enough?: (events: readonly JobEvent[]) => boolean } = {},
): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of client.jobs.follow(id, { lastEventId: options.lastId })) {
    events.push(event);
    if (options.enough?.(events) === true) break;
  }
  return events;
}

/** Variants that the checkpoint of a job says were scored; 0 where there is none yet. */
export function checkpointed(place: Workplace, id: string): number {
  const path = join(place.home, 'jobs', 'progress', id, 'sweep.checkpoint');
  if (!existsSync(path)) return 0;
  const bytes = readFileSync(path, 'latin1');
  return Number(/"scored":(\d+)/.exec(bytes)?.[1]);
}
