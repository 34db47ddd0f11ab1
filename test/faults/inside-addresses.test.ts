// A download that is asked for over HTTP names an exchange and a symbol: no spelling of an address makes the service call one.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Door, openDoor } from '../fuzz/door.ts';

let door: Door;
let port: number;
let calls = 0;
const trap = createServer((_, answer) => {
  calls++;
  answer.end('[]');
});
beforeAll(async () => {
  await new Promise<void>((listening) => trap.listen(0, '127.0.0.1', listening));
  ({ port } = trap.address() as AddressInfo);
  door = await openDoor();
});
afterAll(async () => {
  await door.close();
  trap.closeAllConnections();
  await new Promise((closed) => trap.close(closed));
});

/** The address of the trap, of other machines inside, and of the one that tells cloud machines their keys. */
const hosts = (): readonly string[] => [
  ...[
    '127.0.0.1',
    'localhost',
    '127.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '0',
    '0.0.0.0',
    '127.0.0.1.nip.io',
  ],
  ...[
    '[::1]',
    '[::ffff:7f00:1]',
    '[::ffff:127.0.0.1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    'LOCALHOST',
    '①②⑦.⓪.⓪.①',
    'localtest.me',
  ],
  ...[
    '169.254.169.254',
    'metadata.google.internal',
    '10.0.0.1',
    '192.168.0.1',
    '172.16.0.1',
    '100.64.0.1',
    '[fd00::1]',
    '[fe80::1]',
  ],
];
const spellings = (): readonly string[] =>
  hosts()
    .flatMap((host) => [
      host,
      `${host}:${port}`,
      `http://${host}:${port}/`,
      `https://binance@${host}:${port}/`,
      `//${host}:${port}`,
      `data.binance.vision@${host}:${port}/`,
    ])
    .concat([
      'file:///etc/passwd',
      'gopher://127.0.0.1',
      'dict://127.0.0.1',
      'ftp://127.0.0.1',
      'jar:http://127.0.0.1!/',
      '\r\nHost: 127.0.0.1',
      '../../../',
      '?redirect=http://127.0.0.1',
    ]);

test('in no field of a download, and no key of candles', async () => {
  const good = { exchange: 'binance', symbol: 'BTCUSDT', timeframe: '1h', from: '2024-01-01' };
  let sent = 0;
  for (const spelling of spellings()) {
    for (const field of ['exchange', 'symbol', 'timeframe', 'market', 'url', 'host']) {
      const { statusCode } = await door.server.inject({
        method: 'POST',
        url: '/api/data/fetch',
        payload: { ...good, [field]: spelling },
        headers: { host: 'localhost' },
      });
      // A bare "localhost" or "0" could be the name of an exchange or a symbol: none of that name is known.
      const known = { exchange: /^[a-z][a-z0-9_-]{0,31}$/, symbol: /^[A-Z0-9]{1,24}$/ }[field];
      if (known?.test(spelling) === true) continue;
      expect([field, spelling, statusCode]).toEqual([field, spelling, 400]);
      sent++;
    }
    const { statusCode } = await door.server.inject({
      method: 'POST',
      url: '/api/backtests/estimate',
      payload: { strategy: 'sma-cross', data: spelling },
      headers: { host: 'localhost' },
    });
    expect([spelling, statusCode >= 400 && statusCode < 500]).toEqual([spelling, true]);
  }
  expect(sent).toBeGreaterThan(800);
  expect(calls).toBe(0);
});

test('a call would be noticed', async () => {
  await fetch(`http://127.0.0.1:${port}/`);
  expect(calls).toBe(1);
});
