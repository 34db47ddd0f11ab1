// Tests of shared answers against a real server: what one service computes another finds, and its loss only costs time.
import { spawn, spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { skippable } from '../../test/fixtures/requirement.ts';
import { createFakeClock } from '../core/clock.ts';
import { isAppError } from '../core/errors.ts';
import { type Answers, createAnswers } from './answers.ts';
import { connectRedis } from './redis-answers.ts';

const SERVER = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
skippable(
  'REDIS',
  SERVER === undefined
    ? 'no redis-server or valkey-server was found (Debian: apt-get install redis-server).'
    : undefined,
);

let port = 0;
let server: ReturnType<typeof spawn> | undefined;
const notes: string[] = [];
const open: Answers[] = [];

const startServer = (): void => {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'];
  server = spawn(SERVER!, options, { stdio: 'ignore' });
};

async function stopServer(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server!.once('exit', resolve));
  server.kill('SIGKILL');
  await ended;
}

async function answers(): Promise<Answers> {
  const remote = await connectRedis(`redis://127.0.0.1:${port}`, (note) => void notes.push(note));
  const made = createAnswers({ clock: createFakeClock(1), entriesMax: 10, bytesMax: 1e6, ttlMs: 60_000, remote });
  open.push(made);
  return made;
}

async function freePort(): Promise<number> {
  const probe: Server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port: free } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

beforeAll(async () => {
  port = await freePort();
});

afterAll(async () => {
  await Promise.all(open.map((one) => one.close()));
  await stopServer();
});

const reachable = (one: Answers, is: boolean) =>
  expect.poll(() => one.status().remoteReachable, { timeout: 10_000, interval: 20 }).toBe(is);

describe.skipIf(SERVER === undefined)('with a real server', () => {
  test('what one has kept another finds; a server that goes and comes back costs nothing but answers', async () => {
    startServer();
    const [one, two] = [await answers(), await answers()];
    await reachable(one, true);
    await reachable(two, true);
    one.keep('k', { value: 1 });
    await expect.poll(() => two.find('k'), { timeout: 5_000 }).toEqual({ value: 1 });
    expect(two.status()).toMatchObject({ remoteHits: 1, entries: 1 });
    await stopServer();
    await reachable(one, false);
    one.keep('l', { value: 2 });
    expect(await one.find('l')).toEqual({ value: 2 });
    expect(await two.find('l')).toBeUndefined();
    startServer();
    await reachable(one, true);
    one.keep('m', { value: 3 });
    await reachable(two, true);
    await expect.poll(() => two.find('m'), { timeout: 5_000 }).toEqual({ value: 3 });
    const lost = notes.filter((note) => note.includes('does not answer'));
    expect(lost).toHaveLength(2);
  });

  test('a server that is stopped in its tracks delays an answer by the time it is given, no more', async () => {
    const one = await answers();
    await reachable(one, true);
    server!.kill('SIGSTOP');
    try {
      expect(await one.find('absent')).toBeUndefined();
      await reachable(one, false);
    } finally {
      server!.kill('SIGCONT');
    }
  });
});

test('what is no address is refused without being repeated', async () => {
  const error = await connectRedis('http://user:secret@host', () => undefined).catch((thrown: unknown) => thrown);
  expect(isAppError(error, 'REQUEST_INVALID')).toBe(true);
  expect(String(error)).not.toContain('secret');
});
