// In how many bars executors, which may overlap, hold something at the close.
import type { ExecutedRun } from '../controllers/run-controller.ts';
import type { ExecutorRecord } from '../executors/executor-book.ts';

/** A rest this small beside what was traded is rounding. */
const NOISE = 1e-9;

/** Makes a counter over windows of `barCount` bars; its columns are used again by every call. */
export function exposureCounter(barCount: number): (run: ExecutedRun, from: number) => number {
  // How many more (fewer) executors hold something from this bar on.
  const change = new Int32Array(barCount + 1);
  return ({ executors, hold }, from) => {
    change.fill(0);
    for (let k = 0; k < executors.length; k++) {
      const { fillBar, closeBar } = executors[k]!;
      if (fillBar < 0 || closeBar <= fillBar) continue;
      change[fillBar - from]!++;
      change[closeBar - from]!--;
    }
    if (hold !== null) markHold(executors, from, barCount, change);
    let open = 0;
    let exposed = 0;
    for (let bar = 0; bar < barCount; bar++) {
      open += change[bar]!;
      if (open > 0) exposed++;
    }
    return exposed;
  };
}

/** What executors handed over is held until later ones have sold it again. */
function markHold(executors: readonly ExecutorRecord[], from: number, barCount: number, change: Int32Array): void {
  let base = 0;
  let since = -1;
  for (const { closeType, heldQuote, averagePrice, isLong, closeBar } of executors) {
    if (closeType !== 'POSITION_HOLD' || heldQuote === 0) continue;
    const traded = heldQuote / averagePrice;
    base += isLong ? traded : -traded;
    const isFlat = Math.abs(base) <= NOISE * traded;
    if (isFlat) base = 0;
    if (since < 0 && !isFlat) since = closeBar - from;
    else if (since >= 0 && isFlat) {
      change[since]!++;
      change[closeBar - from]!--;
      since = -1;
    }
  }
  if (since < 0) return;
  change[since]!++;
  change[barCount]!--;
}
