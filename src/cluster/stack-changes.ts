// Creates, updates and deletes a stack of CloudFormation, and follows it by its events until it is at rest.
import type { Stack, StackEvent } from '@aws-sdk/client-cloudformation';
import type { StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { awsProblem, wordsOf } from './aws-calls.ts';
import { describeStack, type Formation } from './cloud-stack.ts';

export type { Stack, StackEvent };

export interface StackWatch {
  readonly clock: Clock;
  readonly stop: StopToken;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called once for each event, the oldest first. */
  readonly onEvent: (event: StackEvent) => void;
}

export interface StackWish {
  readonly name: string;
  /** The template, as it is. */
  readonly template: string;
  /** Parameters to change; the others keep their value, or have their default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** A text that nobody makes twice: what a lost answer is found again by. */
  readonly token: string;
}

const LOOK_MS = 5_000;

/**
 * Makes the stack what the template says. A change that is under way is waited for first.
 * Errors: REQUEST_INVALID for a stack of something else, STACK_FAILED with the first failure, STACK_NOT_READY when it takes too long, CANCELLED (the change goes on),
 * CLOUD_REFUSED, CLOUD_UNREACHABLE.
 */
export async function bringUp(
  formation: Formation,
  wish: StackWish,
  watch: StackWatch,
): Promise<'created' | 'updated' | 'unchanged'> {
  const { sdk, client } = formation;
  const { name, template, parameters, token } = wish;
  const before = await settled(formation, name, watch);
  const request = {
    StackName: name,
    TemplateBody: template,
    Capabilities: [sdk.Capability.CAPABILITY_IAM],
    ClientRequestToken: token,
  };
  const given = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
  if (before === undefined) {
    const Tags = [{ Key: OWN_TAG, Value: name }];
    await client
      .send(new sdk.CreateStackCommand({ ...request, Parameters: given, Tags }))
      .catch(refuse('cloudformation:CreateStack'));
    await follow(formation, name, watch, token);
    return 'created';
  }
  const known = new Set(await templateParameters(formation, template));
  const kept = (before.Parameters ?? [])
    .map(({ ParameterKey = '' }) => ParameterKey)
    .filter((key) => known.has(key) && !(key in parameters))
    .map((ParameterKey) => ({ ParameterKey, UsePreviousValue: true }));
  try {
    await client.send(new sdk.UpdateStackCommand({ ...request, Parameters: [...given, ...kept] }));
  } catch (error) {
    if (/No updates are to be performed/.test(wordsOf(error) ?? '')) return 'unchanged';
    throw awsProblem(error, 'cloudformation:UpdateStack');
  }
  await follow(formation, before.StackId ?? name, watch, token);
  return 'updated';
}

/** Parameters of the template, by CloudFormation itself: an update may not name one that a newer template has no more. */
async function templateParameters({ sdk, client }: Formation, TemplateBody: string): Promise<string[]> {
  const { Parameters = [] } = await client
    .send(new sdk.GetTemplateSummaryCommand({ TemplateBody }))
    .catch(refuse('cloudformation:GetTemplateSummary'));
  return Parameters.map(({ ParameterKey = '' }) => ParameterKey);
}

const refuse =
  (call: string) =>
  (error: unknown): never => {
    throw awsProblem(error, call);
  };

/** On stacks that `bringUp` created; those of the console have only the description of the template. */
const OWN_TAG = 'gridmill';
const OWN_DESCRIPTION = /^Gridmill on AWS Batch\b/;

/** An update removes what the new template does not name: of a stack of something else that is everything. Errors: REQUEST_INVALID. */
function checkOwn({ StackName: name, Description = '', Tags = [] }: Stack): void {
  if (OWN_DESCRIPTION.test(Description) || Tags.some(({ Key }) => Key === OWN_TAG)) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'Only stacks that were made for Gridmill are changed and deleted.',
    found: `stack ${name}, with neither the description of its template nor the tag ${OWN_TAG}: ${JSON.stringify(Description.slice(0, 120))}.`,
    todo: `Choose another name. If the stack is one of Gridmill all the same, give it the tag ${OWN_TAG}.`,
  });
}

/** What is there once no change is under way; undefined for none. Errors: STACK_FAILED for one that can only be deleted. */
async function settled(formation: Formation, name: string, watch: StackWatch): Promise<Stack | undefined> {
  let found = await describeStack(formation, name);
  if (found !== undefined) checkOwn(found);
  if (found?.StackStatus?.endsWith('_IN_PROGRESS') === true) {
    // Whether that change went well is its own matter: what counts is what is there afterwards.
    await follow(formation, found.StackId ?? name, watch).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'STACK_FAILED') throw error;
    });
    found = await describeStack(formation, name);
  }
  const status = found?.StackStatus ?? '';
  if (!/^(ROLLBACK_|CREATE_FAILED|DELETE_FAILED|UPDATE_ROLLBACK_FAILED|REVIEW_)/.test(status)) return found;
  throw new AppError('STACK_FAILED', {
    rule: 'A stack that was never whole, or not wholly deleted, takes no update.',
    found: `stack ${name} is ${status}.`,
    todo: `Delete it (gridmill cloud down --stack ${name} --yes), then run this again.`,
  });
}

