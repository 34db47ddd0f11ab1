// Options of tasks on AWS Batch: of `gridmill cloud submit`, and of --cluster-args of a sweep.
import { Command, CommanderError } from 'commander';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { bytes, duration, numberAtLeast, wholeNumber } from './option-values.ts';

export interface BatchOptions {
  readonly vcpus?: number;
  /** MiB of the container of one task. */
  readonly taskMemory?: number;
  readonly env?: readonly string[];
  readonly queue?: string;
  readonly attempts: number;
  readonly dependsOn?: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly image?: string;
  readonly tasks?: number;
  /** Milliseconds. */
  readonly startWithin: number;
  readonly every: number;
  readonly prices?: string;
}

const ATTEMPTS_MAX = 10;
const TIMEOUT_MS_MIN = 60_000;
/** Fargate ends tasks after 14 days. */
const TIMEOUT_MS_MAX = 14 * 86_400_000;
const DEFAULTS = { attempts: 5, timeout: 2 * 3_600_000, startWithin: 30 * 60_000, every: 10_000 };

/** `memoryName`: --memory, where that is not the budget of a sweep. */
export function addBatchOptions(command: Command): void {
  command
    .option('--vcpus <n>', 'vCPUs of a task (default: those of the stack)', numberAtLeast('--vcpus', 0.25))
    .option('--memory <size>', 'memory of a task: 4GB, as Batch counts GB (default: that of the stack)', mebibytes)
    .option('--env <name=value>', 'for the containers of tasks; may be repeated', collect(checkEnv))
    .option('--queue <name>', 'spot, on-demand, ec2 (of the stack), or the name or ARN of a queue', 'spot')
    .option(
      '--attempts <n>',
      'times that Batch starts a task that was interrupted or killed',
      wholeNumber('--attempts', 1, ATTEMPTS_MAX),
      DEFAULTS.attempts,
    )
    .option('--depends-on <job>', 'id of a job of Batch that must succeed before; may be repeated', collect(checkJobId))
    .option('--timeout <time>', 'of one attempt, 60s to 14 days (default: 2h)', timeout, DEFAULTS.timeout)
    .option(
      '--image <image>',
      'what "gridmill image --push" printed last; also a tag or digest in the repository of the stack',
    )
    .option(
      '--tasks <n>',
      'so many tasks share the shards (default: one for each)',
      wholeNumber('--tasks', 1, LIMITS.batchArrayMax),
    )
    .option(
      '--start-within <time>',
      'give up following when no task starts for so long (default: 30m)',
      duration('--start-within'),
      DEFAULTS.startWithin,
    )
    .option('--every <time>', 'between two looks at Batch (default: 10s)', duration('--every'), DEFAULTS.every)
    .option('--prices <file>', 'prices instead of the included, dated ones (docs/scaling.md)');
}

/** What commander makes of them: --memory belongs to the task here. */
export type GivenBatchOptions = Omit<BatchOptions, 'taskMemory'> & { readonly memory?: number };

export const batchOptions = ({ memory, ...options }: GivenBatchOptions): BatchOptions => ({
  ...options,
  ...(memory === undefined ? {} : { taskMemory: memory }),
});

/** `--vcpus 2 --queue on-demand` of --cluster-args. Errors: REQUEST_INVALID. */
export function parseBatchArgs(text: string): BatchOptions {
  const command = new Command('cluster-args').exitOverride().helpOption(false);
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  addBatchOptions(command);
  try {
    command.parse(
      text.split(/\s+/).filter((word) => word !== ''),
      { from: 'user' },
    );
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new AppError('REQUEST_INVALID', {
      rule: '--cluster-args of aws-batch are options of "gridmill cloud submit".',
      found: error.message.replace(/^error: /, ''),
      todo: 'See "gridmill cloud submit --help", Tasks.',
    });
  }
  if (command.args.length === 0) return batchOptions(command.opts<GivenBatchOptions>());
  throw new AppError('REQUEST_INVALID', {
    rule: '--cluster-args of aws-batch are options of "gridmill cloud submit".',
    found: JSON.stringify(command.args.join(' ')),
    todo: 'See "gridmill cloud submit --help", Tasks.',
  });
}

const collect =
  (check: (text: string) => string) =>
  (text: string, all: readonly string[] = []): readonly string[] => [...all, check(text)];

const invalid = (rule: string, text: string, todo: string): AppError =>
  new AppError('REQUEST_INVALID', { rule, found: JSON.stringify(text.slice(0, 80)), todo });

/** AWS says GB and MB where it counts by 1024. */
function mebibytes(text: string): number {
  const binary = text.trim().replace(/^([\d.]+)\s*([kmg])b?$/i, '$1$2ib');
  return Math.ceil(bytes('--memory')(/^\d+$/.test(binary) ? `${binary}mib` : binary) / 2 ** 20);
}

function timeout(text: string): number {
  const ms = duration('--timeout')(text);
  if (ms >= TIMEOUT_MS_MIN && ms <= TIMEOUT_MS_MAX) return ms;
  throw invalid('--timeout of an attempt is 60 s to 14 days.', text, 'Write for example 30m or 6h.');
}

/** Batch keeps the names that begin with AWS_BATCH for itself, and which task is which is not the user's to say. */
function checkEnv(text: string): string {
  if (/^(?!AWS_BATCH|GRIDMILL_SHARD_)[A-Za-z_][A-Za-z0-9_]*=/.test(text)) return text;
  throw invalid('--env is NAME=VALUE, and the name none of AWS_BATCH… or GRIDMILL_SHARD_….', text, 'Write NAME=VALUE.');
}

function checkJobId(text: string): string {
  if (/^[A-Za-z0-9-]{1,64}$/.test(text)) return text;
  throw invalid(
    '--depends-on is the id of a job of Batch.',
    text,
    'Copy it from what "gridmill cloud submit" printed.',
  );
}
