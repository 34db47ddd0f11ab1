// A small AWS in this process, for tests of stacks: CloudFormation with its stages, failures and roll-backs, and of Batch and S3 what deleting asks.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeStack {
  readonly id: string;
  readonly name: string;
  status: string;
  template: string;
  parameters: Map<string, string>;
  /** Keys. */
  readonly tags: readonly string[];
  /** Termination protection. */
  isProtected?: boolean;
  readonly events: FakeEvent[];
  /** Resources that are there, by their names in the template. */
  readonly resources: Map<string, string>;
  /** What the change under way has yet to do; the last one puts the stack to rest. */
  steps: (() => void)[];
}

interface FakeEvent {
  readonly id: number;
  readonly token: string;
  readonly logical: string;
  readonly physical: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

/** Resources of a stack, with their types, in the order in which they are made. */
export const RESOURCES: readonly (readonly [logical: string, type: string])[] = [
  ['InputBucketResource', 'AWS::S3::Bucket'],
  ['ResultBucketResource', 'AWS::S3::Bucket'],
  ['SpotQueueResource', 'AWS::Batch::JobQueue'],
  ['ShardJob', 'AWS::Batch::JobDefinition'],
];
const OUTPUTS: readonly string[] =
  'InputBucket ResultBucket Repository SpotQueue OnDemandQueue ShardDefinition MergeDefinition JobRole ExecutionRole LogGroup'.split(
    ' ',
  );
const REGION = 'eu-central-1';
const PAGE = 3;

export interface FakeAws {
  readonly endpoint: string;
  readonly stacks: FakeStack[];
  /** Action and form of each request to CloudFormation; path of each to the others. */
  readonly requests: { readonly action: string; readonly form: URLSearchParams }[];
  /** Steps that pass between two looks at a stack. */
  pace: number;
  /** Whether a change begins only after the next look, the stack being at rest until then. */
  isLate: boolean;
  /** The resource that fails, and why; none for undefined. */
  failing: { readonly logical: string; readonly reason: string; readonly inDelete?: boolean } | undefined;
  /** Answers instead of doing: code and message, and whether what was asked is done all the same. */
  refusal: (
    action: string,
    count: number,
  ) => { status: number; code: string; message: string; isDone?: boolean } | undefined;
  /** Keys with version of the input bucket. */
  objects: string[];
  /** Names of jobs that run. */
  jobs: string[];
  /** ARNs of active revisions. */
  revisions: string[];
  close(): Promise<void>;
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const tag = (name: string, text: string | undefined): string => (text ? `<${name}>${xml(text)}</${name}>` : '');

export async function startFakeAws(): Promise<FakeAws> {
  const server = createServer((request, response) => void answer(request, response));
  let made = 0;
  let eventCount = 0;
  const counts = new Map<string, number>();
  const fake: FakeAws & { endpoint: string } = {
    endpoint: '',
    stacks: [],
    requests: [],
    pace: 2,
    isLate: false,
    failing: undefined,
    refusal: () => undefined,
    objects: [],
    jobs: [],
    revisions: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url ?? '/', 'http://fake');
    const isForm = String(request.headers['content-type']).startsWith('application/x-www-form-urlencoded');
    const form = new URLSearchParams(isForm ? body : '');
    const action = isForm ? form.get('Action')! : `${request.method} ${url.pathname}${url.search}`;
    const count = (counts.get(action) ?? 0) + 1;
    counts.set(action, count);
    fake.requests.push({ action, form });
    const refused = fake.refusal(action, count);
    if (refused?.isDone === true && isForm) ask(action, form);
    const [status, text] =
      refused !== undefined ? refuse(refused) : isForm ? ask(action, form) : await other(action, url, body);
    response.writeHead(status, { 'content-type': text.startsWith('<') ? 'text/xml' : 'application/json' });
    response.end(text);
  }

