// The excursion of one long position, scalar: the first bar that reaches each level of a risk grid, found in one pass.
import { BLOCK_BARS } from './kernels.ts';
import {
  COHORT_BAR,
  COHORT_BEST,
  COHORT_ENTRY_BAR,
  COHORT_LAST_LIMIT,
  COHORT_LAST_STOP,
  COHORT_LAST_TARGET,
  COHORT_LAST_TRAIL,
  COHORT_LIMIT,
  COHORT_REFERENCE,
  COHORT_STOP,
  COHORT_TARGET,
  COHORT_TRAIL,
  LIMIT_SLOT,
  NO_BAR,
  POINT_SLOTS,
  RECORD_CELLS,
  RECORD_GAPPED,
  RECORD_LEVEL,
  RECORD_REFERENCE,
  STOP_SLOT,
  TARGET_SLOT,
  TRAIL_SLOT,
} from './risk-layout.ts';
import type { RiskWalk } from './scalar-risk-lists.ts';

/** Sets a cohort before its first barrier test at bar `from`; nothing was reached yet. */
export function startExcursion(walk: RiskWalk, cohort: number, from: number): void {
  const { cells } = walk;
  const [stop, target, trail, limit] = walk.grid.starts;
  cells[cohort + COHORT_BAR] = from;
  cells[cohort + COHORT_BEST] = cells[cohort + COHORT_REFERENCE];
  cells[cohort + COHORT_STOP] = stop;
  cells[cohort + COHORT_TARGET] = target;
  cells[cohort + COHORT_TRAIL] = trail;
  cells[cohort + COHORT_LIMIT] = limit;
}

/**
 * Tests the barriers of a cohort on bars up to `last` (inclusive) and writes a record for each level that is reached,
 * until every point of the cohort is out. Levels of one kind are reached in order of their distance, so that only the
 * nearest ones left are looked at (rules 10 to 13 and 16).
 */
export function followExcursion(walk: RiskWalk, cohort: number, last: number): void {
  const { cells, market } = walk;
  const { high, low, firstBar } = market;
  let bar = cells[cohort + COHORT_BAR];
  let best = cells[cohort + COHORT_BEST];
  let goesOn = bar <= last && !allOut(cells, cohort);
  let lower = lowerLevel(walk, cohort, best);
  let upper = targetLevel(walk, cohort);
  let limit = limitBar(walk, cohort);
  while (goesOn) {
    const at = bar - firstBar;
    const block = at / BLOCK_BARS;
    if (Number.isInteger(block) && bar + BLOCK_BARS - 1 <= last && bar + BLOCK_BARS <= limit) {
      const highest = market.blockHigh[block];
      const after = highest > best ? highest : best;
      const lowerAfter = lowerLevel(walk, cohort, after);
      if (market.blockLow[block] > lowerAfter && highest < upper) {
        best = after;
        lower = lowerAfter;
        bar += BLOCK_BARS;
        goesOn = bar <= last;
        continue;
      }
    }
    if (low[at] <= lower || high[at] >= upper || bar === limit) {
      reach(walk, cohort, bar, best);
      upper = targetLevel(walk, cohort);
      limit = limitBar(walk, cohort);
      goesOn = !allOut(cells, cohort);
    }
    if (high[at] > best) best = high[at];
    lower = lowerLevel(walk, cohort, best);
    bar += 1;
    if (bar > last) goesOn = false;
  }
  cells[cohort + COHORT_BAR] = bar;
  cells[cohort + COHORT_BEST] = best;
}

/** Whether every point of the cohort has a level of one kind that was reached. */
function allOut(cells: Float64Array, cohort: number): boolean {
  return (
    cells[cohort + COHORT_STOP] > cells[cohort + COHORT_LAST_STOP] ||
    cells[cohort + COHORT_TARGET] > cells[cohort + COHORT_LAST_TARGET] ||
    cells[cohort + COHORT_TRAIL] > cells[cohort + COHORT_LAST_TRAIL] ||
    cells[cohort + COHORT_LIMIT] > cells[cohort + COHORT_LAST_LIMIT]
  );
}

/** The first record behind those of a kind. */
function endOf({ grid }: RiskWalk, slot: number): number {
  return slot + 1 < POINT_SLOTS ? grid.starts[slot + 1] : grid.levelCount;
}

function stopLevel(walk: RiskWalk, cohort: number, record: number): number {
  return walk.cells[cohort + COHORT_REFERENCE] * (1 - walk.grid.levels[record]);
}

/** The nearest level below that was not reached yet: of the stop-losses, or of the trailing stops behind `best`. */
function lowerLevel(walk: RiskWalk, cohort: number, best: number): number {
  const { cells, grid } = walk;
  const stop = cells[cohort + COHORT_STOP];
  const trail = cells[cohort + COHORT_TRAIL];
  const fixed = stop < endOf(walk, STOP_SLOT) ? stopLevel(walk, cohort, stop) : Number.NEGATIVE_INFINITY;
  const moving = trail < endOf(walk, TRAIL_SLOT) ? best * (1 - grid.levels[trail]) : Number.NEGATIVE_INFINITY;
  return fixed > moving ? fixed : moving;
}