/** Whether it may be deleted at all, asked before anything in it is removed. Errors: REQUEST_INVALID. */
export function checkRemovable(stack: Stack): void {
  checkOwn(stack);
  if (stack.EnableTerminationProtection !== true) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A stack under termination protection is not deleted.',
    found: `stack ${stack.StackName}.`,
    todo: `Lift it (aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${stack.StackName}), then run this again.`,
  });
}

/**
 * Deletes the stack by its id and waits until it is gone. Errors: those of bringUp and checkRemovable; STACK_FAILED names what could not be deleted.
 */
export async function takeDown(formation: Formation, stack: Stack, token: string, watch: StackWatch): Promise<void> {
  const { sdk, client } = formation;
  checkRemovable(stack);
  const id = stack.StackId ?? stack.StackName!;
  if (stack.StackStatus !== 'DELETE_IN_PROGRESS') {
    await client
      .send(new sdk.DeleteStackCommand({ StackName: id, ClientRequestToken: token }))
      .catch(refuse('cloudformation:DeleteStack'));
    return follow(formation, id, watch, token);
  }
  return follow(formation, id, watch);
}

/** What a resource of the template is called in AWS, of all that are there. Errors: CLOUD_REFUSED, CLOUD_UNREACHABLE. */
export async function physicalNames({ sdk, client }: Formation, id: string): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const page = await client
      .send(new sdk.ListStackResourcesCommand({ StackName: id, NextToken }))
      .catch(refuse('cloudformation:ListStackResources'));
    for (const { LogicalResourceId, PhysicalResourceId, ResourceStatus } of page.StackResourceSummaries ?? []) {
      if (LogicalResourceId && PhysicalResourceId && ResourceStatus !== 'DELETE_COMPLETE')
        names.set(LogicalResourceId, PhysicalResourceId);
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return names;
}

const DONE = /^(CREATE_COMPLETE|UPDATE_COMPLETE|DELETE_COMPLETE|IMPORT_COMPLETE)$/;

/** Ends when the change with this token (the one under way, without a token) is at rest. */
async function follow(formation: Formation, nameOrId: string, watch: StackWatch, token?: string): Promise<void> {
  const { clock, stop, sleep, onEvent } = watch;
  const endMs = clock.monotonicMs() + LIMITS.stackChangeMsMax;
  const seen = new Set<string>();
  let id = nameOrId;
  for (;;) {
    // The stack before its events: all events of a change are there once the stack is at rest.
    const stack = await describeStack(formation, id);
    id = stack?.StackId ?? id;
    const events = stack === undefined ? [] : await changeEvents(formation, id, token);
    for (const event of events) {
      if (seen.has(event.EventId ?? '')) continue;
      seen.add(event.EventId ?? '');
      onEvent(event);
    }
    const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
    const isRest = !status.endsWith('_IN_PROGRESS') || status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
    if (isRest && (events.length > 0 || stack === undefined)) {
      if (DONE.test(status) || status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') return;
      throw failed(stack!, events);
    }
    if (stop.reason() !== undefined) {
      throw new AppError('CANCELLED', {
        rule: 'Following a stack can be left; its change goes on.',
        found: `stack ${nameOrId} is ${status}.`,
        todo: 'Run the same command again to follow it.',
      });
    }
    if (clock.monotonicMs() >= endMs) {
      throw new AppError('STACK_NOT_READY', {
        rule: `A change of a stack takes at most ${LIMITS.stackChangeMsMax / 60_000} minutes.`,
        found: `stack ${nameOrId} is ${status}.`,
        todo: 'See its events in the console, or run the same command again to follow it.',
      });
    }
    await sleep(LOOK_MS);
  }
}

/** Events of the latest change, the oldest first; none as long as the change with this token has not begun. */
async function changeEvents({ sdk, client }: Formation, id: string, token?: string): Promise<StackEvent[]> {
  const events: StackEvent[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client
      .send(new sdk.DescribeStackEventsCommand({ StackName: id, NextToken }))
      .catch(refuse('cloudformation:DescribeStackEvents'));
    for (const event of page.StackEvents ?? []) {
      events.push(event);
      if (!isBeginning(event)) continue;
      return token === undefined || event.ClientRequestToken === token ? events.reverse() : [];
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined && events.length < LIMITS.stackEventsMax);
  return events.reverse();
}

const isBeginning = ({ PhysicalResourceId, StackId, ResourceStatus }: StackEvent): boolean =>
  PhysicalResourceId === StackId && /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/.test(ResourceStatus ?? '');

/** The first failure is the cause; what is cancelled because of it says nothing. */
function failed(
  { StackName: name = '', StackStatus: status, StackStatusReason: reason }: Stack,
  events: readonly StackEvent[],
): AppError {
  const first = events.find(
    ({ ResourceStatus = '', ResourceStatusReason = '' }) =>
      ResourceStatus.endsWith('_FAILED') &&
      !/^Resource (creation|update|deletion) cancelled/i.test(ResourceStatusReason),
  );
  const what =
    first === undefined
      ? (reason ?? 'no reason is given')
      : `${first.LogicalResourceId} (${first.ResourceType}) ${first.ResourceStatus}: ${first.ResourceStatusReason ?? 'no reason is given'}`;
  return new AppError('STACK_FAILED', {
    found: `stack ${name} is ${status}; first ${what}`,
    todo:
      status === 'UPDATE_ROLLBACK_COMPLETE'
        ? 'The stack is as it was before. See docs/aws.md, and try again.'
        : `See docs/aws.md; delete it with "gridmill cloud down --stack ${name} --yes".`,
  });
}
