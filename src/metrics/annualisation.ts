// How many bars a year has: the factor that turns per-bar figures into yearly ones.
import type { Timeframe } from '../market/timeframe.ts';
import { timeframeMs } from '../market/timeframe.ts';

/**
 * `continuous`: a year is 365 days of 24 hours (crypto; the default).
 * `equity-sessions`: a year is 252 sessions of 6.5 hours, or 52 weeks.
 */
export type Calendar = 'continuous' | 'equity-sessions';

const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;
const YEAR_SESSIONS = 252;
const YEAR_WEEKS = 52;
const SESSION_MS = 6.5 * 3_600_000;

/**
 * Bars per year of `timeframe` under `calendar`. Under `equity-sessions` a candle of n days holds n sessions, a candle
 * of n weeks n of the 52 weeks, and an intraday candle longer than a session still occurs once per session.
 * Source: vectorbt (365 days over the bar length), empyrical (252 days, 52 weeks).
 */
export function periodsPerYear(timeframe: Timeframe, calendar: Calendar = 'continuous'): number {
  const lengthMs = timeframeMs(timeframe);
  if (calendar === 'continuous') return (YEAR_DAYS * DAY_MS) / lengthMs;
  if (timeframe.endsWith('w')) return YEAR_WEEKS / (lengthMs / (7 * DAY_MS));
  if (lengthMs >= DAY_MS) return YEAR_SESSIONS / (lengthMs / DAY_MS);
  return YEAR_SESSIONS * Math.max(1, SESSION_MS / lengthMs);
}
