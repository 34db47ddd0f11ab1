// The excursion of one long position: the first bar that reaches each level of a risk grid, found in one pass.
import {
  COHORT_BAR,
  COHORT_BEST,
  COHORT_DRAWN,
  COHORT_ENTRY_BAR,
  COHORT_FIRST_CLOSE,
  COHORT_HIGHEST,
  COHORT_LAST_LIMIT,
  COHORT_LAST_STOP,
  COHORT_LAST_TARGET,
  COHORT_LAST_TRAIL,
  COHORT_LIMIT,
  COHORT_LOWEST,
  COHORT_REFERENCE,
  COHORT_STOP,
  COHORT_SUMS,
  COHORT_TARGET,
  COHORT_TRAIL,
  LIMIT_SLOT,
  NO_BAR,
  RECORD_BAR,
  RECORD_CELLS,
  RECORD_DRAWN,
  RECORD_GAPPED,
  RECORD_HELD,
  RECORD_HIGHEST,
  RECORD_LAST_CLOSE,
  RECORD_LEVEL,
  RECORD_LOSSES,
  RECORD_LOWEST,
  RECORD_PRICE,
  RECORD_SPANS,
  RECORD_SUMS,
  STOP_SLOT,
  TARGET_SLOT,
  TRAIL_SLOT,
} from '../risk-layout';
import { FULL, SLIPPAGE } from '../walk-layout';
import {
  barOf,
  detail,
  gridSettings,
  levelCount,
  levels,
  limits,
  putBar,
  putWhole,
  recordOf,
  slots,
  targets,
  trails,
  whole,
} from './risk-input';
import { larger, smaller } from './select';
import { restartSums, spansOf } from './spans';
import {
  BLOCK_BARS,
  at,
  barSums,
  blockCloseMax,
  blockCloseMin,
  blockHigh,
  blockLow,
  close,
  high,
  low,
  open,
  put,
} from './walk-input';

/** First and last bar at which the last search reached anything: NO_BAR and -1 for none. */
export let firstReached: i32 = 0;
export let lastReached: i32 = 0;

/** Sets a cohort that entered before its first barrier test, which is at bar `from`; nothing was reached yet. */
export function startExcursion(cells: usize, from: i32): void {
  putWhole(cells, COHORT_BAR, from);
  put(cells, COHORT_BEST, at(cells, COHORT_REFERENCE));
  putWhole(cells, COHORT_STOP, 0);
  putWhole(cells, COHORT_TARGET, targets);
  putWhole(cells, COHORT_TRAIL, trails);
  putWhole(cells, COHORT_LIMIT, limits);
  putWhole(cells, COHORT_DRAWN, whole(cells, COHORT_ENTRY_BAR));
  put(cells, COHORT_HIGHEST, -Infinity);
  put(cells, COHORT_LOWEST, Infinity);
  put(cells, COHORT_FIRST_CLOSE, 0);
}

/** Keeps what later bars need of the entry bar, once it lies before `to`. */
export function keepEntry(cells: usize, to: i32): void {
  const bar = whole(cells, COHORT_ENTRY_BAR);
  if (bar >= to || at(cells, COHORT_FIRST_CLOSE) !== 0) return;
  const price = at(close, bar);
  put(cells, COHORT_FIRST_CLOSE, price);
  if (detail !== FULL) return;
  const from = barSums + (<usize>bar << 5);
  v128.store(cells + COHORT_SUMS * 8, v128.load(from));
  v128.store(cells + COHORT_SUMS * 8, v128.load(from, 16), 16);
  // Under `close` the entry bar is held at its close, but its barriers are not looked at.
  if (whole(cells, COHORT_BAR) > bar) {
    put(cells, COHORT_HIGHEST, price);
    put(cells, COHORT_LOWEST, price);
  }
}

