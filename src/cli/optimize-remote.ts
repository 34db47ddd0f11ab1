// gridmill optimize --server: a study that a service runs, followed from here and printed as if it had run here.
import type { StudyBody } from '../api/study-schemas.ts';
import { type Client, createClient, GridmillError, type JobAnswer, type StudyResult } from '../client/client.ts';
import { AppError, ERRORS, type ErrorCode } from '../core/errors.ts';
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { formatMetric } from '../report/format.ts';
import { outputPath, writeOutput } from '../runs/output-file.ts';
import { openResultStore } from '../store/result-store.ts';
import { type Axis, parseAxis } from '../strategy/parameters.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import { nextSteps, recordText } from './deliver.ts';
import type { Host } from './host.ts';
import type { OptimizeOptions } from './optimize-options.ts';
import { riskAxes } from './options.ts';
import { createProgressLine, note, type ProgressLine, rateAndEta } from './progress.ts';
import { EXIT_CODE } from './run-context.ts';

/** Errors: those of the service; FETCH_FAILED when it does not answer; REQUEST_INVALID for what it cannot be asked. */
export async function optimizeRemotely(
  strategy: string | undefined,
  options: OptimizeOptions & { readonly server: string },
  host: Host,
): Promise<ExitCode> {
  const report = options.report === undefined ? undefined : outputPath(host.folder, options.report);
  const client = createClient({ url: addressOf(options.server), token: host.environment['GRIDMILL_TOKEN'] });
  const progress = createProgressLine(host.stderr, host.clock);
  try {
    const job = await submit(client, strategy, options, host);
    const ended = await followed(client, job, progress, options, host);
    progress.clear();
    if (ended.state === 'cancelled') return cancelled(options, host);
    if (ended.error !== null) throw appError(ended.error);
    const result = (await client.jobs.result(job.id)) as StudyResult;
    for (const text of result.notes) note(progress, host)(text);
    return await print(client, result, { ...options, report }, host);
  } catch (error) {
    if (error instanceof GridmillError) throw appError(error);
    throw error;
  } finally {
    progress.clear();
  }
}

function addressOf(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new AppError('REQUEST_INVALID', {
    rule: '--server is the address of a service.',
    found: `"${text}".`,
    todo: 'Write for example --server http://127.0.0.1:8080.',
  });
}

function submit(
  client: Client,
  strategy: string | undefined,
  options: OptimizeOptions,
  { newId }: Host,
): Promise<JobAnswer> {
  const { top, save, memory: memoryBytes, workers: maxThreads, deadline } = options;
  const searchSeconds = deadline === undefined ? undefined : deadline / 1_000;
  // A lost answer must not begin it twice.
  const common = { top, save, memoryBytes, maxThreads, searchSeconds, idempotencyKey: newId() };
  if (options.resume !== undefined) return client.studies.resume(options.resume, common);
  return client.studies.submit({ ...bodyOf(strategy!, options), ...common });
}

function bodyOf(strategy: string, options: OptimizeOptions): StudyBody {
  const { timeframe, from, to, coldStart, days, holdout, mode, iter, rank, where, across, seed } = options;
  const { lag, patience, target, around, anchors, study, objective } = options;
  const { profile, direction, cash, fee, fixedFee, slippage, sizing, size, sizeStep, minSize, minNotional } = options;
  return {
    strategy,
    data: (options.data ?? []).flatMap((text) => text.split(',').map((part) => part.trim())),
    ...{ timeframe, from, to, coldStart, days, holdout, mode, iterations: iter, rank, where, across, seed },
    ...{ lag, patience, target, around, name: study },
    ...(around === undefined ? {} : { anchors }),
    ...(objective.length === 0 ? {} : { objectives: [...objective] }),
    parameters: axesText(options.set),
    risk: axesText(riskAxes(options) as Readonly<Record<string, Axis>>),
    execution: {
      ...{ profile, direction, cash, fee, fixedFee, slippage, sizing, size, sizeStep, minSize, minNotional },
      ...{ closeAtEnd: options.closeAtEnd, calendar: options.calendar },
    },
  };
}

const axesText = (axes: Readonly<Record<string, Axis>>) =>
  Object.fromEntries(Object.entries(axes).map(([name, axis]) => [name, axisInput(name, axis)]));

const LIST_MAX = 100;

