// A point of a risk walk whose position no other point can account for: short, or not all the account holds.
import type { WalkInput } from './kernels.ts';
import { startBarriers } from './scalar-barriers.ts';
import { exitAtMarket } from './scalar-orders.ts';
import { watch } from './scalar-walk.ts';
import { isSet, nextEvent } from './scalar-walk-events.ts';
import { BY_REVERSE, BY_SIGNAL, HAS_BARRIERS, REFERENCE, UNITS } from './walk-layout.ts';

const NONE = -1;

/** Sets the barriers of the position that was just entered. */
export function startAlone(single: WalkInput, side: number, bar: number): void {
  if (single.sums[HAS_BARRIERS] !== 0) startBarriers(single, side, bar);
}

/**
 * Ends the position by what comes first in [from, to), as the walk of one variant does, but for a reversal: the account
 * is then flat and its next signal is the one that reverses. Answers the first bar whose signal counts afterwards, or -1
 * when the position stays.
 */
export function leaveAlone(single: WalkInput, from: number, to: number, atClose: boolean): number {
  const { sums, market, eventsFrom = 0 } = single;
  const isLong = sums[UNITS] > 0;
  const entries = isLong ? single.enterShort : single.enterLong;
  const event = nextEvent(isLong ? single.exitLong : single.exitShort, entries, from, to, eventsFrom);
  if (sums[HAS_BARRIERS] !== 0 || !isLong) {
    const watched = watch(single, from, event, to, atClose, isLong);
    if (watched >= 0) return watched;
  }
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= market.barCount) return NONE;
  const reverses = isSet(entries, event - eventsFrom);
  sums[REFERENCE] = (atClose ? market.close : market.open)[fillBar - market.firstBar];
  exitAtMarket(single, fillBar, reverses ? BY_REVERSE : BY_SIGNAL);
  return reverses ? event : event + 1;
}
