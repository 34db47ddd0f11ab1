// When walk-forward models are fitted again: at times that depend on the clock of the market alone.

/** The bars of a column. */
export interface ModelBars {
  readonly count: number;
  /** Open times in epoch milliseconds. */
  readonly time: Float64Array;
  readonly barMs: number;
}

/**
 * Whether bar i is the last of a period of `every` bar lengths, counted from 1970. So a bar has the same model
 * wherever the history begins, and a strategy that runs on a shorter history later comes to the same values.
 */
export function isRefit({ time, barMs }: ModelBars, every: number, i: number): boolean {
  if (i === 0) return false;
  const period = every * barMs;
  return Math.floor((time[i]! + barMs) / period) > Math.floor((time[i - 1]! + barMs) / period);
}
