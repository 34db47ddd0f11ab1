// A stateful AWS Batch in this process, for tests: what the official client says over HTTP, with states, arrays, retries and faults on request.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  DeregisterJobDefinitionRequest,
  DescribeJobsRequest,
  ListJobsRequest,
  RegisterJobDefinitionRequest,
  SubmitJobRequest,
  TerminateJobRequest,
} from '@aws-sdk/client-batch';
import type { ExecuteChild } from './batch-attempt.ts';
import { createDefinitions, type Definitions } from './batch-definitions.ts';
import { createJobs, type Jobs, type JobsOptions } from './batch-jobs.ts';
import { createQueues, type QueueGiven, type Queues } from './batch-queues.ts';
import { ClientError, checkShape, checkSubmit, OPERATIONS, refuseIf } from './batch-validation.ts';
import { describeJob, listJobs } from './batch-views.ts';

/** `lost-answer` does what is asked and says nothing; the others do nothing. */
export type BatchFault = 'throttle' | 'server-error' | 'lost-answer' | 'reset' | 'denied';

export interface BatchApiOptions extends Partial<Omit<JobsOptions, 'execute'>> {
  readonly execute: ExecuteChild;
  /** In the order of their environments; `spot` and `on-demand` on Fargate when left out. */
  readonly queues?: readonly QueueGiven[];
  /** Other services at this endpoint, by the body of a request; undefined for what they do not know. */
  readonly others?: (body: string) => { readonly status: number; readonly xml: string } | undefined;
}

export interface BatchApi {
  readonly endpoint: string;
  readonly jobs: Jobs;
  readonly definitions: Definitions;
  readonly queues: Queues;
  /** Requests so far, as `submitjob`, with what was asked. */
  readonly requests: { readonly operation: string; readonly body: unknown }[];
  /** Decides which fault strikes a request, the how-manieth of all; none for undefined. */
  fault: (operation: string, count: number) => BatchFault | undefined;
  /** Containers at once; 0 leaves everything RUNNABLE. */
  setSlots(slots: number): void;
  close(): Promise<void>;
}

const DESCRIBED_MAX = 100;

export async function startBatchApi(options: BatchApiOptions): Promise<BatchApi> {
  const settings: JobsOptions = {
    ...{ strike: () => undefined, paceMs: 2, secondMs: 1_000, stopSeconds: 30, slots: 64 },
    ...options,
  };
  const queues = createQueues(options.queues);
  const definitions = createDefinitions();
  const jobs = createJobs(settings);
  const requests: BatchApi['requests'] = [];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = /^\/v1\/([a-z]+)$/.exec(request.url ?? '')?.[1] ?? '';
    const text = await textOf(request);
    const other = operation === '' ? options.others?.(text) : undefined;
    if (other !== undefined) {
      response.writeHead(other.status, { 'content-type': 'text/xml' }).end(other.xml);
      return;
    }
    let body: unknown;
    try {
      body = JSON.parse(text === '' ? '{}' : text);
    } catch {
      body = undefined;
    }
    requests.push({ operation, body });
    const fault = api.fault(operation, requests.length);
    if (fault === 'throttle') send(response, 429, 'TooManyRequestsException', { message: 'Too Many Requests' });
    else if (fault === 'server-error') send(response, 500, 'ServerException', { message: 'Internal Error' });
    else if (fault === 'denied')
      send(response, 403, 'AccessDeniedException', { message: `not authorized to ${operation}` });
    else if (fault === 'reset') request.socket.destroy();
    else {
      const { status, error, content } = reply(request, operation, body, Buffer.byteLength(text));
      if (fault === 'lost-answer') request.socket.destroy();
      else send(response, status, error, content);
    }
  }

  function reply(request: IncomingMessage, operation: string, body: unknown, bytes: number) {
    try {
      // Signed requests alone reach the service.
      refuseIf(!/^AWS4-HMAC-SHA256 /.test(request.headers.authorization ?? ''), 'Missing Authentication Token');
      refuseIf(request.method !== 'POST' || !OPERATIONS.includes(operation), `Unknown operation ${request.url}`);
      checkShape(operation, body);
      return { status: 200, content: act(operation, body as object, bytes) };
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return { status: 400, error: 'ClientException', content: { message: error.message } };
    }
  }

  function act(operation: string, body: object, bytes: number): object {
    switch (operation) {
      case 'submitjob':
        return submit(body as SubmitJobRequest, bytes);
      case 'describejobs': {
        const asked = (body as DescribeJobsRequest).jobs!;
        refuseIf(
          asked.length > DESCRIBED_MAX,
          `${asked.length} jobs; at most ${DESCRIBED_MAX} can be described at once`,
        );
        return { jobs: asked.flatMap((id) => jobs.find(id) ?? []).map(describeJob) };
      }
      case 'listjobs':
        return listJobs(body as ListJobsRequest, jobs, queues);
      case 'terminatejob':
      case 'canceljob': {
        const { jobId, reason } = body as TerminateJobRequest;
        jobs[operation === 'canceljob' ? 'cancel' : 'terminate'](jobId!, reason!);
        return {};
      }
      case 'registerjobdefinition':
        return definitions.register(body as RegisterJobDefinitionRequest, bytes);
      case 'describejobdefinitions':
        return definitions.describe(body);
      case 'deregisterjobdefinition':
        return definitions.deregister(body as DeregisterJobDefinitionRequest);
      case 'describejobqueues':
        return queues.describe(body);
      default:
        return queues.describeEnvironments(body);
    }
  }

  function submit(request: SubmitJobRequest, bytes: number): object {
    checkSubmit(request, bytes);
    const queue = queues.find(request.jobQueue!);
    const base = { ...definitions.resolve(request), jobQueue: queue.arn };
    queues.checkPlatform(queue, base.platformCapabilities ?? []);
    const dependsOn = request.dependsOn ?? [];
    const given = { base, queueName: queue.name, computeEnvironment: queues.environmentOf(queue), dependsOn };
    const { id } = jobs.add(given, request.arrayProperties?.size);
    return { jobId: id, jobName: request.jobName, jobArn: `${queues.arnPrefix}:job/${id}` };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: BatchApi = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ jobs, definitions, queues, requests },
    fault: () => undefined,
    setSlots(slots) {
      settings.slots = slots;
      jobs.pump();
    },
    async close() {
      await jobs.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return api;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function send(response: ServerResponse, status: number, error: string | undefined, content: object): void {
  const type = error === undefined ? {} : { 'x-amzn-errortype': error };
  response.writeHead(status, { 'content-type': 'application/json', ...type }).end(JSON.stringify(content));
}
