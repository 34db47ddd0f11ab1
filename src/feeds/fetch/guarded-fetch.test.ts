// No spelling, name server or redirect leads a download to a forbidden place.
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import type { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { type Connect, createConnect, createGuardedFetch, type HttpAnswer } from './guarded-fetch.ts';
import { isPublicAddress } from './public-address.ts';

const PUBLIC = '93.184.215.14';
const hosts = ['data.example'];
const signal = new AbortController().signal;
const resolve = async (): Promise<string[]> => [PUBLIC];
const answer = (status: number, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers: { get: (name) => headers[name] ?? null },
  body: (async function* () {
    yield Buffer.from('body');
  })(),
});
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'allowed',
    (error) => (isAppError(error) ? error.code : `untyped ${error}`),
  );

describe('addresses', () => {
  test('private, local, tunnelled, multicast and malformed ones are not public', () => {
    const inside = [
      '127.0.0.1',
      '127.255.255.254',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '192.0.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '240.0.0.1',
      '203.0.113.9',
      '::1',
      '::',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:8.8.8.8',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '2001::1',
      '3fff::1',
      '5f00::1',
      'fec0::1',
      '4000::1',
      '',
      'localhost',
      '0x7f.1',
      '2130706433',
      '127.1',
      '0177.0.0.1',
      '1.2.3.4:80',
      '[::1]',
      'fe80::1%eth0',
    ];
    for (const address of inside) expect(isPublicAddress(address), address).toBe(false);
  });

  test('ordinary ones are', () => {
    for (const address of [PUBLIC, '8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2600:9000::1', '2a00:1450::1']) {
      expect(isPublicAddress(address), address).toBe(true);
    }
  });
});

describe('URLs', () => {
  const never: Connect = async () => expect.fail('a connection was opened');
  test.each([
    'http://data.example/x',
    'file:///etc/passwd',
    'ftp://data.example/x',
    'https://other.example/x',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://017700000001/',
    'https://127.1/',
    'https://localhost/',
    'https://data.example:8443/',
    'https://user@data.example/',
    'https://user:secret@data.example/',
    'https://data.example.evil.example/',
    'https://data.example@evil.example/',
    'https://evil.example#data.example',
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:7f00:1]/',
    'https://data.example./',
    'https://evil.example\\@data.example/',
    'javascript:1',
    '//data.example/x',
    '',
  ])('%s is forbidden before anything is sent', async (url) => {
    expect(await codeOf(createGuardedFetch({ hosts, resolve, connect: never })(url, { signal }))).toBe(
      'FETCH_FORBIDDEN',
    );
  });
});

describe('name servers', () => {
  test('one inside address among public ones forbids the host', async () => {
    for (const addresses of [[PUBLIC, '127.0.0.1'], ['169.254.169.254'], ['::ffff:10.0.0.1'], []]) {
      const guarded = createGuardedFetch({ hosts, resolve: async () => addresses, connect: async () => answer(200) });
      expect(await codeOf(guarded('https://data.example/x', { signal })), addresses.join()).toBe('FETCH_FORBIDDEN');
    }
  });

  test('the name is resolved once and the checked address is the one connected', async () => {
    let lookups = 0;
    const rebinding = async (): Promise<string[]> => (lookups++ === 0 ? [PUBLIC] : ['127.0.0.1']);
    let connected: readonly string[] = [];
    const connect: Connect = async (_, addresses) => {
      connected = addresses;
      return answer(200);
    };
    await createGuardedFetch({ hosts, resolve: rebinding, connect })('https://data.example/x', { signal });
    expect([lookups, connected]).toEqual([1, [PUBLIC]]);
  });

  test('a name that does not resolve is a failed fetch that says to check the line', async () => {
    const offline = async (): Promise<never> => {
      throw new Error('getaddrinfo EAI_AGAIN data.example');
    };
    await expect(
      createGuardedFetch({ hosts, resolve: offline })('https://data.example/x', { signal }),
    ).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      message: expect.stringMatching(/EAI_AGAIN.*online/),
    });
  });
});

describe('redirects', () => {
  const following = (locations: readonly string[]) => {
    let at = 0;
    const seen: string[] = [];
    const connect: Connect = async (url) => {
      seen.push(url.href);
      return at < locations.length ? answer(302, { location: locations[at++]! }) : answer(200);
    };
    return { seen, work: createGuardedFetch({ hosts, resolve, connect })('https://data.example/a', { signal }) };
  };

  test('three are followed, also relative ones, and a fourth is not', async () => {
    const three = following(['/b', 'https://data.example/c', 'd']);
    expect((await three.work).status).toBe(200);
    expect(three.seen.map((url) => new URL(url).pathname)).toEqual(['/a', '/b', '/c', '/d']);
    const loop = following(['/b', '/a', '/b', '/a', '/b']);
    expect(await codeOf(loop.work)).toBe('FETCH_FAILED');
    expect(loop.seen.length).toBe(4);
  });

  test('each is checked like a first request', async () => {
    for (const location of [
      'http://data.example/x',
      'https://evil.example/',
      'https://127.0.0.1/',
      'file:///etc/passwd',
    ]) {
      const { work, seen } = following([location]);
      expect(await codeOf(work), location).toBe('FETCH_FORBIDDEN');
      expect(seen.length).toBe(1);
    }
    let lookups = 0;
    const turning = async (): Promise<string[]> => (lookups++ === 0 ? [PUBLIC] : ['10.0.0.1']);
    const guarded = createGuardedFetch({
      hosts,
      resolve: turning,
      connect: async () => answer(302, { location: '/b' }),
    });
    expect(await codeOf(guarded('https://data.example/a', { signal }))).toBe('FETCH_FORBIDDEN');
  });
});

describe('connections', () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });
  const serve = async (listener: RequestListener): Promise<number> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((done) => server.once('listening', done));
    return (server.address() as AddressInfo).port;
  };

  test('go to the pinned address under the asked name', async () => {
    const port = await serve((request, response) => response.end(`host ${request.headers.host}`));
    // The name below exists nowhere: only pinning can reach the server.
    const connect = createConnect(httpRequest as typeof httpsRequest);
    const { status, body } = await connect(new URL(`http://data.example:${port}/x`), ['127.0.0.1'], signal);
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    expect([status, Buffer.concat(parts).toString()]).toEqual([200, `host data.example:${port}`]);
  });

  test('end when the signal says so', async () => {
    const port = await serve(() => undefined);
    const abort = new AbortController();
    const work = createConnect(httpRequest as typeof httpsRequest)(
      new URL(`http://x.example:${port}/`),
      ['127.0.0.1'],
      abort.signal,
    );
    setTimeout(() => abort.abort(), 20);
    await expect(work).rejects.toThrow(/abort/i);
  });
});
