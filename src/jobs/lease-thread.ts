// The thread that renews leases: it never computes, so that nothing a job does can make a renewal late.
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../core/errors.ts';
import { createPrng } from '../core/prng.ts';
import type { KeeperMessage, KeeperSetup } from './keeper-messages.ts';
import { type KeeperOptions, keepLeases } from './lease-keeper.ts';
import { openJobStore } from './open-store.ts';
import { createTime } from './time.ts';

const { location, settings, seed } = workerData as KeeperSetup;
const time = createTime({ monotonicMs: () => performance.now(), wallMs: () => Date.now() });
const prng = createPrng(seed);

let opening: Promise<KeeperOptions['store']> | undefined;
/** Opened when it is first needed, and again when that failed: attempts are stopped on time without it. */
async function store(): Promise<KeeperOptions['store']> {
  opening ??= openJobStore(location);
  try {
    return await opening;
  } catch (cause) {
    opening = undefined;
    if (cause instanceof AppError) throw cause;
    throw new AppError('QUEUE_UNREACHABLE', { found: String(cause), todo: 'It is tried again.', cause });
  }
}

const keeper = keepLeases({
  store: {
    renew: async (lease, beat) => (await store()).renew(lease, beat),
    look: async (leases) => (await store()).look(leases),
  },
  time,
  prng,
  settings,
});

parentPort!.on('message', (message: KeeperMessage) => {
  if ('hold' in message) keeper.hold(message.hold);
  else keeper.drop(message.drop);
});
