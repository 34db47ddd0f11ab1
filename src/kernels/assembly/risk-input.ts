// What one risk walk works on: addresses of its grid, of the points' sums, and of the parts of its scratch.
import {
  COHORT_CELLS,
  GRID_LEVELS_AT,
  GRID_LEVEL_COUNT,
  GRID_LIMITS,
  GRID_POINTS,
  GRID_SETTINGS_AT,
  GRID_SHARES,
  GRID_SLOTS_AT,
  GRID_TARGETS,
  GRID_TRAILS,
  MORE_RECORDS,
  POINT_CELLS,
  RECORD_CELLS,
  RISK_HEADER,
} from '../risk-layout';
import { AT_CLOSE, DETAIL, FILL_AT, WALK_CELLS, WALK_SETTINGS } from '../walk-layout';
import { at, enterLong, enterShort, exitLong, exitShort, setVariant } from './walk-input';

export let points: i32 = 0;
export let sharesExcursions: bool = false;
/** Records: stop-losses are [0, targets), then up to trails, limits and levelCount; then the signal, then none. */
export let targets: i32 = 0;
export let trails: i32 = 0;
export let limits: i32 = 0;
export let levelCount: i32 = 0;
export let levels: usize = 0;
export let slots: usize = 0;
/** Settings and sums of the first point. */
export let gridSettings: usize = 0;
export let gridSums: usize = 0;
/** The scratch begins with its header. */
export let header: usize = 0;
export let records: usize = 0;
export let cohorts: usize = 0;
export let accounts: usize = 0;
export let reachedAt: usize = 0;
export let links: usize = 0;
export let atClose: bool = false;
export let detail: i32 = 0;

@inline
function gridCell(grid: usize, index: i32): i32 {
  return load<i32>(grid + (<usize>index << 2));
}

/** The grid, the sums and the scratch that the next steps of a risk walk work on; `setVariant` names its events. */
export function setRiskWalk(grid: usize, sumsAt: usize, scratch: usize): void {
  points = gridCell(grid, GRID_POINTS);
  sharesExcursions = gridCell(grid, GRID_SHARES) !== 0;
  targets = gridCell(grid, GRID_TARGETS);
  trails = gridCell(grid, GRID_TRAILS);
  limits = gridCell(grid, GRID_LIMITS);
  levelCount = gridCell(grid, GRID_LEVEL_COUNT);
  levels = <usize>gridCell(grid, GRID_LEVELS_AT);
  slots = <usize>gridCell(grid, GRID_SLOTS_AT);
  gridSettings = <usize>gridCell(grid, GRID_SETTINGS_AT);
  gridSums = sumsAt;
  const pairs = (points + 1) >>> 1;
  const recordCount = levelCount + MORE_RECORDS;
  header = scratch;
  records = scratch + RISK_HEADER * 8;
  cohorts = records + <usize>recordCount * (RECORD_CELLS * 8);
  accounts = cohorts + <usize>(points + 1) * (COHORT_CELLS * 8);
  reachedAt = accounts + <usize>pairs * (2 * POINT_CELLS * 8);
  links = reachedAt + (<usize>((recordCount + 1) >>> 1) << 3);
  atClose = at(gridSettings, FILL_AT) === <f64>AT_CLOSE;
  detail = <i32>at(gridSettings, DETAIL);
}

/** Makes the walk of one variant work on the settings and sums of a point. */
export function setPoint(point: i32): void {
  const settingsAt = gridSettings + <usize>point * (WALK_SETTINGS * 8);
  // The addresses of the events are those of bar 0 already.
  setVariant(enterLong, exitLong, enterShort, exitShort, settingsAt, rowOf(point), 0);
}

/** Cells of a point as the walk of one variant keeps them. */
@inline
export function rowOf(point: i32): usize {
  return gridSums + <usize>point * (WALK_CELLS * 8);
}

/** Cells of a point as the risk walk keeps them: its lane of a pair. */
@inline
export function accountOf(point: i32): usize {
  return accounts + <usize>(point >>> 1) * (2 * POINT_CELLS * 8) + (<usize>(point & 1) << 3);
}

@inline
export function recordOf(record: i32): usize {
  return records + <usize>record * (RECORD_CELLS * 8);
}

/** A whole number in a cell of the header or of a cohort. */
@inline
export function whole(cells: usize, index: i32): i32 {
  return load<i32>(cells + (<usize>index << 3));
}

@inline
export function putWhole(cells: usize, index: i32, value: i32): void {
  store<i32>(cells + (<usize>index << 3), value);
}

@inline
export function linkOf(point: i32): i32 {
  return load<i32>(links + (<usize>point << 2));
}

@inline
export function putLink(point: i32, next: i32): void {
  store<i32>(links + (<usize>point << 2), next);
}

/** Bar at which a record was reached, NO_BAR while it was not. */
@inline
export function barOf(record: i32): i32 {
  return load<i32>(reachedAt + (<usize>record << 2));
}

@inline
export function putBar(record: i32, bar: i32): void {
  store<i32>(reachedAt + (<usize>record << 2), bar);
}
