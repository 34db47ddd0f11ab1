// gridmill cloud up: creates or updates the stack of CloudFormation that runs on AWS need.
import type { AwsSettings } from '../cluster/aws-calls.ts';
import type { StackEvent, StackWatch } from '../cluster/stack-changes.ts';
import { createStopSource, type StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { stoppable } from './run-context.ts';

export interface StackOptions {
  readonly stack: string;
  readonly region?: string;
}

interface UpOptions extends StackOptions {
  readonly param?: readonly string[];
  readonly template?: string;
  readonly json?: boolean;
}

/** Beside the source and beside the built program alike. */
const OWN_TEMPLATE = new URL('../../deploy/aws/template.yaml', import.meta.url);
/** Names of job definitions begin with it, and have at most 128 characters. */
const STACK = /^[a-zA-Z][a-zA-Z0-9-]{0,99}$/;

export async function cloudUp(options: UpOptions, host: Host): Promise<ExitCode> {
  const name = checkStack(options.stack);
  const parameters = parseParameters(options.param ?? []);
  const template = await readTemplate(options.template, host);
  const [{ openFormation, readCloudStack }, { bringUp }] = await Promise.all([
    import('../cluster/cloud-stack.ts'),
    import('../cluster/stack-changes.ts'),
  ]);
  const settings = awsSettings(options, host);
  const formation = await openFormation(settings);
  const stop = createStopSource(host.clock);
  try {
    const wish = { name, template, parameters, token: host.newId() };
    const outcome = await stoppable(host, stop, (token) => bringUp(formation, wish, stackWatch(token, host)));
    const stack = await readCloudStack(name, settings);
    if (options.json === true) {
      host.stdout.write(`${JSON.stringify({ outcome, ...stack })}\n`);
      return;
    }
    const region = options.region === undefined ? '' : ` --region ${options.region}`;
    host.stdout.write(
      asCalled(
        `Stack ${name} in ${stack.region}: ${outcome}.\n` +
          `Results:    s3://${stack.resultBucket}\n` +
          `Repository: ${stack.repository}\n\n` +
          'Next, an image with your strategies, then a run:\n' +
          `  gridmill image STRATEGY_DIR --push ${stack.repository}\n` +
          `  gridmill cloud submit --help\n\n` +
          `Nothing runs and no compute is paid until a run is submitted. To remove it: gridmill cloud down --stack ${name}${region}\n`,
        host,
      ),
    );
    return;
  } finally {
    formation.client.destroy();
  }
}

/** Errors: REQUEST_INVALID. */
export function checkStack(name: string): string {
  if (STACK.test(name)) return name;
  throw new AppError('REQUEST_INVALID', {
    rule: 'The name of a stack is a letter and at most 99 letters, digits and hyphens more.',
    found: JSON.stringify(name.slice(0, 120)),
    todo: 'Choose another name.',
  });
}

/** `Name=value` each. Errors: REQUEST_INVALID. */
function parseParameters(texts: readonly string[]): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = {};
  for (const text of texts) {
    const [, name, value] = /^([A-Za-z0-9]{1,255})=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined || name in parameters) {
      throw new AppError('REQUEST_INVALID', {
        rule: 'A parameter of the template is given once, as --param Name=value.',
        found: JSON.stringify(text.slice(0, 120)),
        todo: 'See docs/aws.md for their names.',
      });
    }
    parameters[name] = value;
  }
  return parameters;
}

async function readTemplate(file: string | undefined, { folder }: Host): Promise<string> {
  const [{ readFile }, { resolve }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const path = file === undefined ? OWN_TEMPLATE : resolve(folder, file);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'The template of a stack is a file: that of this program, or the one that --template names.',
      found: `none that can be read at ${path instanceof URL ? path.pathname : path}.`,
      todo: 'Give --template FILE.',
      cause,
    });
  }
}

/** Where calls to AWS go. GRIDMILL_AWS_ENDPOINT is another server, for tests. */
export function awsSettings({ region }: StackOptions, { environment }: Host): AwsSettings {
  const endpoint = environment['GRIDMILL_AWS_ENDPOINT'] || undefined;
  return { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
}

/** Tells each event of a change in a line on stderr. */
export function stackWatch(stop: StopToken, host: Host): StackWatch {
  const startMs = host.clock.monotonicMs();
  return {
    clock: host.clock,
    stop,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    onEvent: (event) => {
      const seconds = Math.round((host.clock.monotonicMs() - startMs) / 1_000);
      host.stderr.write(`${String(seconds).padStart(4)} s  ${eventText(event)}\n`);
    },
  };
}

function eventText(event: StackEvent): string {
  const { ResourceStatus: status = '?', LogicalResourceId, ResourceType, ResourceStatusReason: reason } = event;
  const isFailure = status.endsWith('_FAILED') || status.includes('ROLLBACK');
  return `${status}  ${LogicalResourceId} (${ResourceType})${isFailure && reason ? `: ${reason}` : ''}`;
}
