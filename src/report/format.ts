// Numbers, times and durations as people read them: one wording for the terminal and the page. Times are UTC.
import type { MetricDefinition } from '../metrics/metrics.ts';

/** What stands where a value is undefined. */
export const NO_VALUE = '–';

type Value = number | null | undefined;

const isNumber = (value: Value): value is number => typeof value === 'number' && Number.isFinite(value);

/** Groups thousands with commas and keeps `digits` decimals; never "-0". */
export function formatNumber(value: Value, digits = 2): string {
  if (!isNumber(value)) return NO_VALUE;
  const text = Math.abs(value).toFixed(digits);
  if (text.includes('e')) return value.toExponential(digits);
  const [whole = '', decimals] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = value < 0 && /[1-9]/.test(text) ? '-' : '';
  return sign + (decimals === undefined ? grouped : `${grouped}.${decimals}`);
}

/** A fraction as percent: 0.1234 -> 12.34%. Large percentages drop decimals. */
export function formatPercent(fraction: Value, digits = 2): string {
  if (!isNumber(fraction)) return NO_VALUE;
  const percent = fraction * 100;
  return `${formatNumber(percent, Math.abs(percent) >= 10_000 ? 0 : digits)}%`;
}

/** As formatPercent, with a plus sign on gains. */
export function formatSignedPercent(fraction: Value, digits = 2): string {
  const text = formatPercent(fraction, digits);
  return isNumber(fraction) && fraction > 0 ? `+${text}` : text;
}

/** Quote currency. Two decimals, more below 1 so that small accounts keep their digits. */
export function formatMoney(value: Value): string {
  if (!isNumber(value)) return NO_VALUE;
  const size = Math.abs(value);
  return formatNumber(value, size >= 1_000_000 ? 0 : size >= 1 || size === 0 ? 2 : 4);
}

/** A price with about seven significant digits and no needless zeros. */
export function formatPrice(value: Value): string {
  if (!isNumber(value)) return NO_VALUE;
  const size = Math.abs(value);
  const whole = size >= 1 ? Math.floor(Math.log10(size)) + 1 : 0;
  const digits = size >= 1 ? Math.max(2, Math.min(5, 7 - whole)) : 8;
  const text = formatNumber(value, digits);
  return text.includes('.') ? text.replace(/(\.\d\d\d*?)0+$/, '$1') : text;
}

/** Units of the base asset: at most eight decimals, no trailing zeros. */
export function formatSize(value: Value): string {
  if (!isNumber(value)) return NO_VALUE;
  const size = Math.abs(value);
  const text = formatNumber(value, size >= 1000 ? 2 : size >= 1 ? 4 : 8);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A count; averages of counts keep one decimal. */
export function formatCount(value: Value): string {
  return isNumber(value) ? formatNumber(value, Number.isInteger(value) ? 0 : 1) : NO_VALUE;
}

/** A parameter as it was written: up to ten significant digits. */
export function formatParameter(value: Value): string {
  return isNumber(value) ? String(Number(value.toPrecision(10))) : 'off';
}

/** A metric by its unit: fractions as %, money, ratios with two decimals, counts as integers. */
export function formatMetric(value: Value, unit: MetricDefinition['unit']): string {
  if (unit === 'fraction') return formatPercent(value);
  if (unit === 'money') return formatMoney(value);
  return unit === 'count' ? formatCount(value) : formatNumber(value);
}

/** `2024-03-01 14:05` in UTC; whole days print without the clock when `dateOnly`. */
export function formatTime(timeMs: number, dateOnly = false): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return NO_VALUE;
  const text = date.toISOString();
  return dateOnly ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}

/** True when candles of this timeframe are told apart by their date alone. */
export const isDateOnly = (timeframe: string): boolean => /[dw]$/.test(timeframe);

/** A span in the two largest units that matter: `850 ms`, `12.3 s`, `4 min 12 s`, `3 d 4 h`. */
export function formatDuration(ms: Value): string {
  if (!isNumber(ms)) return NO_VALUE;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  // 59.95 s and more would print as 60.0 s.
  if (ms < 59_950) return `${formatNumber(ms / 1_000, 1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return pair(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return pair(minutes, 60, 'h', 'min');
  return pair(Math.round(minutes / 60), 24, 'd', 'h');
}

function pair(count: number, per: number, large: string, small: string): string {
  const rest = count % per;
  const head = `${formatNumber(Math.floor(count / per), 0)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

/** Names from outside, safe to print: control and direction-changing characters become the replacement character. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
