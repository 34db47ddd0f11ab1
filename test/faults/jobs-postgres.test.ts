// A PostgreSQL server that dies, is away, and comes back under a queue.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { keepLeases } from '../../src/jobs/lease-keeper.ts';
import { openPostgresStore } from '../../src/jobs/postgres-store.ts';
import { NO_LIVENESS } from '../../src/jobs/process-identity.ts';
import { startRunner } from '../../src/jobs/runner.ts';
import { createTime } from '../../src/jobs/time.ts';
import { POSTGRES_PROGRAMS, type PostgresServer, startPostgres } from '../fixtures/jobs/postgres-server.ts';
import { QUICK } from '../fixtures/jobs/start-runner.ts';

const time = createTime({ monotonicMs: () => performance.now(), wallMs: () => Date.now() });

describe.skipIf(POSTGRES_PROGRAMS === undefined)('a queue in PostgreSQL', () => {
  let server: PostgresServer;
  let store: JobStore;
  beforeAll(async () => {
    server = await startPostgres();
    store = await openPostgresStore(server.url);
  });
  afterAll(async () => {
    await store.close();
    await server.remove();
  });

  const submit = (id: string) => store.submit({ id, kind: 'k', request: id }, 0);

  test('keeps what it accepted when the server dies, and works on when it is back', async () => {
    for (let i = 0; i < 20; i++) await submit(`before-${i}`);
    const claimed = (await store.claim({ owner: { runner: 'r' }, claimId: 'c', kinds: ['k'] }, 0))!;
    // SIGQUIT: the server drops everything at once and recovers from its log at the next start.
    await server.stop('SIGQUIT');
    const error = await submit('meanwhile').catch((reason: unknown) => reason);
    expect(isAppError(error, 'QUEUE_UNREACHABLE') && error.retryable).toBe(true);
    await server.start();
    expect((await store.list({})).jobs).toHaveLength(20);
    expect(await store.look([claimed.lease])).toEqual(['held']);
    await store.complete(claimed.lease, 'late and right', 0);
    await submit('after');
    expect(await store.result('before-0')).toMatchObject({ value: 'late and right' });
  });

  test('a runner outlives an outage and hands its result in afterwards', async () => {
    await server.empty();
    await store.close();
    store = await openPostgresStore(server.url);
    const prng = createPrng(1);
    const settings = { ...QUICK, leaseMs: 8_000 };
    const keeper = keepLeases({ store, time, prng, settings });
    await submit('long');
    const runner = startRunner({
      store,
      time,
      prng,
      name: 'r',
      kinds: ['k'],
      concurrency: 1,
      settings,
      keeper,
      pollMs: 50,
      liveness: NO_LIVENESS,
      async run(_, { progress }) {
        for (let i = 0; i < 20; i++) {
          progress({ done: i, total: 20 });
          await time.sleep(50);
        }
        return 'whole';
      },
    });
    while (runner.running().length === 0) await time.sleep(10);
    await server.stop('SIGQUIT');
    await time.sleep(1_200);
    await server.start();
    while ((await store.get('long'))?.state !== 'done') await time.sleep(20);
    expect(await store.get('long')).toMatchObject({ state: 'done', token: 1 });
    await runner.close();
    await keeper.close();
  });

  test('an address that leads nowhere is a passing trouble, and shows no password', async () => {
    const error = await openPostgresStore('postgres://u:geheim@127.0.0.1:9/x').catch((reason: unknown) => reason);
    if (!isAppError(error, 'QUEUE_UNREACHABLE')) expect.fail(String(error));
    expect(JSON.stringify([error.message, error.stack])).not.toContain('geheim');
  });
});
