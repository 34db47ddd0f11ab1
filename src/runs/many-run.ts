// One sweep over many markets and windows from names to a result record.
import { AppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { shareCandles } from '../market/shared-candles.ts';
import { timeframeMs } from '../market/timeframe.ts';
import { createPoolScorer } from '../pool/pool-scorer.ts';
import type { Grid } from '../sweep/grid.ts';
import type { Across } from '../sweep/many-across.ts';
import { cellName } from '../sweep/many-cells.ts';
import { manyResultHash } from '../sweep/many-hash.ts';
import type { ManyCell, ManyOutcome, ManyProgress, ManyRequest } from '../sweep/many-request.ts';
import { sweepMany } from '../sweep/many-sweep.ts';
import { warmUpNote, withCalendarNote } from './assumption-notes.ts';
import { type LoadedCandles, loadCandles } from './candle-source.ts';
import { controllerNotes } from './controller-notes.ts';
import type { ManyRecord } from './many-record.ts';
import { marketNames } from './market-list.ts';
import { scoresApart, strategyPlace } from './module-ref.ts';
import type { SweepLimits } from './sweep-host.ts';
import {
  executionJson,
  gridJson,
  prepareStrategy,
  type RunContext,
  type SweepSelection,
  strategyJson,
} from './sweep-run.ts';
import { parseWindows, spanText, splitWindows, type TimeSpan } from './window-list.ts';
import { cutWindow, type LoadedWindow, type WindowSelection, windowBounds } from './window-selection.ts';

export interface ManySelection extends Omit<SweepSelection, 'window'> {
  /** As `--data` names them, one text per market. */
  readonly markets: readonly string[];
  readonly window: Omit<WindowSelection, 'data'>;
  /** Periods, or the number of equal windows; one window when both are left out. */
  readonly windows?: string;
  readonly split?: number;
  readonly across: Across;
}

interface LoadedCell {
  readonly market: string;
  readonly span: TimeSpan;
  readonly loadedWindow: LoadedWindow;
}

export interface PreparedMany {
  readonly loadedStrategy: LoadedStrategy;
  readonly policies: ManyRecord['policies'];
  readonly request: ManyRequest;
  readonly grid: Grid;
  readonly markets: readonly { readonly market: string; readonly loaded: LoadedCandles }[];
  readonly cells: readonly LoadedCell[];
  readonly notes: readonly string[];
}

export interface FinishedMany {
  readonly record: ManyRecord;
  readonly outcome: ManyOutcome;
}

const TOP_PER_MARKET = 3;
/** Cells whose candles cover less of their window, or of the longest one, are mentioned. */
const COVERAGE_MIN = 0.9;

/**
 * Loads strategy and markets and cuts the windows, so that every mistake is known before anything is scored. Markets are
 * sorted by name: the order of --data changes nothing. Errors: those of prepareSweep naming the market, REQUEST_INVALID.
 */
export async function prepareMany(
  selection: ManySelection,
  context: RunContext,
  onReading: (name: string, at: number) => void,
): Promise<PreparedMany> {
  const { window: wanted, markets: names, across, ...rest } = selection;
  const bounds = windowBounds(wanted);
  const spans = selection.windows === undefined ? undefined : parseWindows(selection.windows);
  const prepared = await prepareStrategy({ ...rest, window: wanted }, context);
  const { alsoRank, ...request } = prepared.request;
  if (alsoRank !== undefined && alsoRank.length > 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Across cells variants are ranked by one metric.',
      found: `--rank ${[request.rank, ...alsoRank].join(',')}.`,
      todo: 'Name one metric; conditions on others go to --where.',
    });
  }
  const loaded: LoadedCandles[] = [];
  for (const [at, data] of names.entries()) {
    onReading(data, at);
    const found = await loadCandles({ ...wanted, data }, context);
    // Every cell has a pool of its own: each would copy the candles for its threads.
    loaded.push({ ...found, candles: shareCandles(found.candles) });
  }
  const markets = marketNames(loaded)
    .map((market, i) => ({ market, loaded: loaded[i]! }))
    .sort((a, b) => (a.market < b.market ? -1 : 1));
  checkTimeframes(markets);
  const windows =
    selection.split === undefined
      ? (spans ?? [bounds])
      : splitWindows(
          selection.split,
          markets.map(({ market, loaded: { candles } }) => ({ market, candles })),
          bounds,
        );
  const cells = markets.flatMap(({ market, loaded: candles }) =>
    windows.map((span) => ({ market, span, loadedWindow: cut(market, candles, span, bounds.coldStart) })),
  );
  const noted = markets.map((one) => {
    const whole = cutWindow(one.loaded, { coldStart: false });
    return { ...one, loaded: withCalendarNote(whole, request.calendar).loaded };
  });
  return {
    ...prepared,
    request: { ...request, across, topPerMarket: TOP_PER_MARKET },
    markets: noted,
    cells,
    notes: comparisonNotes(cells, request.rank),
  };
}

/** Said before windows are cut, in terms of what the user named. Errors: TIMEFRAME_INVALID. */
export function checkTimeframes(markets: PreparedMany['markets']): void {
  const first = markets[0]!;
  const other = markets.find(({ loaded }) => loaded.candles.timeframe !== first.loaded.candles.timeframe);
  if (other === undefined) return;
  const longest = markets
    .map(({ loaded }) => loaded.candles.timeframe)
    .sort((a, b) => timeframeMs(b) - timeframeMs(a))[0]!;
  throw new AppError('TIMEFRAME_INVALID', {
    rule: 'All markets of one sweep must have candles of one timeframe: lengths of a strategy count bars.',
    found: `${[first, other].map(({ market, loaded }) => `${market} has candles of ${loaded.candles.timeframe}`).join(', ')}.`,
    todo: `Add --timeframe ${longest}, or a longer one: candles are resampled to it.`,
  });
}

