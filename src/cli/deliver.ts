// Hands a finished sweep over: saves it, prints it, and writes the files that were asked for.
import type { ManyRecord } from '../runs/many-record.ts';
import type { FinishedMany, PreparedMany } from '../runs/many-run.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import type { PreparedStudy } from '../runs/study-prepare.ts';
import type { FinishedSweep, PreparedSweep } from '../runs/sweep-run.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import type { Host, TextOutput } from './host.ts';
import { EXIT_CODE } from './run-context.ts';

export interface Delivery {
  readonly report: string | undefined;
  readonly allResults?: string | undefined;
  readonly save: boolean;
  readonly json: boolean;
}

interface Result {
  readonly record: ResultRecord | ManyRecord;
  readonly html: (id: string) => Promise<string>;
  /** What `run --result ID` needs besides to run the best row. */
  readonly runOptions: string;
  readonly writeRows?: (path: string) => Promise<number>;
}

export function deliverSweep(
  prepared: PreparedSweep,
  { record, rows }: FinishedSweep,
  wanted: Delivery,
  host: Host,
): Promise<ExitCode> {
  return deliver(
    {
      record,
      runOptions: '--row 1',
      async html(id) {
        const { renderReport } = await import('../runs/report-of-record.ts');
        return renderReport(record, id, prepared.loadedStrategy.strategy, prepared.loadedWindow);
      },
      async writeRows(path) {
        const { encodeAllRows } = await import('../runs/all-results.ts');
        const { writeOutput } = await import('../runs/output-file.ts');
        writeOutput(path, await encodeAllRows(path, rows));
        return rows.count;
      },
    },
    wanted,
    host,
  );
}

/** A result that another machine made: there are neither candles nor a strategy here for a report. */
export function deliverRecord(
  record: ResultRecord,
  wanted: Delivery & { readonly report: undefined },
  host: Host,
): Promise<ExitCode> {
  return deliver({ record, runOptions: '--row 1', html: async () => '' }, wanted, host);
}

export function deliverMany(
  prepared: PreparedMany,
  { record }: FinishedMany,
  wanted: Delivery,
  host: Host,
): Promise<ExitCode> {
  return deliver(
    {
      record,
      runOptions: '--row 1 --cell 1',
      async html(id) {
        const { renderManyReport } = await import('../runs/report-of-many.ts');
        const windows = prepared.cells.map(({ loadedWindow }) => loadedWindow.window);
        return renderManyReport(record, id, prepared.loadedStrategy.strategy, windows);
      },
    },
    wanted,
    host,
  );
}

export function deliverStudy(
  prepared: PreparedStudy,
  record: ResultRecord | ManyRecord,
  wanted: Delivery,
  host: Host,
): Promise<ExitCode> {
  const { strategy } = prepared.loadedStrategy;
  const isMany = record.kind === 'gridmill-sweep-many';
  return deliver(
    {
      record,
      runOptions: isMany ? '--row 1 --cell 1' : '--row 1',
      async html(id) {
        if (record.kind === 'gridmill-sweep') {
          const { renderReport } = await import('../runs/report-of-record.ts');
          return renderReport(record, id, strategy, prepared.markets[0]!.search);
        }
        const { renderManyReport } = await import('../runs/report-of-many.ts');
        const windows = prepared.markets.map(({ search }) => search.window);
        return renderManyReport(record, id, strategy, windows);
      },
    },
    wanted,
    host,
  );
}

/** Head, ranking and times of any result. */
export async function recordText(record: ResultRecord | ManyRecord, output: TextOutput): Promise<string> {
  if (record.study !== undefined) {
    const { studyText } = await import('./study-output.ts');
    return studyText(record, record.study, output);
  }
  if (record.kind === 'gridmill-sweep-many') {
    const { manyText } = await import('./many-output.ts');
    return manyText(record, output);
  }
  const { sweepText } = await import('./sweep-output.ts');
  return sweepText(record, output);
}

/** The printed result comes before files, so that a full disk cannot take it away. */
async function deliver(result: Result, wanted: Delivery, host: Host): Promise<ExitCode> {
  const { record } = result;
  const { saveResult } = await import('../runs/saved-results.ts');
  const { writeOutput } = await import('../runs/output-file.ts');
  let failure: unknown;
  const attempt = async (work: () => void | Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      failure ??= error;
      return false;
    }
  };
  const id = record.resultHash.slice(0, 16);
  const saved = wanted.save && (await attempt(() => void saveResult(record, host.storeRoot)));
  if (wanted.json) {
    // The scored variants of the heatmap are for the report alone.
    const printed = { ...record, heatmap: undefined, resultId: saved ? id : null };
    host.stdout.write(`${JSON.stringify(printed)}\n`);
  } else {
    host.stdout.write(await recordText(record, host.stdout));
  }
  const say = (text: string): void => (wanted.json ? host.stderr : host.stdout).write(asCalled(`${text}\n`, host));
  const { allResults, report } = wanted;
  if (allResults !== undefined && result.writeRows !== undefined) {
    let count = 0;
    const write = async (path: string): Promise<void> => {
      count = await result.writeRows!(path);
    };
    if (await attempt(() => write(allResults))) say(`All ${count.toLocaleString('en')} rows: ${allResults}`);
  }
  // An interrupt asks for the prompt back; the report can be written later, as long as there is a stored result.
  const later = saved && record.partial === 'cancelled';
  if (report !== undefined && later) {
    say(`No report was written, for the sweep was interrupted: gridmill report ${id} --out ${report} writes it.`);
  } else if (report !== undefined) {
    if (await attempt(async () => writeOutput(report, await result.html(id)))) say(`Report: ${report}`);
  }
  if (saved && !wanted.json) {
    const lines = nextSteps(id, result.runOptions, report === undefined, record.top.length > 0);
    host.stdout.write(asCalled(lines, host));
  }
  if (failure !== undefined) throw failure;
  return record.partial === null ? 0 : EXIT_CODE[record.partial];
}

/** What can be done with a stored result. */
export function nextSteps(id: string, runOptions: string, wantsReport: boolean, hasRows: boolean): string {
  const run = `gridmill run --result ${id} ${runOptions}`;
  const lines = [`Result ${id}`];
  if (hasRows) lines.push(`  ${run}     trades of the best variant`);
  if (hasRows && wantsReport)
    lines.push(`  ${`gridmill report ${id}`.padEnd(run.length)}     the same as an HTML page`);
  return `${lines.join('\n')}\n`;
}
