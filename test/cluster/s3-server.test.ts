// The contract of shared places on a real S3 server: one that GRIDMILL_S3_ENDPOINT names, with credentials from the environment, else Ceph.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testObjectStore } from '../../src/cluster/object-store.contract.ts';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { openS3Objects } from '../../src/cluster/s3-objects.ts';
import { missingForRealS3, type S3Lab, startRealS3 } from './s3-lab.ts';

const missing = missingForRealS3();
if (missing !== undefined) console.log(`skipped: no real S3 server here: ${missing}.`);

describe.skipIf(missing !== undefined)('a real server', () => {
  const region = 'us-east-1';
  const opened: ObjectStore[] = [];
  let server: S3Lab;
  let count = 0;
  let ready: ObjectStore[] = [];
  const open = (prefix: string): Promise<ObjectStore> =>
    openS3Objects({ bucket: server.buckets[0], prefix, endpoint: server.endpoint, region });

  beforeAll(async () => {
    server = await startRealS3();
    for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
    ready = await Promise.all(Array.from({ length: 32 }, (_, i) => open(`t${i}`)));
  });
  afterAll(async () => {
    for (const store of [...ready, ...opened]) store.close();
    vi.unstubAllEnvs();
    await server?.stop();
  });

  testObjectStore('S3', () => ready[count++ % ready.length]!);

  test('a wrong secret is refused', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    const store = await open('');
    opened.push(store);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'OBJECTS_REFUSED' });
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.environment['AWS_SECRET_ACCESS_KEY']!);
  });

  test('an object in parts comes back whole', async () => {
    const large = new Uint8Array(70 * 2 ** 20).fill(3);
    await ready[0]!.put('large', large);
    expect(Buffer.compare((await ready[0]!.get('large'))!, large)).toBe(0);
    expect(await ready[0]!.create('large', large)).toBe('same');
  });
});
