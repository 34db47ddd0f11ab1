// The entry of a computing thread: performs the one task it was started for.
import { parentPort, workerData } from 'node:worker_threads';
import { type ComputeMessage, type ComputeSetup, PULSE_MS } from '../compute/compute-thread.ts';
import { handedMirror } from '../compute/handed-candles.ts';
import { performTask } from '../compute/perform.ts';
import { packError, STOP_REASONS } from '../pool/messages.ts';
import { goBelowAnswers } from './below-answers.ts';

goBelowAnswers();
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
    { onProgress: (progress) => say({ progress }) },
  );
  say({ answer });
} catch (error) {
  say({ error: packError(error) });
}
