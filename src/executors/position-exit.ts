// The end of a position: its bar, its kind, and the price that an order at a level gets.
import type { CloseType } from './executor-run.ts';

export interface Exit {
  readonly bar: number;
  readonly closeType: CloseType;
  /** Price booked; NaN for the close of the bar. */
  readonly price: number;
}

export const timeLimit = (bar: number): Exit => ({ bar, closeType: 'TIME_LIMIT', price: Number.NaN });

export const better = (open: number, level: number, isLong: boolean): number =>
  isLong ? Math.max(open, level) : Math.min(open, level);

export const worse = (open: number, level: number, isLong: boolean): number =>
  isLong ? Math.min(open, level) : Math.max(open, level);