/**
 * Tests the barriers of a cohort on bars up to `last` (inclusive) and writes a record for each level that is reached,
 * until every point of the cohort is out. Levels of one kind are reached in order of their distance, so that only the
 * nearest ones left are looked at (rules 10 to 13 and 16). `final` is the bar at which whoever is left will leave, at
 * most `last` + 1: its close and later ones are not part of the position any more.
 */
export function followExcursion(cells: usize, last: i32, final: i32): void {
  const reference = at(cells, COHORT_REFERENCE);
  const marks = detail === FULL;
  firstReached = NO_BAR;
  lastReached = -1;
  let bar = whole(cells, COHORT_BAR);
  let best = at(cells, COHORT_BEST);
  let highest = at(cells, COHORT_HIGHEST);
  let lowest = at(cells, COHORT_LOWEST);
  let stop = stopLevel(whole(cells, COHORT_STOP), reference);
  let trail = trailFactor(whole(cells, COHORT_TRAIL));
  let upper = targetLevel(whole(cells, COHORT_TARGET), reference);
  let limit = limitBar(cells);
  let lower = larger(stop, best * trail);
  if (allOut(cells)) return;
  while (bar <= last) {
    const blockEnd = bar + BLOCK_BARS;
    if ((bar & (BLOCK_BARS - 1)) === 0 && blockEnd <= last + 1 && blockEnd <= final && blockEnd <= limit) {
      const block = bar / BLOCK_BARS;
      const most = at(blockHigh, block);
      const after = larger(best, most);
      const lowerAfter = larger(stop, after * trail);
      if (at(blockLow, block) > lowerAfter && most < upper) {
        best = after;
        lower = lowerAfter;
        if (marks) {
          highest = larger(highest, at(blockCloseMax, block));
          lowest = smaller(lowest, at(blockCloseMin, block));
        }
        bar = blockEnd;
        continue;
      }
    }
    const most = at(high, bar);
    if (at(low, bar) <= lower || most >= upper || bar === limit) {
      reach(cells, bar, best, highest, lowest);
      if (allOut(cells)) return;
      stop = stopLevel(whole(cells, COHORT_STOP), reference);
      trail = trailFactor(whole(cells, COHORT_TRAIL));
      upper = targetLevel(whole(cells, COHORT_TARGET), reference);
      limit = limitBar(cells);
    }
    if (bar === final) break;
    best = larger(best, most);
    lower = larger(stop, best * trail);
    const price = at(close, bar);
    highest = larger(highest, price);
    lowest = smaller(lowest, price);
    bar += 1;
  }
  putWhole(cells, COHORT_BAR, bar);
  put(cells, COHORT_BEST, best);
  put(cells, COHORT_HIGHEST, highest);
  put(cells, COHORT_LOWEST, lowest);
}

/** Whether every point of the cohort has a level of one kind that was reached. */
export function allOut(cells: usize): bool {
  return (
    whole(cells, COHORT_STOP) > whole(cells, COHORT_LAST_STOP) ||
    whole(cells, COHORT_TARGET) > whole(cells, COHORT_LAST_TARGET) ||
    whole(cells, COHORT_TRAIL) > whole(cells, COHORT_LAST_TRAIL) ||
    whole(cells, COHORT_LIMIT) > whole(cells, COHORT_LAST_LIMIT)
  );
}

@inline
function stopLevel(record: i32, reference: f64): f64 {
  return record < targets ? reference * (1 - at(levels, record)) : -Infinity;
}

@inline
function targetLevel(record: i32, reference: f64): f64 {
  return record < trails ? reference * (1 + at(levels, record)) : Infinity;
}

/** What the best price is multiplied with; -Infinity without a trailing stop. */
@inline
function trailFactor(record: i32): f64 {
  return record < limits ? 1 - at(levels, record) : -Infinity;
}

function limitBar(cells: usize): i32 {
  const limit = whole(cells, COHORT_LIMIT);
  if (limit >= levelCount) return NO_BAR;
  const bar = <f64>whole(cells, COHORT_ENTRY_BAR) + at(levels, limit);
  return bar < <f64>NO_BAR ? <i32>bar : NO_BAR;
}

