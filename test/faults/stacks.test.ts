// Are stacks made, changed, followed and deleted as CloudFormation answers, also when it fails, forgets or does not answer? Through its real client.
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { describeStack, openFormation, readCloudStack } from '../../src/cluster/cloud-stack.ts';
import { bringUp, type StackWatch, takeDown } from '../../src/cluster/stack-changes.ts';
import { isAppError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';

process.env['AWS_ACCESS_KEY_ID'] = 'test';
process.env['AWS_SECRET_ACCESS_KEY'] = 'secret-of-tests';

const TEMPLATE = 'Parameters:\n  Attempts:\n    Default: 5\n  Network:\n    Default: public\nResources: {}\n';
let aws: FakeAws;
let settings: { readonly region: string; readonly endpoint: string };
let formation: Awaited<ReturnType<typeof openFormation>>;
const opened: FakeAws[] = [];
beforeEach(async () => {
  aws = await startFakeAws();
  opened.push(aws);
  settings = { region: 'eu-central-1', endpoint: aws.endpoint };
  formation = await openFormation(settings);
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

let tokens = 0;
const wish = (parameters: Readonly<Record<string, string>> = {}, template = TEMPLATE) => ({
  name: 'lab',
  template,
  parameters,
  token: `token-${++tokens}`,
});

/** Waits for nothing; time passes by looks. */
function watch(change: Partial<StackWatch> = {}, speed = 1): StackWatch & { readonly seen: string[] } {
  let nowMs = 0;
  const seen: string[] = [];
  return {
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    stop: { reason: () => undefined },
    sleep: async (ms) => {
      nowMs += speed * ms;
    },
    onEvent: ({ LogicalResourceId, ResourceStatus }) => seen.push(`${LogicalResourceId} ${ResourceStatus}`),
    seen,
    ...change,
  };
}

const problem = async (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => (isAppError(error) ? { code: error.code, message: error.message } : expect.fail(String(error))),
  );
const actions = (): string[] => aws.requests.map(({ action }) => action);

describe('up', () => {
  test('makes a stack, tells each event once and in order, and reads its outputs', async () => {
    const seeing = watch();
    expect(await bringUp(formation, wish({ Attempts: '3' }), seeing)).toBe('created');
    expect(seeing.seen[0]).toBe('lab CREATE_IN_PROGRESS');
    expect(seeing.seen.at(-1)).toBe('lab CREATE_COMPLETE');
    expect(new Set(seeing.seen).size).toBe(seeing.seen.length);
    expect(seeing.seen).toHaveLength(10);
    const stack = await readCloudStack('lab', settings);
    expect(stack).toMatchObject({
      name: 'lab',
      region: 'eu-central-1',
      account: '123456789012',
      inputBucket: 'lab-inputbucket',
    });
    expect(stack).toMatchObject({ queues: { spot: 'lab-spotqueue', onDemand: 'lab-ondemandqueue' } });
    expect(stack.ec2Queue).toBeUndefined();
    const { form } = aws.requests.find(({ action }) => action === 'CreateStack')!;
    expect(form.get('Tags.member.1.Key')).toBe('gridmill');
    expect(form.get('Capabilities.member.1')).toBe('CAPABILITY_IAM');
  });

  test('keeps parameters that are not named, drops those that the template has no more, and finds nothing to do', async () => {
    await bringUp(formation, wish({ Attempts: '3' }), watch());
    expect(await bringUp(formation, wish(), watch())).toBe('unchanged');
    expect(await bringUp(formation, wish({ Network: 'private' }), watch())).toBe('updated');
    expect(Object.fromEntries(aws.stacks[0]!.parameters)).toEqual({ Attempts: '3', Network: 'private' });
    const smaller = TEMPLATE.replace('  Attempts:\n    Default: 5\n', '');
    const seeing = watch();
    expect(await bringUp(formation, wish({}, smaller), seeing)).toBe('updated');
    expect(Object.fromEntries(aws.stacks[0]!.parameters)).toEqual({ Network: 'private' });
    // Nothing of earlier changes.
    expect(seeing.seen[0]).toBe('lab UPDATE_IN_PROGRESS');
    expect(seeing.seen.join()).not.toContain('CREATE');
  });

  test('touches no stack of something else, and one that the console made of its template', async () => {
    const made = async (StackName: string, TemplateBody: string) => {
      const { sdk, client } = formation;
      await client.send(new sdk.CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_IAM'] }));
      while (aws.stacks.at(-1)!.steps.length > 0) aws.stacks.at(-1)!.steps.shift()!();
    };
    await made('shop', `Description: The shop\n${TEMPLATE}`);
    const up = await problem(bringUp(formation, { ...wish({ Attempts: '3' }), name: 'shop' }, watch()));
    expect(up).toMatchObject({ code: 'REQUEST_INVALID', message: expect.stringContaining('"The shop"') });
    const shop = (await describeStack(formation, 'shop'))!;
    expect((await problem(takeDown(formation, shop, 'token', watch()))).code).toBe('REQUEST_INVALID');
    expect(actions().filter((one) => /^(Update|Delete)Stack$/.test(one))).toEqual([]);
    const own = `Description: Gridmill on AWS Batch - queues\n${TEMPLATE}`;
    await made('lab', own);
    expect(await bringUp(formation, wish({ Attempts: '3' }, own), watch())).toBe('updated');
  });

  test('names the first failure of a stack that is rolled back, and takes no update of it', async () => {
    aws.failing = { logical: 'SpotQueueResource', reason: 'Limit exceeded for queues' };
    const first = await problem(bringUp(formation, wish(), watch()));
    expect(first.code).toBe('STACK_FAILED');
    expect(first.message).toContain(
      'lab is ROLLBACK_COMPLETE; first SpotQueueResource (AWS::Batch::JobQueue) CREATE_FAILED: Limit exceeded',
    );
    expect(first.message).toContain('gridmill cloud down --stack lab --yes');
    const again = await problem(bringUp(formation, wish(), watch()));
    expect(again).toMatchObject({ code: 'STACK_FAILED' });
    expect(again.message).toContain('never whole');
    expect(actions()).not.toContain('UpdateStack');
    expect((await problem(readCloudStack('lab', settings))).code).toBe('STACK_FAILED');
  });

  test('a stack that seems at rest because its change has not begun is looked at again', async () => {
    await bringUp(formation, wish(), watch());
    Object.assign(aws, { isLate: true, pace: 1 });
    const seeing = watch();
    expect(await bringUp(formation, wish({ Attempts: '2' }), seeing)).toBe('updated');
    expect(seeing.seen.at(-1)).toBe('lab UPDATE_COMPLETE');
  });

  test('an update that is rolled back leaves a stack that can be used', async () => {
    await bringUp(formation, wish(), watch());
    aws.failing = { logical: 'ShardJob', reason: 'no such memory' };
    const failed = await problem(bringUp(formation, wish({ Attempts: '9' }), watch()));
    expect(failed.message).toContain('ShardJob (AWS::Batch::JobDefinition) UPDATE_FAILED: no such memory');
    expect(failed.message).toContain('as it was before');
    expect((await readCloudStack('lab', settings)).name).toBe('lab');
  });

  test('a parameter that the template does not have is refused in the words of AWS', async () => {
    const { code, message } = await problem(bringUp(formation, wish({ Speed: '9' }), watch()));
    expect(code).toBe('CLOUD_REFUSED');
    expect(message).toContain('Parameters: [Speed] do not exist in the template');
  });

  test('a change that is under way is waited for, and its failure is not that of the next', async () => {
    await bringUp(formation, wish(), watch());
    aws.failing = { logical: 'ShardJob', reason: 'someone else' };
    const stop = { reason: () => 'cancelled' as const };
    expect((await problem(bringUp(formation, wish({ Attempts: '8' }), watch({ stop })))).code).toBe('CANCELLED');
    expect((await problem(readCloudStack('lab', settings))).code).toBe('STACK_NOT_READY');
    aws.failing = undefined;
    expect(await bringUp(formation, wish({ Attempts: '7' }), watch())).toBe('updated');
    expect(aws.stacks[0]!.parameters.get('Attempts')).toBe('7');
  });

  test('an answer that is lost makes no second stack, and throttling is waited out', async () => {
    aws.refusal = (action, count) =>
      action === 'CreateStack' && count === 1
        ? { status: 500, code: 'InternalFailure', message: 'lost', isDone: true }
        : action === 'DescribeStackEvents' && count === 1
          ? { status: 400, code: 'Throttling', message: 'Rate exceeded' }
          : undefined;
    expect(await bringUp(formation, wish(), watch())).toBe('created');
    expect(aws.stacks).toHaveLength(1);
    expect(actions().filter((one) => one === 'CreateStack')).toHaveLength(2);
  });

  test('what is not allowed is said with the call; secrets are not', async () => {
    aws.refusal = () => ({
      status: 403,
      code: 'AccessDenied',
      message: 'User: arn:aws:iam::1:user/u is not authorized',
    });
    const { code, message } = await problem(bringUp(formation, wish(), watch()));
    expect(code).toBe('CLOUD_REFUSED');
    expect(message).toContain('Let who calls do cloudformation:DescribeStacks');
    expect(message).toContain('user/u is not authorized');
    expect(message).not.toContain('secret-of-tests');
  });

  test('a change without end is left after the limit', async () => {
    aws.pace = 0;
    const seeing = watch({}, 100);
    const { code, message } = await problem(bringUp(formation, wish(), seeing));
    expect(code).toBe('STACK_NOT_READY');
    expect(message).toContain(`at most ${LIMITS.stackChangeMsMax / 60_000} minutes`);
    expect(seeing.clock.monotonicMs()).toBeGreaterThanOrEqual(LIMITS.stackChangeMsMax);
  });

  test('a server that is gone is unreachable, a stack that is not there is not found, one of others is not ours', async () => {
    expect((await problem(readCloudStack('lab', settings))).code).toBe('STACK_NOT_FOUND');
    await bringUp(formation, wish(), watch());
    aws.stacks[0]!.status = 'IMPORT_COMPLETE';
    expect((await problem(readCloudStack('lab', settings))).code).toBe('STACK_FAILED');
    await aws.close();
    expect((await problem(readCloudStack('lab', settings))).code).toBe('CLOUD_UNREACHABLE');
  });
});

/** The command line itself, against the fake. */
async function command(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const output = (write: (text: string) => void) => ({ write, isTty: false, color: false, columns: 200 });
  const host: Partial<Host> = {
    version: '0.0.0',
    calledAs: 'gridmill',
    folder: '/',
    environment: { GRIDMILL_AWS_ENDPOINT: aws.endpoint },
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    newId: () => `token-${++tokens}`,
    stdout: output((text) => {
      out += text;
    }),
    stderr: output((text) => {
      err += text;
    }),
    onInterrupt: () => () => undefined,
  };
  aws.pace = 100;
  const exitCode = await runCli(['cloud', ...argv, '--region', 'eu-central-1'], host as Host);
  return { exitCode, out, err };
}

describe('down', () => {
  test('up, with the template of this program, and down: emptied, deleted, revisions ended, results kept', async () => {
    const up = await command('up', '--stack', 'lab', '--param', 'Attempts=3');
    expect(up).toMatchObject({ exitCode: 0 });
    expect(up.out).toContain('gridmill image STRATEGY_DIR --push lab-repository');
    expect(up.err).toContain('CREATE_COMPLETE  ShardJob (AWS::Batch::JobDefinition)');
    expect(aws.stacks[0]!.parameters.size).toBeGreaterThan(30);
    aws.objects = ['content/a', 'content/b', 'content/c', 'content/d', 'content/e'];
    aws.revisions = [1, 2, 3].map((one) => `arn:aws:batch:eu-central-1:1:job-definition/lab-shard:${one}`);

    const asked = await command('down', '--stack', 'lab');
    expect(asked.exitCode).toBe(2);
    expect(asked.out).toContain('s3://lab-inputbucketresource with the candles');
    expect(asked.err).toContain('nothing was removed');
    expect(aws.objects).toHaveLength(5);

    const down = await command('down', '--stack', 'lab', '--yes');
    expect(down).toMatchObject({ exitCode: 0 });
    expect(down.out).toContain('Kept: s3://lab-resultbucketresource');
    expect(aws.stacks[0]!.status).toBe('DELETE_COMPLETE');
    expect([aws.objects, aws.revisions]).toEqual([[], []]);
    expect((await command('down', '--stack', 'lab', '--yes')).exitCode).toBe(3);
  });

  test('touches nothing of a stack that may not be deleted', async () => {
    await command('up', '--stack', 'lab');
    aws.objects = ['content/a'];
    aws.stacks[0]!.isProtected = true;
    const refused = await command('down', '--stack', 'lab', '--yes', '--force');
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain('termination protection');
    expect(aws.objects).toHaveLength(1);
  });

  test('refuses while jobs run, unless forced', async () => {
    await command('up', '--stack', 'lab');
    aws.jobs = ['gridmill-run-1'];
    const refused = await command('down', '--stack', 'lab', '--yes');
    expect(refused.exitCode).toBe(6);
    expect(refused.err).toContain('gridmill-run-1');
    expect(actions()).not.toContain('DeleteStack');
    expect((await command('down', '--stack', 'lab', '--yes', '--force')).exitCode).toBe(0);
  });

  test('names what could not be deleted, and goes on when called again', async () => {
    await bringUp(formation, wish(), watch());
    aws.failing = { logical: 'SpotQueueResource', reason: 'it is in use', inDelete: true };
    const stack = (await describeStack(formation, 'lab'))!;
    const { code, message } = await problem(takeDown(formation, stack, 'token', watch()));
    expect(code).toBe('STACK_FAILED');
    expect(message).toContain('SpotQueueResource (AWS::Batch::JobQueue) DELETE_FAILED: it is in use');
    aws.failing = undefined;
    expect((await command('down', '--stack', 'lab', '--yes')).exitCode).toBe(0);
  });

  test('a wrong name or parameter is refused before anything is asked', async () => {
    for (const argv of [
      ['up', '--stack', '9lab'],
      ['up', '--stack', 'lab', '--param', 'Attempts'],
      ['up', '--stack', 'lab', '--param', 'A=1', '--param', 'A=2'],
      ['up', '--stack', 'lab', '--template', 'no-such-file'],
      ['down', '--stack', 'a'.repeat(101)],
    ]) {
      expect((await command(...argv)).exitCode, argv.join(' ')).toBe(2);
    }
    expect(aws.requests).toEqual([]);
  });
});
