// The entry of a computing thread: performs the one task it was started for.
import { parentPort, workerData } from 'node:worker_threads';
import { type ComputeMessage, type ComputeSetup, PULSE_MS } from '../compute/compute-thread.ts';
import { handedMirror } from '../compute/handed-candles.ts';
import { performTask } from '../compute/perform.ts';
import { LIMITS } from '../core/limits.ts';
import { packError, STOP_REASONS } from '../pool/messages.ts';
import { goBelowAnswers } from './below-answers.ts';

goBelowAnswers();
const { task, folder, storeRoot, engineVersion, othersBytes = 0, candles, stop, pulse } = workerData as ComputeSetup;
/**
 * Resident bytes are those of the whole process. Of them, others may hold what they were granted: budgets add up to what all may
 * take, so the service itself counts in each of them, and never less than it takes alone.
 */
const ownBytes = (): number => {
  const bytes = process.memoryUsage.rss();
  return Math.max(bytes - othersBytes, Math.min(bytes, LIMITS.serviceBytes));
};
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
      settledBytes: ownBytes,
      peakBytes: ownBytes,
    },
    { reason: () => STOP_REASONS[Atomics.load(stop, 0)] },
    { onProgress: (progress) => say({ progress }), onStudy: (study) => say({ study }) },
  );
  say({ answer });
} catch (error) {
  say({ error: packError(error) });
}