function targetLevel(walk: RiskWalk, cohort: number): number {
  const target = walk.cells[cohort + COHORT_TARGET];
  if (target >= endOf(walk, TARGET_SLOT)) return Number.POSITIVE_INFINITY;
  return walk.cells[cohort + COHORT_REFERENCE] * (1 + walk.grid.levels[target]);
}

function limitBar(walk: RiskWalk, cohort: number): number {
  const limit = walk.cells[cohort + COHORT_LIMIT];
  if (limit >= endOf(walk, LIMIT_SLOT)) return NO_BAR;
  return walk.cells[cohort + COHORT_ENTRY_BAR] + walk.grid.levels[limit];
}

/** Writes the records of all levels that bar `bar` reaches; `best` is the best price before it. */
function reach(walk: RiskWalk, cohort: number, bar: number, best: number): void {
  const { cells, market, grid } = walk;
  const at = bar - market.firstBar;
  const open = market.open[at];
  const low = market.low[at];
  for (let stop = cells[cohort + COHORT_STOP]; stop < endOf(walk, STOP_SLOT); stop++) {
    const level = stopLevel(walk, cohort, stop);
    if (!(low <= level)) break;
    writeRecord(walk, stop, bar, level, Math.min(open, level), open <= level);
    cells[cohort + COHORT_STOP] = stop + 1;
  }
  for (let trail = cells[cohort + COHORT_TRAIL]; trail < endOf(walk, TRAIL_SLOT); trail++) {
    const level = best * (1 - grid.levels[trail]);
    if (!(low <= level)) break;
    writeRecord(walk, trail, bar, level, Math.min(open, level), open <= level);
    cells[cohort + COHORT_TRAIL] = trail + 1;
  }
  for (let level = targetLevel(walk, cohort); market.high[at] >= level; level = targetLevel(walk, cohort)) {
    writeRecord(walk, cells[cohort + COHORT_TARGET], bar, level, Math.max(open, level), open >= level);
    cells[cohort + COHORT_TARGET] += 1;
  }
  if (limitBar(walk, cohort) === bar) {
    const close = market.close[at];
    writeRecord(walk, cells[cohort + COHORT_LIMIT], bar, close, close, false);
    cells[cohort + COHORT_LIMIT] += 1;
  }
}

export function writeRecord(
  { cells, records, reachedAt }: RiskWalk,
  record: number,
  bar: number,
  level: number,
  reference: number,
  gapped: boolean,
): void {
  const at = records + record * RECORD_CELLS;
  reachedAt[record] = bar;
  cells[at + RECORD_LEVEL] = level;
  cells[at + RECORD_REFERENCE] = reference;
  cells[at + RECORD_GAPPED] = gapped ? 1 : 0;
}

/**
 * The record by which a point of the cohort leaves, one at NO_BAR while it stays: of what it reached, the first; within
 * a bar the stop before the target (of two stops the nearer one, the stop-loss on a tie) and both before the time limit.
 */
export function wayOut(walk: RiskWalk, point: number): number {
  const { reachedAt, grid } = walk;
  const at = point * POINT_SLOTS;
  const target = grid.slots[at + TARGET_SLOT];
  const limit = grid.slots[at + LIMIT_SLOT];
  const stop = stopOf(walk, point);
  const record = reachedAt[stop] <= reachedAt[target] ? stop : target;
  return reachedAt[limit] < reachedAt[record] ? limit : record;
}

/** Of a point's stop-loss and trailing stop the one that acts. */
export function stopOf({ cells, records, reachedAt, grid }: RiskWalk, point: number): number {
  const at = point * POINT_SLOTS;
  const stop = grid.slots[at + STOP_SLOT];
  const trail = grid.slots[at + TRAIL_SLOT];
  if (reachedAt[trail] !== reachedAt[stop]) return reachedAt[trail] < reachedAt[stop] ? trail : stop;
  const trailing = cells[records + trail * RECORD_CELLS + RECORD_LEVEL];
  return trailing > cells[records + stop * RECORD_CELLS + RECORD_LEVEL] ? trail : stop;
}

/** Whether a point that leaves at a stop could as well have reached its target in that bar. */
export function isAmbiguous({ cells, records, reachedAt, grid }: RiskWalk, point: number, record: number): boolean {
  const target = grid.slots[point * POINT_SLOTS + TARGET_SLOT];
  const isStop =
    record < grid.starts[TARGET_SLOT] || (record >= grid.starts[TRAIL_SLOT] && record < grid.starts[LIMIT_SLOT]);
  const isBoth = isStop && reachedAt[target] === reachedAt[record];
  return isBoth && cells[records + record * RECORD_CELLS + RECORD_GAPPED] === 0;
}

/** Takes back the records of a cohort's excursion. */
export function forgetRecords({ cells, reachedAt, grid }: RiskWalk, cohort: number): void {
  reachedAt.fill(NO_BAR, grid.starts[STOP_SLOT], cells[cohort + COHORT_STOP]);
  reachedAt.fill(NO_BAR, grid.starts[TARGET_SLOT], cells[cohort + COHORT_TARGET]);
  reachedAt.fill(NO_BAR, grid.starts[TRAIL_SLOT], cells[cohort + COHORT_TRAIL]);
  reachedAt.fill(NO_BAR, grid.starts[LIMIT_SLOT], cells[cohort + COHORT_LIMIT]);
}
