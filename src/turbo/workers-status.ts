// The part of a pool's status that is about its workers.
import type { TrialSpec } from '../trials/trial.ts';
import { batchesOf, type TrialWorkers, type Worker } from './trial-workers.ts';
import type { TurboStatus } from './turbo-status.ts';

export function workersStatus(
  all: TrialWorkers,
  expected: number,
): Pick<TurboStatus, 'workers' | 'memory' | 'inFlight'> {
  const workers = [...all];
  const ready = workers.filter(({ state, isEnding }) => state.isOnline && !state.isSuccessor && !isEnding);
  const busy = workers.filter((worker) => batchesOf(worker).length > 0);
  const { restarted, recycled } = all;
  return {
    workers: { expected, online: Math.min(ready.length, expected), busy: busy.length, restarted, recycled },
    memory: {
      rssBytes: process.memoryUsage.rss(),
      workers: workers.map(({ number, state }) => ({ number, runs: state.runs, ...state.memory })),
    },
    inFlight: busy.map((worker) => ({
      number: worker.number,
      trials: batchesOf(worker).reduce((sum, { indices }) => sum + indices.length, 0),
      trial: trialAt(worker),
    })),
  };
}

function trialAt(worker: Worker): TrialSpec | undefined {
  const [oldest] = worker.assigned;
  if (oldest?.kind !== 'batch') return undefined;
  const index = oldest.indices[worker.thread.position()];
  return index === undefined ? undefined : oldest.run.trials[index];
}
