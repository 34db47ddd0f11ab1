// gridmill cloud down: deletes a stack, after its jobs have ended and somebody has said that what is in it may go.
import type { AwsSettings } from '../cluster/aws-calls.ts';
import type { Formation } from '../cluster/cloud-stack.ts';
import type { Stack } from '../cluster/stack-changes.ts';
import { createStopSource } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { asCalled } from './called-as.ts';
import { awsSettings, checkStack, type StackOptions, stackWatch } from './cloud-up.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { stoppable } from './run-context.ts';

interface DownOptions extends StackOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** Resources of deploy/aws/template.yaml that are looked at by name. */
const QUEUES = ['SpotQueueResource', 'OnDemandQueueResource', 'Ec2QueueResource'] as const;
const JOBS_SAID = 5;

/** Errors: STACK_NOT_FOUND; STACK_NOT_READY while jobs run; REQUEST_INVALID without --yes; those of takeDown. */
export async function cloudDown(options: DownOptions, host: Host): Promise<ExitCode> {
  const name = checkStack(options.stack);
  const { openFormation, describeStack, notFound } = await import('../cluster/cloud-stack.ts');
  const settings = awsSettings(options, host);
  const formation = await openFormation(settings);
  try {
    const stack = await describeStack(formation, name);
    if (stack === undefined) throw notFound(name, await formation.client.config.region());
    return await deleteStack(stack, formation, settings, options, host);
  } finally {
    formation.client.destroy();
  }
}

async function deleteStack(
  stack: Stack,
  formation: Formation,
  settings: AwsSettings,
  options: DownOptions,
  host: Host,
): Promise<ExitCode> {
  const [{ checkRemovable, physicalNames, takeDown }, { emptyBucket, openBatchContents }] = await Promise.all([
    import('../cluster/stack-changes.ts'),
    import('../cluster/stack-contents.ts'),
  ]);
  checkRemovable(stack);
  const name = stack.StackName ?? options.stack;
  const names = await physicalNames(formation, stack.StackId ?? name);
  const batch = await openBatchContents(settings);
  const stop = createStopSource(host.clock);
  try {
    const queues = QUEUES.map((id) => names.get(id)).filter((queue) => queue !== undefined);
    const alive = await batch.jobsAlive(queues);
    if (alive.length > 0 && options.force !== true) throw stillRunning(name, alive);
    const inputs = names.get('InputBucketResource');
    const results = names.get('ResultBucketResource');
    host.stdout.write(plan(name, { jobs: alive.length, inputs, results, images: names.get('RepositoryResource') }));
    if (options.yes !== true) {
      throw new AppError('REQUEST_INVALID', {
        rule: 'What a stack holds is removed only when that is asked for.',
        found: 'no --yes; nothing was removed.',
        todo: 'Run the same command with --yes.',
      });
    }
    await stoppable(host, stop, async (token) => {
      if (inputs !== undefined) {
        const count = await emptyBucket(inputs, settings);
        host.stderr.write(`s3://${inputs}: ${count.toLocaleString('en')} objects removed\n`);
      }
      await takeDown(formation, stack, host.newId(), stackWatch(token, host));
      for (const definition of [`${name}-shard`, `${name}-shard-ec2`, `${name}-merge`])
        await batch.deregister(definition);
    });
    host.stdout.write(
      asCalled(
        `Stack ${name} is deleted.\n` +
          (results === undefined
            ? ''
            : `Kept: s3://${results}, with what runs handed in. To remove it too: aws s3 rb --force s3://${results}\n`),
        host,
      ),
    );
    return;
  } finally {
    batch.close();
  }
}

interface Contents {
  readonly jobs: number;
  readonly inputs: string | undefined;
  readonly results: string | undefined;
  readonly images: string | undefined;
}

function plan(name: string, { jobs, inputs, results, images }: Contents): string {
  const lines = [
    ...(jobs === 0 ? [] : [`  ${jobs.toLocaleString('en')} jobs that have not ended`]),
    ...(inputs === undefined ? [] : [`  s3://${inputs} with the candles and strategies that were sent`]),
    ...(images === undefined ? [] : [`  the ECR repository ${images} with its images`]),
    '  queues, compute environments, job definitions, roles, logs, and the network if the stack made one',
  ];
  const kept = results === undefined ? '' : `Stays:\n  s3://${results} with the results of runs\n`;
  return `Goes with stack ${name}:\n${lines.join('\n')}\n${kept}`;
}

const stillRunning = (name: string, jobs: readonly string[]): AppError =>
  new AppError('STACK_NOT_READY', {
    rule: 'A stack is deleted when no job of it waits or runs.',
    found: `${jobs.length.toLocaleString('en')} on the queues of ${name}: ${jobs.slice(0, JOBS_SAID).join(', ')}${jobs.length > JOBS_SAID ? ', …' : ''}`,
    todo: 'Let them end, end them (gridmill cloud cancel), or give --force.',
  });
