// The entry of a computing thread: performs the one task it was started for.
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type ComputeMessage, type ComputeSetup, PULSE_MS } from '../compute/compute-thread.ts';
import { handedMirror } from '../compute/handed-candles.ts';
import { performTask } from '../compute/perform.ts';
import { packError, STOP_REASONS } from '../pool/messages.ts';

/** Under Linux priorities are of threads, and threads started from here have the same: the thread that answers goes first. */
const BELOW_ANSWERS = 10;
if (process.platform === 'linux') setPriority(0, BELOW_ANSWERS);

const { task, folder, storeRoot, engineVersion, candles, stop, pulse } = workerData as ComputeSetup;
const say = (message: ComputeMessage): void => parentPort!.postMessage(message);
// Timers come late while anything here computes without a pause: that is what the pulse shows.
setInterval(() => Atomics.add(pulse, 0, 1), PULSE_MS).unref();
try {
  const answer = await performTask(
    task,
    {
      folder,
      storeRoot,
      engineVersion,
      ...(candles === undefined ? {} : { mirror: handedMirror(candles, storeRoot) }),
      clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
      entry: async () => {
        process.setSourceMapsEnabled(true);
        return import('../index.ts');
      },
      // Resident bytes are those of the whole process: what other computations hold counts against the budget too.
      settledBytes: () => process.memoryUsage.rss(),
      peakBytes: () => process.memoryUsage.rss(),
    },
    { reason: () => STOP_REASONS[Atomics.load(stop, 0)] },
    { onProgress: (progress) => say({ progress }), onStudy: (study) => say({ study }) },
  );
  say({ answer });
} catch (error) {
  say({ error: packError(error) });
}
