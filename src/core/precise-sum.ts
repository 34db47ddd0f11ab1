// A running sum that does not lose the low digits of its terms (Neumaier): as good as adding in twice the precision.

export interface PreciseSum {
  high: number;
  low: number;
}

export const preciseSum = (): PreciseSum => ({ high: 0, low: 0 });

export function addTo(sum: PreciseSum, term: number): void {
  const next = sum.high + term;
  sum.low += Math.abs(sum.high) >= Math.abs(term) ? sum.high - next + term : term - next + sum.high;
  sum.high = next;
}

export const totalOf = (sum: PreciseSum): number => sum.high + sum.low;
