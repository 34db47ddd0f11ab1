// Does AWS Batch take what the template of the stack says, and does the program read the stack's outputs?
import { expect, test } from 'vitest';
import { readCloudStack } from '../../src/cluster/cloud-stack.ts';
import { startBatchApi } from './batch-api.ts';
import { batchStack } from './batch-stack.ts';

test('the job definitions of the template register, on queues of their platform, and its outputs name them', async () => {
  const stack = batchStack({ Ec2Spot: 'true', ReadOnlyRoot: 'true' }, { input: 'inputs', result: 'results' });
  const api = await startBatchApi({ execute: async () => ({}), queues: stack.queues, others: stack.describe });
  try {
    for (const definition of stack.definitions) api.definitions.register(definition, 0);
    process.env['AWS_ACCESS_KEY_ID'] ??= 'a';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'b';
    const read = await readCloudStack('lab', { region: 'eu-central-1', endpoint: api.endpoint });
    expect(read).toMatchObject({
      name: 'lab',
      account: '123456789012',
      inputBucket: 'inputs',
      resultBucket: 'results',
    });
    for (const [queue, definition] of [
      [read.queues.spot, read.definitions.shard],
      [read.queues.onDemand, read.definitions.merge],
      [read.ec2Queue, read.definitions.ec2Shard],
    ]) {
      const { platformCapabilities, container } = api.definitions.resolve({
        ...{ jobName: 'a', jobQueue: queue, jobDefinition: definition },
      });
      api.queues.checkPlatform(api.queues.find(queue!), platformCapabilities!);
      expect(container!.readonlyRootFilesystem).toBe(true);
    }
    await expect(readCloudStack('other', { region: 'eu-central-1', endpoint: api.endpoint })).rejects.toMatchObject({
      code: 'STACK_NOT_FOUND',
    });
  } finally {
    await api.close();
  }
});