/** Writes the records of all levels that bar `bar` reaches; `best` is the best price before it. */
function reach(cells: usize, bar: i32, best: f64, highest: f64, lowest: f64): void {
  const opened = at(open, bar);
  const least = at(low, bar);
  const most = at(high, bar);
  const reference = at(cells, COHORT_REFERENCE);
  const cheaper = 1 - at(gridSettings, SLIPPAGE);
  firstReached = min(firstReached, bar);
  lastReached = bar;
  writeFacts(cells, bar, highest, lowest);
  let record = whole(cells, COHORT_STOP);
  for (let level = stopLevel(record, reference); least <= level; level = stopLevel(record, reference)) {
    writeRecord(record, bar, level, min(opened, level) * cheaper, opened <= level);
    record += 1;
  }
  putWhole(cells, COHORT_STOP, record);
  record = whole(cells, COHORT_TRAIL);
  for (let level = best * trailFactor(record); least <= level; level = best * trailFactor(record)) {
    writeRecord(record, bar, level, min(opened, level) * cheaper, opened <= level);
    record += 1;
  }
  putWhole(cells, COHORT_TRAIL, record);
  record = whole(cells, COHORT_TARGET);
  for (let level = targetLevel(record, reference); most >= level; level = targetLevel(record, reference)) {
    writeRecord(record, bar, level, max(opened, level), opened >= level);
    record += 1;
  }
  putWhole(cells, COHORT_TARGET, record);
  if (limitBar(cells) === bar) {
    record = whole(cells, COHORT_LIMIT);
    writeRecord(record, bar, 0, at(close, bar) * cheaper, false);
    putWhole(cells, COHORT_LIMIT, record + 1);
  }
}

/** Writes the way out of whoever reaches no level before bar `bar`. */
export function writeFinal(cells: usize, bar: i32, price: f64): void {
  writeFacts(cells, bar, at(cells, COHORT_HIGHEST), at(cells, COHORT_LOWEST));
  writeRecord(levelCount, bar, 0, price * (1 - at(gridSettings, SLIPPAGE)), false);
}

/** A way out at bar `bar`: what it pays, and the facts that were written last. */
@inline
function writeRecord(record: i32, bar: i32, level: f64, price: f64, gapped: bool): void {
  const out = recordOf(record);
  const facts = recordOf(levelCount + 1);
  putBar(record, bar);
  put(out, RECORD_LEVEL, level);
  put(out, RECORD_GAPPED, <f64>gapped);
  put(out, RECORD_PRICE, price);
  for (let cell = RECORD_HELD; cell < RECORD_CELLS; cell += 2) {
    v128.store(out + (<usize>cell << 3), v128.load(facts + (<usize>cell << 3)));
  }
}

/** Sums over the bars held before bar `bar`, for every way out there: kept in the record that is never reached. */
function writeFacts(cells: usize, bar: i32, highest: f64, lowest: f64): void {
  const out = recordOf(levelCount + 1);
  const entryBar = whole(cells, COHORT_ENTRY_BAR);
  const drawn = whole(cells, COHORT_DRAWN);
  put(out, RECORD_HELD, <f64>(bar - entryBar));
  if (detail !== FULL) return;
  const isEmpty = bar === drawn;
  put(out, RECORD_DRAWN, <f64>(bar - drawn));
  put(out, RECORD_HIGHEST, isEmpty ? -Infinity : highest);
  put(out, RECORD_LOWEST, isEmpty ? Infinity : lowest);
  put(out, RECORD_BAR, <f64>bar);
  const hasSpan = bar - entryBar > 1;
  put(out, RECORD_SPANS, spansOf(entryBar, bar - 1));
  if (bar > entryBar) put(out, RECORD_LAST_CLOSE, at(close, bar - 1));
  let plain = f64x2.splat(0);
  let signed = plain;
  if (hasSpan) {
    const last = barSums + (<usize>(bar - 1) << 5);
    const kept = out + RECORD_SUMS * 8;
    v128.store(kept, v128.load(cells, COHORT_SUMS * 8));
    v128.store(kept, v128.load(cells, COHORT_SUMS * 8 + 16), 16);
    restartSums(kept, lastSeen(cells), bar);
    plain = f64x2.sub(v128.load(last), v128.load(kept));
    signed = f64x2.sub(v128.load(last, 16), v128.load(kept, 16));
  }
  v128.store(out + RECORD_SUMS * 8, plain);
  v128.store(out + RECORD_SUMS * 8, signed, 16);
  put(out, RECORD_LOSSES, f64x2.extract_lane(signed, 1) - f64x2.extract_lane(plain, 0));
}

