// Performs the tasks that bring candles into the store or look through them.
import type { StopToken } from '../core/cancel.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { parsePolicies } from '../runs/candle-source.ts';
import { checkData } from '../runs/check-data.ts';
import { bestRoute, closedBefore } from '../runs/fetch-candles.ts';
import { fetchIntoStore } from '../runs/fetch-into-store.ts';
import { importFiles } from '../runs/import-files.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import { parseTime } from '../runs/time-text.ts';
import type { CheckAnswer, CheckTask, FetchAnswer, FetchTask, ImportAnswer, ImportTask } from './task.ts';

/** Errors: those of importFiles. */
export async function importTask({ selection }: ImportTask, { storeRoot, clock }: RunContext): Promise<ImportAnswer> {
  const imported = await importFiles(selection, storeRoot, clock, () => undefined);
  return { kind: 'import', imported: imported.map(({ files: _, ...key }) => key) };
}

/** Errors: CANDLES_NOT_FOUND, and what is wrong with the candles. */
export async function checkTask({ key }: CheckTask, context: RunContext): Promise<CheckAnswer> {
  const [found] = await checkData([key], { policies: {} }, context);
  const { error, ...checked } = found!;
  if (error !== undefined) throw error;
  return { kind: 'check', checked };
}

/** Errors: those of fetchIntoStore, REQUEST_INVALID. */
export async function fetchTask(task: FetchTask, context: RunContext, stop: StopToken): Promise<FetchAnswer> {
  const { exchange, market, symbol } = task;
  const timeframe = parseTimeframe(task.timeframe);
  const now = closedBefore(context.clock.wallMs(), timeframe);
  const toMs = task.to === undefined ? now : Math.min(parseTime('to', task.to), now);
  const order = { exchange, market, symbol, timeframe, fromMs: parseTime('from', task.from), toMs };
  const fetched = await fetchIntoStore(
    { ...order, via: bestRoute(exchange) },
    parsePolicies({}),
    { ...context, stop },
    () => undefined,
  );
  return { kind: 'fetch', fetched };
}
