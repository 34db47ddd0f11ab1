// Answers and bodies that take their time: who does not read is cut, who sends without end is refused, and a stop ends them all.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EventStream, openEventStream } from '../../src/api/event-stream.ts';
import { HTTP_LIMITS } from '../../src/api/limits.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';
import { type Door, exchange, idleDesk, openDoor, openFiles, post, request, statusOf } from '../fuzz/door.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isSo: () => boolean | Promise<boolean>, waitMs: number): Promise<boolean> {
  for (const endMs = performance.now() + waitMs; performance.now() < endMs; await pause(20))
    if (await isSo()) return true;
  return false;
}

const connectionsOf = ({ server }: Door): Promise<number> =>
  new Promise((found) => server.server.getConnections((_, count) => found(count)));

describe('events', () => {
  test('end when the service stops, and the stop does not wait for who listens', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gridmill-desk-'));
    const door = await openDoor({ openDesk: idleDesk(folder) });
    const submitted = await exchange(door.port, post('/api/jobs', '{"strategy":"sma-cross","data":"lab/MADE/1h"}'));
    const { id } = JSON.parse(/\{.*\}/.exec(submitted)![0]) as { id: string };
    let ended = false;
    let text = '';
    const headers = await new Promise<object>((resolve) => {
      get({ port: door.port, path: `/api/jobs/${id}/events`, headers: { host: 'localhost' } }, (answer) => {
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => {
          ended = true;
        });
        resolve(answer.headers);
      });
    });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(await until(() => text.includes('"state":"queued"'), 2_000)).toBe(true);
    const startedMs = performance.now();
    await door.server.close();
    await until(() => ended, 1_000);
    expect([ended, performance.now() - startedMs < 3_000]).toEqual([true, true]);
    await door.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A stream to one client, which reads or does not. */
  async function streamTo(reads: boolean) {
    let stream: EventStream | undefined;
    let isCut = false;
    const server = createServer((_, answer) => {
      stream = openEventStream(answer);
      stream.onClose(() => {
        isCut = true;
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
      client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
    );
    let bytes = 0;
    client.on('error', () => undefined);
    if (reads) client.on('data', (part) => (bytes += part.length));
    else client.pause();
    await until(() => stream !== undefined, 2_000);
    return { stream: stream!, isCut: () => isCut, bytes: () => bytes, client, server };
  }

  test('of a client that does not take them are left out, then it is cut; one that takes them gets them all', async () => {
    const [slow, quick] = await Promise.all([streamTo(false), streamTo(true)]);
    const event = (n: number) => ({ id: String(n), name: 'progress', data: { filler: 'x'.repeat(10_000) } });
    // More than the system buffers for a connection.
    for (let n = 0; n < 4_000; n++) {
      quick.stream.send(event(n), true);
      slow.stream.send(event(n), true);
      if (n % 20 === 0) await pause(0);
      if (n % 200 === 0) await until(() => quick.bytes() > n * 10_000, 2_000);
      if (slow.isCut() && n > 1_000) break;
    }
    expect([slow.isCut(), quick.isCut()]).toEqual([true, false]);
    expect(quick.bytes()).toBeGreaterThan(10_000_000);
    // Those that nobody needs are left out long before that.
    const patient = await streamTo(false);
    for (let n = 0; n < 4_000; n++) {
      patient.stream.send(event(n), false);
      if (n % 50 === 0) await pause(0);
    }
    expect(patient.isCut()).toBe(false);
    for (const { client, server } of [slow, quick, patient]) {
      client.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });
});

/** A service with stored candles whose clients may rest for so long. */
async function doorWithCandles(responseStallMs: number): Promise<Door> {
  const door = await openDoor({ responseStallMs });
  const timeframe = parseTimeframe('1h');
  const candles = syntheticCandles({ seed: 3, timeframe, barCount: 500, startTime: 0, startPrice: 100 });
  const key = { exchange: 'lab', symbol: 'MADE', timeframe };
  openCandleStore(join(door.root, 'store')).write(key, candles, { source: 'made here', importedAt: 0, quality: null });
  return door;
}

test('a client that does not read its lines of results is cut; its list is no longer worked on', async () => {
  const configurations = Array.from({ length: 10_000 }, (_, at) => ({ parameters: { fast: at + 0.5, slow: 20 } }));
  const list = JSON.stringify({ strategy: 'sma-cross', data: 'lab/MADE/1h', configurations });
  const one = post('/backtesting/batch-run-turbo?stream=true', list).replace('connection: close\r\n', '');
  const door = await doorWithCandles(400);
  const read = await exchange(door.port, post('/backtesting/batch-run-turbo?stream=true', list), 20_000);
  expect([statusOf(read), read.includes('{"end":')]).toEqual([200, true]);
  const client = connect(door.port, '127.0.0.1').on('error', () => undefined);
  client.pause();
  client.write(one.repeat(6));
  expect(await until(async () => (await connectionsOf(door)) === 1, 5_000)).toBe(true);
  expect(await until(async () => (await connectionsOf(door)) === 0, 30_000)).toBe(true);
  expect(
    await until(async () => (await exchange(door.port, request('GET /readyz'))).includes('"running":0'), 5_000),
  ).toBe(true);
  client.destroy();
  await door.close();
}, 90_000);

describe('a body', () => {
  /** Sends pieces until it is answered or cut; answers what came back and how many bytes the service had read by then. */
  async function pour(door: Door, head: string, piece: string): Promise<{ answer: string; read: number }> {
    let read = 0;
    door.server.server.once('connection', (socket: Socket) =>
      socket.once('close', () => {
        read = socket.bytesRead;
      }),
    );
    let answer = '';
    const socket = connect(door.port, '127.0.0.1').on('error', () => undefined);
    socket.on('data', (part) => {
      answer += part.toString('latin1');
    });
    let isOpen = true;
    socket.on('close', () => {
      isOpen = false;
    });
    socket.write(head);
    for (let sent = 0; isOpen && answer === '' && sent < 100; sent++) {
      if (!socket.write(piece))
        await Promise.race([new Promise((drained) => socket.once('drain', drained)), pause(100)]);
      await pause(0);
    }
    await until(() => !isOpen, 2_000);
    socket.destroy();
    await until(() => read > 0, 2_000);
    return { answer, read };
  }

  const HEAD =
    'POST /api/backtests HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n';
  const LIMIT = HTTP_LIMITS.bodyBytesMax;
  /** What one read from the system may bring. */
  const READ = 2 * 65_536;

  test('without an end is refused at its limit, whatever length it claims, and not kept beyond it', async () => {
    const door = await openDoor();
    const filler = ' '.repeat(65_536);
    const chunked = await pour(door, `${HEAD}transfer-encoding: chunked\r\n\r\n`, `10000\r\n${filler}\r\n`);
    expect([statusOf(chunked.answer), chunked.read <= LIMIT + READ]).toEqual([413, true]);
    const declared = await pour(door, `${HEAD}content-length: 500000000\r\n\r\n`, filler);
    // Whoever still sends when the connection is closed may lose the answer with it.
    expect([413, 0]).toContain(statusOf(declared.answer));
    expect(declared.read).toBeLessThanOrEqual(READ + 1_000);
    // The anti-test: a service that takes more reads more.
    const lax = await openDoor({}, {});
    const upload =
      'POST /api/data/import?name=a.csv HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n';
    const poured = await pour(
      lax,
      `${upload}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`,
      `10000\r\n${filler}\r\n`,
    );
    expect(poured.read).toBeGreaterThan(LIMIT + READ);
    await door.close();
    await lax.close();
  });

  test('that is packed is not unpacked', async () => {
    const door = await openDoor();
    const body = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    const head = `${HEAD}content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    const answer = await exchange(door.port, Buffer.concat([Buffer.from(head), body]));
    expect([statusOf(answer), answer.includes('REQUEST_INVALID')]).toEqual([400, true]);
    await door.close();
  });

  test('that comes byte by byte is given up on, and would be waited for without the limit', async () => {
    const trickled = async (requestTimeout: number): Promise<number> => {
      const door = await openDoor();
      // The shorter of the two counts for headers.
      Object.assign(door.server.server, { requestTimeout, headersTimeout: requestTimeout / 2 });
      let answer = '';
      const socket = connect(door.port, '127.0.0.1').on('error', () => undefined);
      socket.on('data', (part) => {
        answer += part.toString('latin1');
      });
      socket.write(`${HEAD}content-length: 1000\r\n\r\n`);
      const drip = setInterval(() => socket.write(' '), 100);
      await until(() => answer !== '', requestTimeout < 1_000 ? 10_000 : 3_000);
      clearInterval(drip);
      socket.destroy();
      await door.close();
      return statusOf(answer);
    };
    expect(await Promise.all([trickled(500), trickled(HTTP_LIMITS.requestMsMax)])).toEqual([408, 0]);
  });
});

test('connections that say nothing are let go, those beyond the limit at once, and then there is room again', async () => {
  const door = await openDoor();
  const { server } = door.server;
  server.maxConnections = 50;
  server.headersTimeout = 500;
  const before = openFiles();
  let closed = 0;
  const idle = Array.from({ length: 500 }, () =>
    connect(door.port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => closed++)
      .resume(),
  );
  expect(await until(() => closed >= 450, 5_000)).toBe(true);
  expect(await connectionsOf(door)).toBeLessThanOrEqual(50);
  expect(await until(() => closed === 500, 10_000)).toBe(true);
  expect(statusOf(await exchange(door.port, request('GET /healthz')))).toBe(200);
  for (const socket of idle) socket.destroy();
  expect(await until(() => openFiles() <= before + 2, 2_000)).toBe(true);
  await door.close();
});
