// A sweep over many markets and windows from names to cells, with every mistake said before anything is scored.
import { AppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { shareCandles } from '../market/shared-candles.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { Grid } from '../sweep/grid.ts';
import type { Across } from '../sweep/many-across.ts';
import type { ManyCell, ManyRequest } from '../sweep/many-request.ts';
import { withCalendarNote } from './assumption-notes.ts';
import { type LoadedCandles, loadCandles } from './candle-source.ts';
import type { ManyRecord } from './many-record.ts';
import { marketNames } from './market-list.ts';
import { prepareStrategy, type RunContext, type SweepSelection } from './sweep-run.ts';
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

/** A market by the name that its cells have. */
export interface NamedCandles {
  readonly market: string;
  readonly loaded: LoadedCandles;
}

export interface PreparedMany {
  readonly loadedStrategy: LoadedStrategy;
  readonly policies: ManyRecord['policies'];
  readonly request: ManyRequest;
  readonly grid: Grid;
  readonly markets: readonly NamedCandles[];
  readonly cells: readonly LoadedCell[];
  readonly notes: readonly string[];
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
  const prepared = await prepareManyStrategy({ ...rest, window: wanted, across }, context);
  const loaded: LoadedCandles[] = [];
  for (const [at, data] of names.entries()) {
    onReading(data, at);
    const found = await loadCandles({ ...wanted, data }, context);
    // Every cell has a pool of its own: each would copy the candles for its threads.
    loaded.push({ ...found, candles: shareCandles(found.candles) });
  }
  const markets = marketNames(loaded)
    .map((market, i): NamedCandles => ({ market, loaded: loaded[i]! }))
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
  const many = manyOn(prepared, markets, windows, bounds.coldStart);
  const noted = markets.map((one) => {
    const whole = cutWindow(one.loaded, { coldStart: false });
    return { ...one, loaded: withCalendarNote(whole, prepared.request.calendar).loaded };
  });
  return { ...many, markets: noted };
}

/** The strategy, the grid and the ranking, before any candles. Errors: those of prepareStrategy; REQUEST_INVALID for several objectives. */
export async function prepareManyStrategy(
  { across, ...selection }: Omit<ManySelection, 'markets' | 'windows' | 'split'>,
  context: RunContext,
) {
  const prepared = await prepareStrategy(selection, context);
  const { alsoRank, ...request } = prepared.request;
  if (alsoRank !== undefined && alsoRank.length > 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Across cells variants are ranked by one metric.',
      found: `--rank ${[request.rank, ...alsoRank].join(',')}.`,
      todo: 'Name one metric; conditions on others go to --where.',
    });
  }
  return { ...prepared, request: { ...request, across, topPerMarket: TOP_PER_MARKET } };
}

/** Cuts loaded markets, in the order of their names, into the cells of a sweep. Errors: WINDOW_EMPTY naming the market. */
export function manyOn(
  prepared: Awaited<ReturnType<typeof prepareManyStrategy>>,
  markets: readonly NamedCandles[],
  windows: readonly TimeSpan[],
  coldStart: boolean,
): PreparedMany {
  const cells = markets.flatMap(({ market, loaded }) =>
    windows.map((span) => ({ market, span, loadedWindow: cutCell(market, loaded, span, coldStart) })),
  );
  return { ...prepared, markets, cells, notes: comparisonNotes(cells, prepared.request.rank) };
}

export const manyCells = ({ cells }: Pick<PreparedMany, 'cells'>): ManyCell[] =>
  cells.map(({ market, loadedWindow }) => ({ market, window: loadedWindow.window }));

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

/** Errors: WINDOW_EMPTY naming the market. */
export function cutCell(market: string, loaded: LoadedCandles, span: TimeSpan, coldStart: boolean): LoadedWindow {
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
