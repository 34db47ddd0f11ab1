// Does the image's health check end by itself, whatever the service does? It is run as it is in the image, without a container.
import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { repository } from '../e2e/cli-harness.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A server that greets each connection as it likes; answers its port. */
async function listen(greet: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Its exit status: nobody else ends it. */
const check = (port: number): Promise<number | null> =>
  new Promise((resolve) => {
    const env = { ...process.env, GRIDMILL_SERVER_PORT: String(port) };
    const child = spawn(process.execPath, [join(repository, 'deploy/docker/health.mjs')], { env, stdio: 'ignore' });
    child.on('close', resolve);
  });

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n';

test('a service that answers is healthy, one that says no or is not there is not', async () => {
  expect(await check(await listen((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')))).toBe(0);
  expect(await check(await listen((socket) => socket.end('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n')))).toBe(1);
  const port = await listen(() => undefined);
  open.splice(0)[0]!.close();
  expect(await check(port)).toBe(1);
});

test('a service that takes the connection and says nothing is not healthy, and the check ends', async () => {
  expect(await check(await listen(() => undefined))).toBe(1);
});

test('an answer whose body never ends does not keep the check', async () => {
  expect(await check(await listen((socket) => socket.write(HEAD)))).toBe(0);
});
