// A service for tests of its door, and raw connections to it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { expect } from 'vitest';
import { createService, type ServiceOptions } from '../../src/api/server.ts';
import type { ServiceSettings } from '../../src/api/surroundings.ts';
import { openJobDesk } from '../../src/compute/job-desk.ts';

export interface Door {
  readonly server: FastifyInstance;
  readonly port: number;
  readonly root: string;
  readonly logged: string[];
  close(): Promise<void>;
}

const CLOCK = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** `settings` in place of the usual ones; `change` of everything else. */
export async function openDoor(
  change: Partial<ServiceOptions> = {},
  settings: Partial<ServiceSettings> = {},
): Promise<Door> {
  const root = mkdtempSync(join(tmpdir(), 'gridmill-door-'));
  const logged: string[] = [];
  const server = await createService({
    surroundings: {
      engineVersion: '0.0.0',
      storeRoot: join(root, 'store'),
      strategiesFolder: join(root, 'strategies'),
      clock: CLOCK,
      settings: {
        syncDeadlineSeconds: 5,
        maxThreads: 1,
        maxVariantsPerCompute: 1e6,
        maxComputeBytesTotal: 2 ** 32,
        shardSeconds: 60,
        ...settings,
      },
      entry: () => import('../../src/index.ts'),
      residentBytes: () => process.memoryUsage.rss(),
      memoryBytes: 2 ** 34,
    },
    warm: {
      workers: 1,
      residentBytesMax: 2 ** 32,
      mirror: { bytesMax: 2 ** 28, preload: [] },
      answers: { entriesMax: 100, bytesMax: 2 ** 24, ttlMs: 60_000 },
    },
    access: { tokens: {}, hosts: ['localhost', '127.0.0.1'] },
    machine: { threads: 2, threadsPerUser: 2, bytes: 2 ** 33, waitingMax: 8 },
    log: { write: (line) => logged.push(line) },
    ...change,
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as { port: number };
  return {
    server,
    port,
    root,
    logged,
    async close() {
      server.server.closeAllConnections();
      await server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Takes jobs and runs none of them. For `openDesk` of openDoor; the queue lies in `folder`. */
export const idleDesk =
  (folder: string): NonNullable<ServiceOptions['openDesk']> =>
  (machine) => {
    let count = 0;
    return openJobDesk({
      location: { kind: 'sqlite', folder },
      machine,
      clock: CLOCK,
      newId: () => `j-${++count}`,
      surroundings: { folder, storeRoot: folder, engineVersion: '0.0.0' },
      concurrency: 0,
      settings: { leaseMs: 20_000, heartbeatMs: 5_000, watchMs: 1_000, sweepMs: 5_000 },
      read: () => expect.fail('no job is run here'),
      onEvent: () => undefined,
    });
  };

/** Sends bytes and answers what came back when the other side closed, or after `waitMs`. */
export function exchange(port: number, bytes: string | Buffer, waitMs = 2_000): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, waitMs);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

/** One request with "connection: close", so that the answer ends. */
export const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  [`${line} HTTP/1.1`, 'host: localhost', 'connection: close', ...headers, '', body].join('\r\n');

export const post = (path: string, body: string, headers: readonly string[] = []): string =>
  request(
    `POST ${path}`,
    [`content-length: ${Buffer.byteLength(body)}`, 'content-type: application/json', ...headers],
    body,
  );

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

export const openFiles = (): number => readdirSync('/proc/self/fd').length;
