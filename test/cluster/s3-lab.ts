// An S3 server for tests of clusters: the one that GRIDMILL_S3_ENDPOINT names, else Ceph started here, else the one in this process.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startFakeS3 } from '../faults/fake-s3.ts';
import { missingForCeph, startCeph } from './ceph.ts';

export interface S3Lab {
  /** What answers, in words. */
  readonly kind: string;
  readonly endpoint: string;
  /** What processes need to reach it: endpoint, region, credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** Two names of buckets of this server; they may be one bucket. */
  readonly buckets: readonly [string, string];
  stop(): Promise<void>;
}

const REGION = 'us-east-1';

/** Why no real server can be had, or undefined. */
export function missingForRealS3(): string | undefined {
  if (process.env['GRIDMILL_S3_ENDPOINT'] !== undefined) return undefined;
  const missing = missingForCeph();
  return missing === undefined ? undefined : `GRIDMILL_S3_ENDPOINT names none, and for Ceph ${missing}`;
}

export async function startRealS3(): Promise<S3Lab> {
  const given = process.env['GRIDMILL_S3_ENDPOINT'];
  const server = given === undefined ? await startCeph() : { endpoint: given, credentials: ownCredentials() };
  const { endpoint, credentials } = server;
  const buckets = ['inputs', 'results'].map((name) => `gridmill-${process.pid}-${Date.now()}-${name}`);
  const client = new S3Client({
    ...{ endpoint, region: REGION, forcePathStyle: true },
    credentials: { accessKeyId: credentials.AWS_ACCESS_KEY_ID, secretAccessKey: credentials.AWS_SECRET_ACCESS_KEY },
  });
  for (const name of buckets) await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
  return {
    kind: given === undefined ? 'Ceph RADOS Gateway' : `the server at ${given}`,
    endpoint,
    environment: { ...credentials, AWS_REGION: REGION, GRIDMILL_S3_ENDPOINT: endpoint },
    buckets: buckets as [string, string],
    stop: async () => ('stop' in server ? server.stop() : undefined),
  };
}

/** A real server where one can be had. */
export async function startS3(): Promise<S3Lab> {
  const missing = missingForRealS3();
  if (missing === undefined) return startRealS3();
  console.log(`no real S3 server here (${missing}): the one in this process stands in`);
  const { endpoint, close } = await startFakeS3();
  const credentials = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  return {
    kind: 'the S3 of tests',
    endpoint,
    environment: { ...credentials, AWS_REGION: REGION, GRIDMILL_S3_ENDPOINT: endpoint },
    buckets: ['bucket', 'bucket'],
    stop: close,
  };
}

const ownCredentials = () => ({
  AWS_ACCESS_KEY_ID: process.env['AWS_ACCESS_KEY_ID'] ?? '',
  AWS_SECRET_ACCESS_KEY: process.env['AWS_SECRET_ACCESS_KEY'] ?? '',
});
