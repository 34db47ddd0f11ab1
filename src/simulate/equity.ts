// Marks an account at the closes of a stretch of bars.

/** equity[i] = cash + units x close[i] for bars [from, to), over which cash and units did not change. */
export function markEquity(
  equity: Float64Array,
  close: Float64Array,
  from: number,
  to: number,
  cash: number,
  units: number,
): void {
  if (units === 0) {
    equity.fill(cash, from, to);
    return;
  }
  for (let bar = from; bar < to; bar++) equity[bar] = cash + units * close[bar];
}
