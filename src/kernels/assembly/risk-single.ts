// A point of a risk walk whose position no other point can account for: short, or not all the account holds.
import { BY_REVERSE, BY_SIGNAL, HAS_BARRIERS, UNITS } from '../walk-layout';
import { startBarriers } from './barriers';
import { enter, exitAtMarket } from './orders';
import { atClose, setPoint } from './risk-input';
import { readRow, writeRow } from './risk-rows';
import { watch } from './walk';
import { isSet, nextEvent } from './walk-events';
import { at, barCount, close, enterLong, enterShort, exitLong, exitShort, open, sums } from './walk-input';

const NONE: i32 = -1;

/** Opens a position in the row of a point and answers true, or counts an order too small to place. */
export function enterAlone(point: i32, side: f64, bar: i32, reference: f64): bool {
  writeRow(point);
  setPoint(point);
  if (enter(side, bar, reference)) {
    if (at(sums, HAS_BARRIERS) !== 0) startBarriers(side, reference, bar);
    return true;
  }
  readRow(point);
  return false;
}

/**
 * Ends the position in the row of a point by what comes first in [from, to), as the walk of one variant does, but for a
 * reversal: the account is then flat and its next signal is the one that reverses. Answers the first bar whose signal
 * counts afterwards, or -1 when the position stays.
 */
export function leaveAlone(point: i32, from: i32, to: i32): i32 {
  setPoint(point);
  const next = leave(from, to);
  if (next >= 0) readRow(point);
  return next;
}

function leave(from: i32, to: i32): i32 {
  const isLong = at(sums, UNITS) > 0;
  const entries = isLong ? enterShort : enterLong;
  const event = nextEvent(isLong ? exitLong : exitShort, entries, from, to);
  if (at(sums, HAS_BARRIERS) !== 0 || !isLong) {
    const watched = watch(from, event, to, atClose, isLong);
    if (watched >= 0) return watched;
  }
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= barCount) return NONE;
  const reverses = isSet(entries, event);
  exitAtMarket(fillBar, atClose ? at(close, fillBar) : at(open, fillBar), reverses ? BY_REVERSE : BY_SIGNAL);
  return reverses ? event : event + 1;
}
