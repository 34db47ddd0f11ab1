// The contract of shared places on a real S3 server: one that GRIDMILL_S3_ENDPOINT names, with credentials from the environment.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testObjectStore } from '../../src/cluster/object-store.contract.ts';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { openS3Objects } from '../../src/cluster/s3-objects.ts';

const endpoint = process.env['GRIDMILL_S3_ENDPOINT'];
if (endpoint === undefined) console.log('skipped: GRIDMILL_S3_ENDPOINT names no S3 server.');

describe.skipIf(endpoint === undefined)('a real server', () => {
  const region = 'us-east-1';
  const bucket = `gridmill-${process.pid}-${Math.floor(performance.timeOrigin)}`;
  const opened: ObjectStore[] = [];
  let count = 0;
  let ready: ObjectStore[] = [];

  beforeAll(async () => {
    const client = new S3Client({ endpoint, region, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const places = Array.from({ length: 32 }, (_, i) => openS3Objects({ bucket, prefix: `t${i}`, endpoint, region }));
    ready = await Promise.all(places);
  });
  afterAll(() => {
    for (const store of [...ready, ...opened]) store.close();
  });

  testObjectStore('S3', () => ready[count++ % ready.length]!);

  test('a wrong secret is refused', async () => {
    const real = process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';
    const store = await openS3Objects({ bucket, prefix: '', endpoint, region });
    opened.push(store);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'OBJECTS_REFUSED' });
    process.env['AWS_SECRET_ACCESS_KEY'] = real;
  });

  test('an object in parts comes back whole', async () => {
    const large = new Uint8Array(70 * 2 ** 20).fill(3);
    await ready[0]!.put('large', large);
    expect(Buffer.compare((await ready[0]!.get('large'))!, large)).toBe(0);
    expect(await ready[0]!.create('large', large)).toBe('same');
  });
});
