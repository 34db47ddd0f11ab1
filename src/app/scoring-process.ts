// The entry of a fenced process: scores as a scoring thread does, with pipes in place of shared memory, or tells of a strategy.
import { openProcessChannel } from '../isolation/process-channel.ts';
import { type DescribeRequest, packError, type ThreadSetup, type WorkMessage } from '../pool/messages.ts';
import { openMember } from '../pool/worker.ts';
import { describeStrategy } from './describe-strategy.ts';
import { importGuarded } from './import-guarded.ts';

type First = { readonly describe: DescribeRequest } | Omit<ThreadSetup, 'position'>;

let serve: ((message: WorkMessage) => void) | undefined;
let isOpen = false;

const channel = openProcessChannel(async (message) => {
  if (isOpen) {
    serve?.(message as WorkMessage);
    return;
  }
  isOpen = true;
  const first = message as First;
  if ('describe' in first) await describe(first.describe);
  else serve = await openMember(first, importGuarded, channel);
});

async function describe(request: DescribeRequest): Promise<void> {
  try {
    const strategy = await importGuarded(request.strategyRef, (said) => channel.post(said));
    channel.post({ described: describeStrategy(strategy, request) });
  } catch (error) {
    channel.post({ unfit: packError(error) });
  }
}
