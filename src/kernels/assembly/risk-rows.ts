// Moves the account of a point between its lane of a pair and the cells that the walk of one variant works in.
import {
  POINT_CELLS,
  POINT_FIRST_PNL,
  POINT_HELD,
  POINT_SHIFTED_PNL,
  POINT_SHIFTED_SQUARES,
  RECORD_BAR,
  RECORD_DRAWN,
} from '../risk-layout';
import {
  ENTRY_SIZE,
  EXPOSED_BARS,
  FIRST_PNL,
  HOLDING_BARS,
  MAX_DRAWDOWN,
  MAX_DRAWDOWN_BARS,
  PEAK,
  SHIFTED_PNL,
  SHIFTED_SQUARES,
  UNDER_WATER,
} from '../walk-layout';
import { sink } from './drawdown';
import { accountOf, accounts, rowOf, setPoint } from './risk-input';
import { add, at, put, sums } from './walk-input';

/** Cell of an account: cells of a pair lie side by side. */
@inline
function cellOf(account: usize, cell: i32): usize {
  return account + (<usize>cell << 4);
}

@inline
export function getCell(account: usize, cell: i32): f64 {
  return load<f64>(cellOf(account, cell));
}

@inline
export function putCell(account: usize, cell: i32, value: f64): void {
  store<f64>(cellOf(account, cell), value);
}

/** Makes the row of a point equal to its account. */
export function writeRow(point: i32): void {
  const account = accountOf(point);
  const row = rowOf(point);
  for (let cell = 0; cell <= ENTRY_SIZE; cell++) put(row, cell, getCell(account, cell));
  put(row, FIRST_PNL, getCell(account, POINT_FIRST_PNL));
  put(row, SHIFTED_PNL, getCell(account, POINT_SHIFTED_PNL));
  put(row, SHIFTED_SQUARES, getCell(account, POINT_SHIFTED_SQUARES));
  add(row, EXPOSED_BARS, getCell(account, POINT_HELD));
  add(row, HOLDING_BARS, getCell(account, POINT_HELD));
}

/** Makes the account of a point equal to its row. */
export function readRow(point: i32): void {
  const account = accountOf(point);
  const row = rowOf(point);
  for (let cell = 0; cell <= ENTRY_SIZE; cell++) putCell(account, cell, at(row, cell));
  putCell(account, POINT_FIRST_PNL, at(row, FIRST_PNL));
  putCell(account, POINT_SHIFTED_PNL, at(row, SHIFTED_PNL));
  putCell(account, POINT_SHIFTED_SQUARES, at(row, SHIFTED_SQUARES));
  putCell(account, POINT_HELD, 0);
}

/** Drawdown of a held position over the bars that the record at `x` counts, block by block and bar by bar. */
export function sinkAccount(account: usize, units: f64, x: usize): void {
  const offset = account - accounts;
  const point = <i32>(offset / (2 * POINT_CELLS * 8)) * 2 + <i32>((offset >>> 3) & 1);
  setPoint(point);
  for (let cell = PEAK; cell <= UNDER_WATER; cell++) put(sums, cell, getCell(account, cell));
  put(sums, MAX_DRAWDOWN, getCell(account, MAX_DRAWDOWN));
  put(sums, MAX_DRAWDOWN_BARS, getCell(account, MAX_DRAWDOWN_BARS));
  const to = <i32>at(x, RECORD_BAR);
  sink(to - <i32>at(x, RECORD_DRAWN), to, 0, units);
  for (let cell = PEAK; cell <= UNDER_WATER; cell++) putCell(account, cell, at(sums, cell));
  putCell(account, MAX_DRAWDOWN, at(sums, MAX_DRAWDOWN));
  putCell(account, MAX_DRAWDOWN_BARS, at(sums, MAX_DRAWDOWN_BARS));
}
