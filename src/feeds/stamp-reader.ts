// Candle times of any unit to epoch milliseconds: tells the unit from the first time and holds the rest to it.
import { dateMs, type IsoCursor, isoMs } from './iso-time.ts';
import type { TimeUnit } from './raw-candles.ts';

type NumericUnit = 's' | 'ms' | 'us' | 'ns';

/** Magnitudes at which one unit ends and the next begins: 10^11 s, 10^14 ms and 10^17 µs are all about the year 5138. */
const RANGES: Readonly<Record<NumericUnit, readonly [low: number, high: number]>> = {
  s: [0, 1e11],
  ms: [1e11, 1e14],
  us: [1e14, 1e17],
  ns: [1e17, 1e20],
};
/** Milliseconds are `value * times / per`; one of the two is always 1, so that only one rounding can happen. */
const TIMES: Readonly<Record<NumericUnit, number>> = { s: 1_000, ms: 1, us: 1, ns: 1 };
const PER: Readonly<Record<NumericUnit, number>> = { s: 1, ms: 1, us: 1_000, ns: 1_000_000 };

const unitOf = (value: number): NumericUnit => {
  const size = Math.abs(value);
  return size < 1e11 ? 's' : size < 1e14 ? 'ms' : size < 1e17 ? 'us' : 'ns';
};

/** 20240131 as 2024-01-31; NaN when it is no date from 1900 to 2099. */
const packedDateMs = (value: number): number =>
  value >= 19_000_101 && value <= 20_991_231 && Number.isInteger(value)
    ? dateMs(Math.floor(value / 10_000), Math.floor(value / 100) % 100, value % 100)
    : Number.NaN;

/**
 * Every method answers epoch ms, or NaN when the time cannot be read in the unit of the file or is not a whole number
 * of milliseconds. Only one change of unit is let through: milliseconds to microseconds and back, because exchange
 * archives made that switch.
 */
export class StampReader {
  readonly #fixed: NumericUnit | undefined;
  #unit: TimeUnit | undefined;
  #first: TimeUnit | undefined;
  #low = 0;
  #high = 0;
  #times = 1;
  #per = 1;
  readonly #iso: IsoCursor = { naive: false };
  /** Whether a time without zone was read as UTC. */
  naive = false;
  /** Whether the unit changed between milliseconds and microseconds. */
  switched = false;

  constructor(fixed?: NumericUnit) {
    this.#fixed = fixed;
    if (fixed !== undefined) this.#use(fixed);
  }

  /** The unit of the first time; undefined before it. */
  get unit(): TimeUnit | undefined {
    return this.#first;
  }

  /** The unit of the last time read. */
  get current(): TimeUnit | undefined {
    return this.#unit;
  }

  fromNumber(value: number): number {
    if (value >= this.#low && value < this.#high) {
      const ms = (value * this.#times) / this.#per;
      return Math.floor(ms) === ms ? ms : Number.NaN;
    }
    return this.#unusual(value);
  }

  fromBigInt(value: bigint): number {
    const size = value < 0n ? -value : value;
    if (size <= 9_007_199_254_740_991n && this.#fixed !== 'ns') return this.fromNumber(Number(value));
    if (!this.#become('ns')) return Number.NaN;
    const ms = value / 1_000_000n;
    return ms * 1_000_000n === value ? Number(ms) : Number.NaN;
  }

  /** `text` without surrounding spaces: digits, digits with a fraction of zeros, or ISO 8601. */
  fromText(text: string): number {
    if (/^[+-]?\d{1,20}(?:\.0*)?$/.test(text)) return this.fromBigInt(BigInt(text.replace(/^\+|\..*$/g, '')));
    if (/^[+-]?\d{1,15}\.\d+$/.test(text)) return this.fromNumber(Number(text));
    return this.fromIso(Buffer.from(text, 'latin1'), 0, text.length);
  }

  /** Bytes [start, end) as ISO 8601. */
  fromIso(bytes: Uint8Array, start: number, end: number): number {
    const ms = isoMs(bytes, start, end, this.#iso);
    if (Number.isNaN(ms) || !this.#become('iso')) return Number.NaN;
    if (this.#iso.naive) this.naive = true;
    return ms;
  }

  /** A number outside the range of the current unit: the first one, one before 1970, or a change of unit. */
  #unusual(value: number): number {
    if (this.#first === undefined && !Number.isNaN(packedDateMs(value)) && this.#fixed === undefined) {
      this.#first = 'date';
      this.#unit = 'date';
    }
    if (this.#unit === 'date') return packedDateMs(value);
    const unit = this.#fixed ?? unitOf(value);
    if (!this.#become(unit)) return Number.NaN;
    const ms = (value * this.#times) / this.#per;
    return Number.isInteger(ms) ? ms : Number.NaN;
  }

  /** Makes `unit` the current one where that is allowed. */
  #become(unit: NumericUnit | 'iso'): boolean {
    if (this.#unit === unit) return true;
    if (this.#first !== undefined) {
      const change = `${this.#unit} ${unit}`;
      if (change !== 'ms us' && change !== 'us ms') return false;
      this.switched = true;
    } else if (this.#fixed !== undefined && unit !== this.#fixed) return false;
    this.#use(unit);
    return true;
  }

  #use(unit: NumericUnit | 'iso'): void {
    this.#first ??= unit;
    this.#unit = unit;
    if (unit === 'iso') return;
    [this.#low, this.#high] =
      this.#fixed === undefined ? RANGES[unit] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    this.#times = TIMES[unit];
    this.#per = PER[unit];
  }
}