  type Answer = readonly [status: number, text: string];
  const refuse = ({ status, code, message }: { status: number; code: string; message: string }): Answer => [
    status,
    `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${xml(message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  ];
  const invalid = (message: string): Answer => refuse({ status: 400, code: 'ValidationError', message });

  const find = (nameOrId: string): FakeStack | undefined =>
    fake.stacks.findLast(
      ({ id, name, status }) => id === nameOrId || (name === nameOrId && status !== 'DELETE_COMPLETE'),
    );

  function ask(action: string, form: URLSearchParams): Answer {
    const name = form.get('StackName') ?? '';
    const stack = find(name);
    const respond = (content: string): Answer => [
      200,
      `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${action}Result>${content}</${action}Result></${action}Response>`,
    ];
    if (action === 'GetTemplateSummary') {
      const names = parametersOf(form.get('TemplateBody')!);
      return respond(
        `<Parameters>${names.map((one) => `<member>${tag('ParameterKey', one)}</member>`).join('')}</Parameters>`,
      );
    }
    if (action === 'CreateStack') {
      // The same request again, whose answer was lost.
      if (stack !== undefined && stack.events[0]?.token === form.get('ClientRequestToken'))
        return respond(tag('StackId', stack.id));
      if (stack !== undefined)
        return refuse({ status: 400, code: 'AlreadyExistsException', message: `Stack [${name}] already exists` });
      const id = `arn:aws:cloudformation:${REGION}:123456789012:stack/${name}/${++made}`;
      const fresh: FakeStack = {
        id,
        name,
        status: '',
        template: '',
        parameters: new Map(),
        tags: [...form].flatMap(([key, value]) => (/^Tags\.member\.\d+\.Key$/.test(key) ? [value] : [])),
        events: [],
        resources: new Map(),
        steps: [],
      };
      const wrong = change(fresh, form, 'CREATE');
      if (wrong !== undefined) return invalid(wrong);
      fake.stacks.push(fresh);
      return respond(tag('StackId', id));
    }
    if (action === 'DeleteStack') {
      if (stack !== undefined && stack.status !== 'DELETE_COMPLETE')
        remove(stack, form.get('ClientRequestToken') ?? '');
      return respond('');
    }
    if (stack === undefined) return invalid(`Stack with id ${name} does not exist`);
    if (action === 'UpdateStack') {
      if (stack.status.endsWith('_IN_PROGRESS') || stack.status.startsWith('ROLLBACK'))
        return invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
      const wrong = change(stack, form, 'UPDATE');
      return wrong === undefined ? respond(tag('StackId', stack.id)) : invalid(wrong);
    }
    if (action === 'DescribeStacks') {
      for (let i = 0; i < fake.pace; i++) stack.steps.shift()?.();
      return respond(`<Stacks><member>${stackXml(stack)}</member></Stacks>`);
    }
    if (action === 'ListStackResources') {
      const members = [...stack.resources].map(
        ([logical, physical]) =>
          `<member>${tag('LogicalResourceId', logical)}${tag('PhysicalResourceId', physical)}${tag('ResourceStatus', 'CREATE_COMPLETE')}</member>`,
      );
      return respond(`<StackResourceSummaries>${members.join('')}</StackResourceSummaries>`);
    }
    if (action !== 'DescribeStackEvents') return invalid(`no action ${action}`);
    const from = Number(form.get('NextToken') ?? 0);
    const newest = stack.events.toReversed();
    const next = from + PAGE < newest.length ? tag('NextToken', String(from + PAGE)) : '';
    return respond(
      `<StackEvents>${newest
        .slice(from, from + PAGE)
        .map((event) => eventXml(stack, event))
        .join('')}</StackEvents>${next}`,
    );
  }

  /** Begins a change; answers what is wrong with it. */
  function change(stack: FakeStack, form: URLSearchParams, verb: 'CREATE' | 'UPDATE'): string | undefined {
    const template = form.get('TemplateBody')!;
    if (form.get('Capabilities.member.1') !== 'CAPABILITY_IAM') return 'Requires capabilities : [CAPABILITY_IAM]';
    const known = parametersOf(template);
    const parameters = new Map<string, string>();
    for (let i = 1; form.has(`Parameters.member.${i}.ParameterKey`); i++) {
      const key = form.get(`Parameters.member.${i}.ParameterKey`)!;
      const previous = form.get(`Parameters.member.${i}.UsePreviousValue`) === 'true';
      if (!known.includes(key)) return `Parameters: [${key}] do not exist in the template`;
      parameters.set(key, previous ? stack.parameters.get(key)! : form.get(`Parameters.member.${i}.ParameterValue`)!);
    }
    for (const key of known) if (!parameters.has(key)) parameters.set(key, 'default');
    const isSame =
      stack.template === template &&
      JSON.stringify([...parameters].sort()) === JSON.stringify([...stack.parameters].sort());
    if (verb === 'UPDATE' && isSame) return 'No updates are to be performed.';
    const before = { template: stack.template, parameters: stack.parameters };
    stack.template = template;
    stack.parameters = parameters;
    const token = form.get('ClientRequestToken') ?? '';
    const { failing } = fake;
    stack.steps = [];
    const begin = (): void => move(stack, token, `${verb}_IN_PROGRESS`, 'User Initiated');
    if (fake.isLate) stack.steps.push(() => undefined, begin);
    else begin();
    for (const [logical, type] of RESOURCES) {
      const physical = `${stack.name}-${logical}`.toLowerCase();
      stack.steps.push(() =>
        record(stack, { token, logical, physical, type, status: `${verb}_IN_PROGRESS`, reason: '' }),
      );
      if (failing?.logical === logical && failing.inDelete !== true) {
        stack.steps.push(
          () => record(stack, { token, logical, physical, type, status: `${verb}_FAILED`, reason: failing.reason }),
          () =>
            record(stack, {
              token,
              logical: 'Later',
              physical: '',
              type,
              status: `${verb}_FAILED`,
              reason: 'Resource creation cancelled',
            }),
          () =>
            move(
              stack,
              token,
              verb === 'CREATE' ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS',
              `failed: [${logical}]`,
            ),
          () => {
            if (verb === 'UPDATE') Object.assign(stack, before);
            move(stack, token, verb === 'CREATE' ? 'ROLLBACK_COMPLETE' : 'UPDATE_ROLLBACK_COMPLETE', '');
          },
        );
        return undefined;
      }
      stack.steps.push(() => {
        stack.resources.set(logical, physical);
        record(stack, { token, logical, physical, type, status: `${verb}_COMPLETE`, reason: '' });
      });
    }
    stack.steps.push(() => move(stack, token, `${verb}_COMPLETE`, ''));
    return undefined;
  }

  function remove(stack: FakeStack, token: string): void {
    move(stack, token, 'DELETE_IN_PROGRESS', 'User Initiated');
    stack.steps = [...stack.resources.keys()].toReversed().map((logical) => () => {
      const physical = stack.resources.get(logical)!;
      const type = RESOURCES.find(([one]) => one === logical)![1];
      const isFull = logical === 'InputBucketResource' && fake.objects.length > 0;
      const why = isFull
        ? 'The bucket you tried to delete is not empty'
        : fake.failing?.logical === logical
          ? fake.failing.reason
          : undefined;
      if (why !== undefined) record(stack, { token, logical, physical, type, status: 'DELETE_FAILED', reason: why });
      else if (logical === 'ResultBucketResource')
        record(stack, { token, logical, physical, type, status: 'DELETE_SKIPPED', reason: '' });
      else {
        stack.resources.delete(logical);
        record(stack, { token, logical, physical, type, status: 'DELETE_COMPLETE', reason: '' });
      }
    });
    stack.steps.push(() => {
      const isWhole = stack.events.some(({ status, token: one }) => one === token && status === 'DELETE_FAILED');
      move(stack, token, isWhole ? 'DELETE_FAILED' : 'DELETE_COMPLETE', '');
    });
  }

  function record(stack: FakeStack, event: Omit<FakeEvent, 'id'>): void {
    stack.events.push({ ...event, id: ++eventCount });
  }
  function move(stack: FakeStack, token: string, status: string, reason: string): void {
    stack.status = status;
    record(stack, {
      token,
      logical: stack.name,
      physical: stack.id,
      type: 'AWS::CloudFormation::Stack',
      status,
      reason,
    });
  }

  /** Batch and S3. */
  async function other(action: string, url: URL, body: string): Promise<Answer> {
    if (action === 'POST /v1/listjobs') {
      const { jobStatus } = JSON.parse(body) as { jobStatus: string };
      const jobSummaryList = jobStatus === 'RUNNING' ? fake.jobs.map((jobName) => ({ jobId: jobName, jobName })) : [];
      return [200, JSON.stringify({ jobSummaryList })];
    }
    if (action === 'POST /v1/describejobdefinitions') {
      const { jobDefinitionName } = JSON.parse(body) as { jobDefinitionName: string };
      const of = fake.revisions.filter((arn) => arn.includes(`/${jobDefinitionName}:`)).slice(0, 2);
      return [200, JSON.stringify({ jobDefinitions: of.map((jobDefinitionArn) => ({ jobDefinitionArn })) })];
    }
    if (action === 'POST /v1/deregisterjobdefinition') {
      const { jobDefinition } = JSON.parse(body) as { jobDefinition: string };
      fake.revisions = fake.revisions.filter((arn) => arn !== jobDefinition);
      return [200, '{}'];
    }
    if (url.searchParams.has('versions')) {
      const members = fake.objects
        .slice(0, 2)
        .map((key) => `<Version>${tag('Key', key)}<VersionId>null</VersionId></Version>`);
      return [
        200,
        `<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${members.join('')}</ListVersionsResult>`,
      ];
    }
    if (!url.searchParams.has('delete')) return [501, '<Error><Code>NotImplemented</Code></Error>'];
    const keys = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key!);
    fake.objects = fake.objects.filter((key) => !keys.includes(key));
    return [200, '<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>'];
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return fake;
}

/** Names below `Parameters:` of a template in YAML. */
const parametersOf = (template: string): string[] =>
  [...(/^Parameters:\n((?:(?: .*)?\n)*)/m.exec(template)?.[1] ?? '').matchAll(/^ {2}(\w+):/gm)].map(
    ([, name]) => name!,
  );

function stackXml({ id, name, status, parameters, tags, isProtected = false, template }: FakeStack): string {
  const isWhole = /^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(status);
  const outputs = isWhole
    ? OUTPUTS.map(
        (key) => `<member>${tag('OutputKey', key)}${tag('OutputValue', `${name}-${key.toLowerCase()}`)}</member>`,
      )
    : [];
  const given = [...parameters].map(
    ([key, value]) => `<member>${tag('ParameterKey', key)}${tag('ParameterValue', value)}</member>`,
  );
  const said = tags.map((key) => `<member>${tag('Key', key)}${tag('Value', name)}</member>`).join('');
  const description = tag('Description', /^Description: (.*)$/m.exec(template)?.[1]);
  return `${tag('StackId', id)}${tag('StackName', name)}${description}<Tags>${said}</Tags>${tag('StackStatus', status)}<CreationTime>2026-01-01T00:00:00Z</CreationTime>${tag('EnableTerminationProtection', String(isProtected))}<Parameters>${given.join('')}</Parameters><Outputs>${outputs.join('')}</Outputs>`;
}

const eventXml = ({ id, name }: FakeStack, event: FakeEvent): string =>
  `<member>${tag('StackId', id)}${tag('StackName', name)}${tag('EventId', String(event.id))}${tag('LogicalResourceId', event.logical)}${tag('PhysicalResourceId', event.physical)}${tag('ResourceType', event.type)}${tag('ResourceStatus', event.status)}${tag('ResourceStatusReason', event.reason)}${tag('ClientRequestToken', event.token)}<Timestamp>2026-01-01T00:00:00Z</Timestamp></member>`;