/** The bar that the sums a cohort keeps have come to: the entry bar, or the last one whose drawdown was added. */
@inline
function lastSeen(cells: usize): i32 {
  const entryBar = whole(cells, COHORT_ENTRY_BAR);
  const drawn = whole(cells, COHORT_DRAWN);
  return drawn > entryBar ? drawn - 1 : entryBar;
}

/** Leaves the bars before `to` behind, whose drawdown was added: extremes begin anew, and so do prefix sums. */
export function passBars(cells: usize, to: i32): void {
  restartSums(cells + COHORT_SUMS * 8, lastSeen(cells), to);
  putWhole(cells, COHORT_DRAWN, to);
  put(cells, COHORT_HIGHEST, -Infinity);
  put(cells, COHORT_LOWEST, Infinity);
}

/** Takes back the records of a cohort's excursion, and the way out of whoever was left. */
export function forgetRecords(cells: usize): void {
  for (let record = whole(cells, COHORT_STOP) - 1; record >= 0; record--) putBar(record, NO_BAR);
  for (let record = whole(cells, COHORT_TARGET) - 1; record >= targets; record--) putBar(record, NO_BAR);
  for (let record = whole(cells, COHORT_TRAIL) - 1; record >= trails; record--) putBar(record, NO_BAR);
  for (let record = whole(cells, COHORT_LIMIT) - 1; record >= limits; record--) putBar(record, NO_BAR);
  putBar(levelCount, NO_BAR);
}

@inline
function slotOf(point: i32, slot: i32): i32 {
  return load<i32>(slots + (<usize>point << 4) + (<usize>slot << 2));
}

/**
 * The record by which a point of the cohort leaves: of what it reached, the first; within a bar the stop before the
 * target (of two stops the nearer one, the stop-loss on a tie) and both before the time limit; the last record of all
 * where nothing was reached.
 */
@inline
export function wayOut(point: i32): i32 {
  let record = slotOf(point, STOP_SLOT);
  let bar = barOf(record);
  if (trails < limits) {
    const trail = slotOf(point, TRAIL_SLOT);
    const trailBar = barOf(trail);
    const isNearer = trailBar === bar && at(recordOf(trail), RECORD_LEVEL) > at(recordOf(record), RECORD_LEVEL);
    if (trailBar < bar || isNearer) {
      record = trail;
      bar = trailBar;
    }
  }
  const target = slotOf(point, TARGET_SLOT);
  const targetBar = barOf(target);
  record = select(target, record, targetBar < bar);
  bar = min(bar, targetBar);
  if (limits < levelCount) {
    const limit = slotOf(point, LIMIT_SLOT);
    if (barOf(limit) < bar) {
      record = limit;
      bar = barOf(limit);
    }
  }
  return select(levelCount, record, bar === NO_BAR);
}

/** Whether a point that leaves at a stop could as well have reached its target in that bar. */
@inline
export function isAmbiguous(point: i32, record: i32): bool {
  const target = slotOf(point, TARGET_SLOT);
  const bar = barOf(record);
  if (target === record || barOf(target) !== bar || bar === NO_BAR) return false;
  return record < limits && at(recordOf(record), RECORD_GAPPED) === 0;
}
