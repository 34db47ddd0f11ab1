// The entry of a scoring process: as a scoring thread, with pipes in place of shared memory.
import { openProcessChannel } from '../isolation/process-channel.ts';
import type { ThreadSetup, WorkMessage } from '../pool/messages.ts';
import { openMember } from '../pool/worker.ts';
import { importGuarded } from './import-guarded.ts';

let serve: ((message: WorkMessage) => void) | undefined;
let isOpen = false;

const channel = openProcessChannel(async (message) => {
  if (isOpen) {
    serve?.(message as WorkMessage);
    return;
  }
  isOpen = true;
  serve = await openMember(message as Omit<ThreadSetup, 'position'>, importGuarded, channel);
});
