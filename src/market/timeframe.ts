// Timeframes such as 1m, 5m, 1h, 1d: parsing, length in milliseconds, and the grid their candles lie on.
import { AppError } from '../core/errors.ts';

/** A count and a unit: s second, m minute, h hour, d day, w week (Monday-based). */
export type Timeframe = string & { readonly timeframe: unique symbol };

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** 1970-01-05 was the first Monday of the epoch; weekly candles start on Mondays. */
const WEEK_OFFSET_MS = 4 * 86_400_000;

export const isTimeframe = (value: unknown): value is Timeframe =>
  typeof value === 'string' && /^[1-9]\d{0,3}[smhdw]$/.test(value);

/** Parses a timeframe. Errors: TIMEFRAME_INVALID. */
export function parseTimeframe(text: string): Timeframe {
  if (isTimeframe(text)) return text;
  throw new AppError('TIMEFRAME_INVALID', { found: `"${text}".`, todo: 'Write for example 1m, 5m, 1h, 4h or 1d.' });
}

/** Length of one candle in milliseconds. */
export function timeframeMs(timeframe: Timeframe): number {
  return Number(timeframe.slice(0, -1)) * UNIT_MS[timeframe.slice(-1)]!;
}

/** The open time of the candle of `timeframe` that holds `timeMs` (epoch ms UTC). */
export function candleOpenTime(timeMs: number, timeframe: Timeframe): number {
  const length = timeframeMs(timeframe);
  const offset = timeframe.endsWith('w') ? WEEK_OFFSET_MS : 0;
  return Math.floor((timeMs - offset) / length) * length + offset;
}

/** The timeframe whose candles are `ms` long, in its usual spelling (60000 -> 1m), or undefined. */
export function timeframeOfMs(ms: number): Timeframe | undefined {
  for (const unit of ['w', 'd', 'h', 'm', 's']) {
    const count = ms / UNIT_MS[unit]!;
    if (Number.isInteger(count) && count >= 1 && count <= 9999) return `${count}${unit}` as Timeframe;
  }
  return undefined;
}
