// ISO 8601 dates and times to epoch milliseconds, byte by byte.

export interface IsoCursor {
  /** Set when the last time read named no zone, so that UTC was assumed. */
  naive: boolean;
}

const digitsAt = (bytes: Uint8Array, start: number, count: number): number => {
  let value = 0;
  for (let at = start; at < start + count; at++) {
    const digit = bytes[at]! - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
};

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Epoch ms of a civil date of the Gregorian calendar, or NaN when there is no such day. Years 1 to 9999. */
export function dateMs(year: number, month: number, day: number): number {
  if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > MONTH_DAYS[month - 1]! + (leap ? 1 : 0)) return Number.NaN;
  // Days since 1970-01-01, counting years from March so that the leap day comes last.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * 86_400_000;
}

/**
 * Reads bytes [start, end) as YYYY-MM-DD (or with slashes), optionally followed by `T` or a space and HH:MM[:SS[.fraction]],
 * optionally followed by `Z`, `UTC` or ±HH[:]MM. Without a zone the time is UTC. NaN for anything else, for days that do
 * not exist, and for fractions finer than a millisecond.
 */
export function isoMs(bytes: Uint8Array, start: number, end: number, cursor: IsoCursor): number {
  const separator = bytes[start + 4];
  if (end - start < 10 || (separator !== 45 && separator !== 47) || bytes[start + 7] !== separator) return Number.NaN;
  const day = dateMs(digitsAt(bytes, start, 4), digitsAt(bytes, start + 5, 2), digitsAt(bytes, start + 8, 2));
  let at = start + 10;
  if (at === end) {
    cursor.naive = true;
    return day;
  }
  if ((bytes[at] !== 84 && bytes[at] !== 116 && bytes[at] !== 32) || end - at < 6 || bytes[at + 3] !== 58)
    return Number.NaN;
  const hour = digitsAt(bytes, at + 1, 2);
  const minute = digitsAt(bytes, at + 4, 2);
  at += 6;
  let second = 0;
  let millisecond = 0;
  if (at < end && bytes[at] === 58) {
    if (end - at < 3) return Number.NaN;
    second = digitsAt(bytes, at + 1, 2);
    at += 3;
    if (at < end && (bytes[at] === 46 || bytes[at] === 44)) {
      const first = ++at;
      let weight = 100;
      for (; at < end && bytes[at]! >= 48 && bytes[at]! <= 57; at++, weight /= 10) {
        const digit = bytes[at]! - 48;
        if (digit !== 0 && weight < 1) return Number.NaN;
        if (weight >= 1) millisecond += digit * weight;
      }
      if (at === first) return Number.NaN;
    }
  }
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const offset = zoneMs(bytes, at, end, cursor);
  return day + hour * 3_600_000 + minute * 60_000 + second * 1_000 + millisecond - offset;
}

/** Offset from UTC in ms of the zone in [at, end); 0 and `naive` when it is empty; NaN when it is none. */
function zoneMs(bytes: Uint8Array, at: number, end: number, cursor: IsoCursor): number {
  cursor.naive = at === end;
  if (at === end) return 0;
  if (bytes[at] === 32) at++;
  const length = end - at;
  const first = bytes[at];
  if (length === 1 && (first === 90 || first === 122)) return 0;
  if (length === 3 && first === 85 && bytes[at + 1] === 84 && bytes[at + 2] === 67) return 0;
  if (first !== 43 && first !== 45) return Number.NaN;
  const colon = bytes[at + 3] === 58 ? 1 : 0;
  if (length !== 3 && length !== 5 + colon) return Number.NaN;
  const hours = digitsAt(bytes, at + 1, 2);
  const minutes = length === 3 ? 0 : digitsAt(bytes, at + 3 + colon, 2);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (first === 43 ? 1 : -1) * (hours * 3_600_000 + minutes * 60_000);
}