function cut(market: string, loaded: LoadedCandles, span: TimeSpan, coldStart: boolean): LoadedWindow {
  try {
    return cutWindow(loaded, { from: span.from, to: span.to, coldStart });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, rule, found } = error;
    const todo = 'Leave the market out, or choose windows that all markets have; --split does.';
    throw new AppError(code, { rule, found: `${market}: ${found}`, todo, cause: error });
  }
}

/** What a reader should know before comparing cells. */
function comparisonNotes(cells: readonly LoadedCell[], rank: string): string[] {
  const covered = cells.map((cell) => {
    const { candles } = cell.loadedWindow.window;
    const first = candles.time[0]!;
    const end = candles.time[candles.barCount - 1]! + timeframeMs(candles.timeframe);
    const { from = first, to = end } = cell.span;
    return { cell, coveredMs: end - first, share: (Math.min(end, to) - Math.max(first, from)) / (to - from) };
  });
  const notes = covered
    .filter(({ share }) => share < COVERAGE_MIN)
    .map(
      ({ cell, share }) =>
        `${cell.market} has candles for ${Math.floor(share * 100)} % of ${spanText(cell.span)} only.`,
    );
  const lengths = covered.map(({ coveredMs }) => coveredMs);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  if (shortest < COVERAGE_MIN * longest && ['totalReturn', 'finalEquity'].includes(rank)) {
    const days = (ms: number): string => (ms / 86_400_000).toLocaleString('en', { maximumFractionDigits: 1 });
    notes.push(
      `Cells span ${days(shortest)} to ${days(longest)} days, and longer ones have larger returns: --split or --windows makes them equal, --rank sharpe comparable.`,
    );
  }
  return notes;
}

/** Errors: those of sweepMany. A sweep that is stopped early is no error: its record says so. */
export async function finishMany(
  prepared: PreparedMany,
  limits: Pick<SweepLimits, 'stop' | 'budgetBytes' | 'workers' | 'onNote'> & {
    readonly onProgress?: (progress: ManyProgress) => void;
  },
  context: RunContext,
): Promise<FinishedMany> {
  const { request, grid } = prepared;
  const cells = prepared.cells.map(({ market, loadedWindow }): ManyCell => ({ market, window: loadedWindow.window }));
  for (const text of [...controllerNotes(request.strategy, request), ...prepared.notes]) limits.onNote(text);
  const outcome = await sweepMany(request, cells, {
    stop: limits.stop,
    clock: context.clock,
    onProgress: limits.onProgress,
    budgetBytes: limits.budgetBytes,
    workers: limits.workers,
    apart: scoresApart(prepared.loadedStrategy),
    createScorer: createPoolScorer({
      workers: limits.workers,
      ...strategyPlace(prepared.loadedStrategy, context),
      onNote: onceEach(limits.onNote),
    }),
  });
  if (outcome.stopped === undefined) {
    const shortest = cells.reduce((a, b) => (b.window.history.barCount < a.window.history.barCount ? b : a));
    const tooLong = warmUpNote(request, grid, shortest.window);
    if (tooLong !== undefined) limits.onNote(`${cellName(shortest)}: ${tooLong}`);
  }
  return { record: manyRecord(prepared, cells, outcome, context), outcome };
}

/** Every cell has a scorer of its own, and all of them would say the same. */
function onceEach(hear: (note: string) => void): (note: string) => void {
  const heard = new Set<string>();
  return (text) => {
    if (heard.has(text)) return;
    heard.add(text);
    hear(text);
  };
}

function manyRecord(
  prepared: PreparedMany,
  cells: readonly ManyCell[],
  outcome: ManyOutcome,
  context: RunContext,
): ManyRecord {
  const { request, grid, loadedStrategy, policies, notes } = prepared;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    kind: 'gridmill-sweep-many',
    engineVersion: context.engineVersion,
    createdAt: iso(context.clock.wallMs()),
    profile: request.profile.name,
    assumption: request.profile.assumption,
    strategy: strategyJson(loadedStrategy),
    execution: executionJson(request),
    grid: gridJson(request, grid),
    rankedBy: request.rank,
    across: request.across,
    timeframe: cells[0]!.window.history.timeframe,
    policies,
    notes,
    markets: prepared.markets.map(({ market, loaded }) => ({
      market,
      origin: loaded.origin,
      label: loaded.label,
      synthetic: loaded.synthetic,
      quality: loaded.quality,
      cells: cells.flatMap((cell, i) => (cell.market === market ? [i + 1] : [])),
      top: outcome.markets.find((one) => one.market === market)?.top ?? [],
    })),
    cells: prepared.cells.map(({ market, span, loadedWindow: { bounds, window } }, i) => ({
      cell: i + 1,
      market,
      window: spanText(span) === '..' ? '' : spanText(span),
      ...bounds,
      dataHash: window.dataHash,
      bars: window.candles.barCount,
      barsBefore: window.from,
      firstBar: iso(window.candles.time[0]!),
      lastBar: iso(window.candles.time[window.candles.barCount - 1]!),
      engine: outcome.engines[i]!,
      best: outcome.bestOfCell[i] ?? null,
    })),
    variants: outcome.variants,
    scored: outcome.scored,
    excluded: outcome.excluded,
    undefinedScores: outcome.undefinedScores,
    preselect: outcome.preselect,
    partial: outcome.stopped ?? null,
    elapsedMs: Math.round(outcome.elapsedMs),
    loadMs: Math.round(prepared.markets.reduce((sum, { loaded }) => sum + loaded.loadMs, 0)),
    resultHash: manyResultHash(context.engineVersion, request, cells, outcome),
    plan: outcome.plan,
    top: outcome.top,
  };
}
