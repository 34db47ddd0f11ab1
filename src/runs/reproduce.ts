// Runs a ranked row of a stored result again and holds it against what was recorded.
import { AppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { periodsPerYear } from '../metrics/annualisation.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import { profileNamed } from '../simulate/profiles.ts';
import { metricsAgree } from '../sweep/fast-tolerance.ts';
import { withCalendarNote } from './assumption-notes.ts';
import { atTimeframe, type LoadedCandles, loadCandles } from './candle-source.ts';
import type { RankedRowJson, ResultRecord } from './result-record.ts';
import { type FinishedRun, runOn } from './single-run.ts';
import { loadNamedStrategy, type RunContext, withParameters } from './sweep-run.ts';
import { syntheticMarket } from './synthetic-market.ts';
import { cutWindow, type LoadedWindow } from './window-selection.ts';

/** Errors: RESULT_NOT_FOUND when there is no such row. */
export function rowNumbered(record: ResultRecord, rank: number): RankedRowJson {
  const row = record.top.find((one) => one.rank === rank);
  if (row !== undefined) return row;
  throw new AppError('RESULT_NOT_FOUND', {
    rule: 'A row must be one of the ranked rows of the result.',
    found: `row ${rank} of a result with ${record.top.length} rows.`,
    todo: `Choose a row from 1 to ${record.top.length}.`,
  });
}

/** The candles and the window of a result, from where it had them. Errors: RESULT_MISMATCH when they changed. */
export async function windowOf(record: ResultRecord, context: RunContext): Promise<LoadedWindow> {
  return windowOn(await candlesOf(record, context), record);
}

/** The window of a result on candles that are loaded already. Errors: RESULT_MISMATCH when they changed. */
export function windowOn(loaded: LoadedCandles, record: ResultRecord): LoadedWindow {
  const loadedWindow = cutWindow(loaded, record.data);
  if (loadedWindow.window.dataHash !== record.dataHash) {
    throw new AppError('RESULT_MISMATCH', {
      rule: 'A row can be reproduced only on the candles it was scored on.',
      found: `the candles changed: their hash is ${short(loadedWindow.window.dataHash)}, the result has ${short(record.dataHash)}.`,
      todo: `Bring back ${originText(record)} as it was, or sweep again.`,
    });
  }
  return loadedWindow;
}

/** The candles of a result, from where it had them. */
export async function candlesOf(record: ResultRecord, context: RunContext): Promise<LoadedCandles> {
  const { origin, timeframe, policies } = record.data;
  if (origin.kind === 'synthetic') return syntheticMarket(origin, timeframe, context.clock);
  if (origin.kind === 'archive') {
    const { archiveCandles } = await import('./fetch-candles.ts');
    return atTimeframe(await archiveCandles(origin, policies, context), timeframe);
  }
  const data = origin.kind === 'file' ? origin.path : origin.key;
  // A file that lies where a key would is not what the result had.
  return loadCandles({ data, timeframe, policies }, { ...context, confined: origin.kind === 'store' });
}

function originText({ data: { origin } }: ResultRecord): string {
  if (origin.kind === 'file') return origin.path;
  return origin.kind === 'store' ? origin.key : `the ${origin.kind} candles`;
}

/** The strategy of a result. Errors: those of loadStrategy, RESULT_MISMATCH when its files changed. */
export async function strategyOf({ strategy, grid }: ResultRecord, context: RunContext): Promise<LoadedStrategy> {
  const found = await loadNamedStrategy(strategy.path ?? strategy.name, context);
  // Of a file that changed since then, its hash says so.
  const loaded = found.strategyHash === strategy.hash ? withParameters(found, grid.parameterNames) : found;
  if (loaded.strategyHash === strategy.hash) return loaded;
  throw new AppError('RESULT_MISMATCH', {
    rule: 'A row can be reproduced only with the strategy it was scored with.',
    found: `the strategy changed: its hash is ${short(loaded.strategyHash)}, the result has ${short(strategy.hash)}.`,
    todo: `Bring back ${strategy.path ?? strategy.name} as it was (gridmill results show --source prints it), or sweep again.`,
  });
}

/**
 * Runs row `rank` again. Errors: RESULT_NOT_FOUND, RESULT_MISMATCH naming what changed: candles, strategy, engine, or
 * the first metric that differs.
 */
export async function reproduceRow(record: ResultRecord, rank: number, context: RunContext): Promise<FinishedRun> {
  const row = rowNumbered(record, rank);
  const { execution } = record;
  const loadedStrategy = await strategyOf(record, context);
  const loadedWindow = withCalendarNote(await windowOf(record, context), execution.calendar);
  const request = { ...execution, profile: profileNamed(execution.profile) };
  const finished = runOn(loadedStrategy, request, loadedWindow, row.params, row.risk, context);
  expectEqual(finished, row, record, context);
  return finished;
}

function expectEqual(finished: FinishedRun, row: RankedRowJson, record: ResultRecord, context: RunContext): void {
  const engine =
    record.engineVersion === context.engineVersion
      ? ''
      : ` The engine changed from ${record.engineVersion} to ${context.engineVersion}.`;
  const perYear = periodsPerYear(parseTimeframe(record.data.timeframe), record.execution.calendar);
  // A row of a sweep over many cells keeps some of its metrics only; the others agree with themselves.
  const recorded = { ...finished.row.metrics, ...row.metrics };
  for (const name of METRIC_NAMES) {
    const now = finished.row.metrics[name];
    const then = recorded[name];
    if (Object.is(now, then) || now === then) continue;
    // The fast engine sums in another order; the normative one, which runs here, must come to the same up to that.
    if (record.engine?.name === 'fast' && metricsAgree(name, recorded, finished.row.metrics, perYear)) continue;
    throw new AppError('RESULT_MISMATCH', {
      found: `${name} is ${now}, and the result has ${then} for row ${row.rank}.${engine}`,
      todo: engine === '' ? 'Report this: equal inputs must give equal numbers.' : 'Sweep again with this engine.',
    });
  }
}

const short = (hash: string): string => (hash.length > 16 ? `${hash.slice(0, 12)}…` : hash);
