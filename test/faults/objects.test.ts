// Shared places under faults: refusals, lost answers, torn and flipped bytes in S3; every failing operation and a power loss in a folder.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openFileObjects } from '../../src/cluster/file-objects.ts';
import { testObjectStore } from '../../src/cluster/object-store.contract.ts';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { openS3Objects } from '../../src/cluster/s3-objects.ts';
import { createPrng } from '../../src/core/prng.ts';
import { type FakeS3, startFakeS3 } from './fake-s3.ts';
import { createFaultDisk } from './fault-disk.ts';
import { createMemoryDisk } from './memory-disk.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined => found && new TextDecoder().decode(found);

let fake: FakeS3;
let prefix = 0;
const opened: ObjectStore[] = [];
const openAt = async (at: string): Promise<ObjectStore> => {
  const sleep = async (): Promise<void> => undefined;
  const store = await openS3Objects({
    bucket: 'bucket',
    prefix: at,
    endpoint: fake.endpoint,
    region: 'us-east-1',
    sleep,
  });
  opened.push(store);
  return store;
};
let next: ObjectStore;

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test-id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test-secret-canary');
  fake = await startFakeS3();
});
afterEach(() => {
  fake.fault = () => undefined;
  fake.honoursConditions = true;
  vi.restoreAllMocks();
});
afterAll(async () => {
  for (const store of opened) store.close();
  await fake.close();
  vi.unstubAllEnvs();
});

describe('S3', async () => {
  const fresh = async (): Promise<ObjectStore> => openAt(`t${prefix++}`);

  test('a server that is slow to serve is asked again, and not for ever', async () => {
    // The client waits for a random share of growing times.
    vi.spyOn(Math, 'random').mockReturnValue(0.01);
    const store = await fresh();
    let left = 2;
    fake.fault = (method) => (method === 'PUT' && left-- > 0 ? 'slow-down' : undefined);
    expect(await store.create('a', bytes('1'))).toBe('created');
    fake.fault = () => 'slow-down';
    const before = fake.requests.length;
    await expect(store.put('b', bytes('1'))).rejects.toMatchObject({ code: 'OBJECTS_UNREACHABLE', retryable: true });
    expect(fake.requests.length - before).toBe(5);
  });

  test('a create-only write whose answer was lost finds its own bytes', async () => {
    const store = await fresh();
    let lost = 0;
    fake.fault = (method) => (method === 'PUT' && lost++ === 0 ? 'lost-answer' : undefined);
    expect(await store.create('claim', bytes('mine'))).toBe('same');
    expect(text(await store.get('claim'))).toBe('mine');
    expect(await store.create('claim', bytes('late'))).toBe('taken');
  });

  test('a connection that breaks is made again', async () => {
    const store = await fresh();
    let broken = 0;
    fake.fault = () => (broken++ < 2 ? 'reset' : undefined);
    await store.put('a', bytes('1'));
    expect(text(await store.get('a'))).toBe('1');
  });

  test.each(['torn-body', 'flipped-bit'] as const)('a %s is read again, and never believed', async (kind) => {
    const store = await fresh();
    await store.put('a', bytes('0123456789'));
    let struck = 0;
    fake.fault = (method) => (method === 'GET' && struck++ < 2 ? kind : undefined);
    expect(text(await store.get('a'))).toBe('0123456789');
    expect(struck).toBe(3);
    fake.fault = (method) => (method === 'GET' ? kind : undefined);
    await expect(store.get('a')).rejects.toMatchObject({ retryable: true });
  });

  test('a refusal is told at once, without keys, and is no missing object', async () => {
    const store = await fresh();
    fake.fault = () => 'denied';
    const before = fake.requests.length;
    const calls = [
      () => store.get('a'),
      () => store.put('a', bytes('1')),
      () => store.create('a', bytes('1')),
      () => store.remove('a'),
    ];
    for (const call of calls) {
      const error = await call().then(
        () => expect.fail('refused calls do not end well'),
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ code: 'OBJECTS_REFUSED' });
      expect(inspect(error, { depth: 9 })).not.toMatch(/test-id|canary|Signature|127\.0\.0\.1/);
    }
    expect(fake.requests.length - before).toBe(4);
  });

  test('a missing bucket is told as such', async () => {
    const store = await openS3Objects({
      bucket: 'elsewhere',
      prefix: '',
      endpoint: fake.endpoint,
      region: 'us-east-1',
    });
    await expect(store.get('a')).rejects.toThrow(/NoSuchBucket/);
    store.close();
  });

  test('a large object goes in parts, and nothing is left of one that fails', async () => {
    const store = await fresh();
    const large = new Uint8Array(70 * 2 ** 20);
    large[69 * 2 ** 20] = 7;
    await store.put('large', large);
    expect(Buffer.compare((await store.get('large'))!, large)).toBe(0);
    expect(fake.requests.filter((line) => line.endsWith('/large') && line.startsWith('PUT'))).toHaveLength(2);
    let parts = 0;
    fake.fault = (method) => (method === 'PUT' && ++parts > 1 ? 'denied' : undefined);
    await expect(store.put('large', large)).rejects.toMatchObject({ code: 'OBJECTS_REFUSED' });
    expect(fake.openUploads()).toBe(0);
  });

  test('without the condition two would both have made it: the contract sees that', async () => {
    const store = await fresh();
    fake.honoursConditions = false;
    const ends = await Promise.all([store.create('race', bytes('1')), store.create('race', bytes('2'))]);
    expect(ends).toEqual(['created', 'created']);
  });
});

