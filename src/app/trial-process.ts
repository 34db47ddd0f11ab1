// The entry of a fenced process that runs trials: as a trial thread, with pipes in place of shared memory.
import { openProcessChannel } from '../isolation/process-channel.ts';
import type { ToWorker } from '../turbo/messages.ts';
import { serveTrials } from '../turbo/worker.ts';
import { importGuarded } from './import-guarded.ts';

let take: (message: ToWorker) => void;
const channel = openProcessChannel((message) => take(message as ToWorker));

serveTrials(importGuarded, {
  receive: (taker) => {
    take = taker;
  },
  answer: channel.post,
  at: channel.moveTo,
});
