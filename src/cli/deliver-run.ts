// Prints a finished run: as one JSON object, or as text for people.
import type { FinishedRun } from '../runs/single-run.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import type { Host } from './host.ts';
import { wholeNumber } from './option-values.ts';

export interface RunOutputOptions {
  readonly json?: boolean;
  /** Of JSON: with the equity at each close. Of text: with a chart of it. */
  readonly equity?: boolean;
  /** Trades listed in text: a number, or `all`. */
  readonly trades: string;
}

/** Errors: REQUEST_INVALID for a number of trades that is none. */
export async function deliverRun(
  finished: FinishedRun,
  { json, equity = false, trades }: RunOutputOptions,
  context: RunContext,
  { stdout }: Host,
): Promise<void> {
  if (json === true) {
    const { runJson } = await import('../runs/single-run.ts');
    stdout.write(`${JSON.stringify(runJson(finished, context, equity))}\n`);
    return;
  }
  const { runText } = await import('./run-output.ts');
  const tradesMax = trades === 'all' ? Number.POSITIVE_INFINITY : wholeNumber('--trades', 0)(trades);
  stdout.write(runText(finished, { tradesMax, withChart: equity }, stdout));
}