describe('the contract', () => {
  beforeAll(async () => {
    next = await openAt('contract');
  });
  // Each test has a bucket for itself.
  testObjectStore('S3', () => {
    fake.objects.clear();
    return next;
  });
});

describe('a folder', () => {
  const root = mkdtempSync(join(tmpdir(), 'gridmill-objects-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test.each(['EIO', 'ENOSPC', 'EACCES'])(
    'when any operation of a create-only write fails with %s, the object is whole or absent, and trying again ends well',
    async (code) => {
      for (const mode of ['once', 'forever'] as const) {
        for (let failAt = 1; ; failAt++) {
          const folder = join(root, `${code}-${mode}-${failAt}`);
          const disk = createFaultDisk({ failAt, mode, code, shortWrites: true });
          const ended = await openFileObjects(folder, disk)
            .create('runs/claim', bytes('0123456789'))
            .catch((error: unknown) => error);
          if (ended instanceof Error) expect(ended).toMatchObject({ code: expect.stringMatching(/^(STORE|OBJECTS)_/) });
          disk.heal();
          const store = openFileObjects(folder);
          expect([undefined, '0123456789']).toContain(text(await store.get('runs/claim')));
          expect(await store.create('runs/claim', bytes('0123456789'))).toMatch(/^(created|same)$/);
          expect(readdirSync(join(folder, 'runs')).filter((name) => !name.endsWith('.tmp'))).toEqual(['claim']);
          if (!disk.fired) break;
        }
      }
    },
  );

  test('what was answered survives a power loss, and what was not is whole or absent', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const prng = createPrng(seed);
      const disk = createMemoryDisk();
      const stopAt = 1 + prng.nextBelow(30);
      const answered = new Map<string, string>();
      class PowerLoss extends Error {}
      disk.onOperation = (count) => {
        if (count === stopAt) throw new PowerLoss();
      };
      const store = openFileObjects('/shared', disk);
      try {
        for (let i = 0; i < 6; i++) {
          const [key, value] = [`k${prng.nextBelow(3)}`, `value ${i}`];
          const end = await store.create(key, bytes(value));
          if (end === 'created') answered.set(key, value);
        }
      } catch (error) {
        if (!(error instanceof PowerLoss)) throw error;
      }
      const after = openFileObjects('/shared', disk.crash(prng));
      for (const key of ['k0', 'k1', 'k2']) {
        const found = text(await after.get(key));
        const wanted = answered.get(key);
        if (wanted === undefined) expect(found ?? 'value', `seed ${seed}`).toMatch(/^value( \d)?$/);
        else expect(found, `seed ${seed}`).toBe(wanted);
      }
    }
  });
});
