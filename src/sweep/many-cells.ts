// Checks the cells of a sweep before anything is computed: comparable, distinct, long enough, and within the budget.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS } from '../market/candles.ts';
import type { ManyCell, ManyRequest } from './many-request.ts';
import { type OpenedSweep, openSweep, type PlanHost } from './open-sweep.ts';

/** `BTCUSDT, 2024-01-01 to 2024-06-30`: the open times of the first and last bar. */
export function cellName({ market, window: { candles } }: ManyCell): string {
  const day = (bar: number): string => new Date(candles.time[bar]!).toISOString().slice(0, 10);
  return `${market}, ${day(0)} to ${day(candles.barCount - 1)}`;
}

/** Runs `work` for a cell; an error says which one it was. */
export async function inCell<T>(cell: ManyCell, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, rule, found, todo } = error;
    throw new AppError(code, { rule, found: `${cellName(cell)}: ${found}`, todo, cause: error });
  }
}

/** Errors: REQUEST_INVALID for fewer than two cells, equal cells or several timeframes; LIMIT_EXCEEDED for too many. */
export function checkCells(cells: readonly ManyCell[]): void {
  if (cells.length < 2) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A sweep across cells needs at least two: several markets, several windows, or both.',
      found: `${cells.length}.`,
      todo: 'Name more --data or --windows, or leave --across out.',
    });
  }
  if (cells.length > LIMITS.cellsMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: `A sweep has at most ${LIMITS.cellsMax} cells, markets times windows.`,
      found: `${cells.length}.`,
      todo: 'Name fewer markets or windows.',
    });
  }
  const first = cells[0]!;
  const other = cells.find((cell) => cell.window.history.timeframe !== first.window.history.timeframe);
  if (other !== undefined) {
    const found = [first, other].map(({ market, window }) => `${market} has candles of ${window.history.timeframe}`);
    throw new AppError('TIMEFRAME_INVALID', {
      rule: 'All markets of one sweep must have candles of one timeframe: lengths of a strategy count bars.',
      found: `${found.join(', ')}.`,
      todo: 'Add --timeframe with the longest of them; the others are resampled.',
    });
  }
  const seen = new Map<string, ManyCell>();
  for (const cell of cells) {
    const key = cellIdentity(cell);
    const twin = seen.get(key);
    if (twin !== undefined) {
      throw new AppError('REQUEST_INVALID', {
        rule: 'Each cell must have candles of its own; twice the same would count twice.',
        found: `${cellName(twin)} and ${cellName(cell)}, which are equal.`,
        todo: 'Leave one of them out.',
      });
    }
    seen.set(key, cell);
  }
}

/** What the numbers of a cell are a function of. Sorting by it makes an order that does not depend on names. */
export const cellIdentity = ({ window: { dataHash, from, history } }: ManyCell): string =>
  `${dataHash} ${from} ${history.barCount}`;

/** Bytes of the candles of all cells together; windows of one market share theirs. */
function candleBytes(cells: readonly ManyCell[]): number {
  // Columns lie in one buffer or in one each.
  const buffers = new Set(
    cells.flatMap(({ window: { history } }) => CANDLE_COLUMNS.map((name) => history[name].buffer)),
  );
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

export interface CheckedCells {
  readonly opened: readonly OpenedSweep[];
  /** Bytes that each cell must leave to the others' candles and to the values of the part. */
  readonly otherBytes: readonly number[];
}

/**
 * Opens every cell, so that the shortest history and the largest cell are known to do before the first is scored.
 * Errors: those of openSweep naming the cell, BUDGET_BYTES.
 */
export async function openCells(
  request: ManyRequest,
  cells: readonly ManyCell[],
  host: Pick<PlanHost, 'budgetBytes' | 'workers' | 'engine'>,
  partBytes: number,
): Promise<CheckedCells> {
  // Which variants it would be does not matter; that it is a part keeps the grid from being counted for each cell.
  const part = { stage: 'A' as const, bases: [0] };
  const opened: OpenedSweep[] = [];
  for (const cell of cells) {
    const { window } = cell;
    opened.push(await inCell(cell, () => openSweep(request, { ...host, budgetBytes: undefined, window, part })));
  }
  const all = candleBytes(cells);
  const ownBytes = cells.map(({ window }) => window.history.barCount * 8 * CANDLE_COLUMNS.length);
  const otherBytes = ownBytes.map((own) => Math.max(0, all - own) + partBytes);
  const needed = opened.reduce((most, { plan }, i) => Math.max(most, plan.bytesMinimum + otherBytes[i]!), 0);
  const { budgetBytes } = host;
  if (budgetBytes !== undefined && budgetBytes < needed) {
    const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
    throw new AppError('BUDGET_BYTES', {
      found: `a budget of ${mb(budgetBytes)}; ${cells.length} cells need ${mb(needed)}, of which ${mb(all)} are candles.`,
      todo: `Give at least --memory ${mb(needed).replace(' ', '')}, or name fewer markets.`,
    });
  }
  return { opened, otherBytes };
}