/** A list where it is short, else the range that has these very values. Errors: REQUEST_INVALID where there is none. */
export function axisInput(name: string, { values }: Axis): readonly number[] | string {
  if (values.length <= LIST_MAX) return values;
  const step = Number((values[1]! - values[0]!).toPrecision(12));
  const text = `${values[0]}..${values.at(-1)}:${step}`;
  const again = step > 0 ? parseAxis(text).values : [];
  if (again.length === values.length && again.every((value, i) => value === values[i])) return text;
  throw new AppError('REQUEST_INVALID', {
    rule: `With --server an axis has up to ${LIST_MAX} values, or is evenly spaced.`,
    found: `${values.length} values for ${name}.`,
    todo: 'Write it as low..high:step.',
  });
}

/** The job as it is at its end. Ctrl-C asks the service to stop it. */
async function followed(
  client: Client,
  { id }: JobAnswer,
  progress: ProgressLine,
  options: OptimizeOptions,
  host: Host,
): Promise<JobAnswer> {
  const undo = host.onInterrupt(() => void client.jobs.cancel(id).catch(() => undefined));
  const [objective = options.rank.split(',')[0]!] = options.objective;
  const unit = Object.hasOwn(METRICS, objective) ? METRICS[objective as MetricName].unit : 'ratio';
  try {
    for await (const { data } of client.jobs.follow(id)) {
      const { state, scored, total, best, perSecond } = data;
      progress.update(() => {
        if (state === 'queued') return 'waiting for the service ...';
        const share = total === null ? '' : ` of ${total.toLocaleString('en')}  ${Math.floor((scored / total) * 100)}%`;
        const left = total === null ? undefined : (perSecond ?? 0) * 10 + total - scored;
        const parts = [`${scored.toLocaleString('en')}${share}`, rateAndEta((perSecond ?? 0) * 10, left, 10_000)];
        if (best !== null) parts.push(`best ${formatMetric(best, unit)}`);
        return parts.filter((part) => part !== '').join('  ');
      });
    }
    return await client.jobs.get(id);
  } finally {
    undo();
  }
}

async function print(
  client: Client,
  { record, resultId, study }: StudyResult,
  { server, report, json }: OptimizeOptions & { readonly server: string },
  host: Host,
): Promise<ExitCode> {
  const out = (text: string): void => (json === true ? host.stderr : host.stdout).write(asCalled(text, host));
  if (json === true) host.stdout.write(`${JSON.stringify({ ...record, resultId })}\n`);
  else host.stdout.write(await recordText(record as Parameters<typeof recordText>[0], host.stdout));
  if (report !== undefined && resultId !== null) {
    writeOutput(report, await client.results.report(resultId));
    out(`Report: ${report}\n`);
  }
  if (resultId !== null && json !== true) {
    const isHere = openResultStore(host.storeRoot).has(resultId);
    const runOptions = record.kind === 'gridmill-sweep-many' ? '--row 1 --cell 1' : '--row 1';
    const here = nextSteps(resultId, runOptions, report === undefined, record.top.length > 0);
    host.stdout.write(asCalled(isHere ? here : `Result ${resultId} is in the store of ${server}\n`, host));
  }
  if (record.partial === null) return 0;
  out(`  gridmill optimize --server ${server} --resume ${study}     goes on with the study\n`);
  return EXIT_CODE[record.partial];
}

function cancelled({ server, study, resume }: OptimizeOptions & { readonly server: string }, host: Host): ExitCode {
  const name = resume ?? study ?? 'STUDY';
  const text = `The service has stopped it. gridmill optimize --server ${server} --resume ${name} goes on with the study.\n`;
  host.stderr.write(asCalled(text, host));
  return EXIT_CODE.cancelled;
}

/** What the service refused, or that there was none, in the words of the command line. */
function appError(error: GridmillError | NonNullable<JobAnswer['error']>): AppError {
  const { code, rule, found, todo } = error;
  if (Object.hasOwn(ERRORS, code) && found !== undefined && todo !== undefined) {
    return new AppError(code as ErrorCode, { ...(rule === undefined ? {} : { rule }), found, todo, cause: error });
  }
  return new AppError('FETCH_FAILED', {
    rule: 'A service must answer at --server.',
    found: error instanceof Error ? error.message : `${code}.`,
    todo: 'Check the address, and that gridmill serve runs there.',
    cause: error,
  });
}
