// Times between float64 in memory and int64 on disk, without a bigint per candle.
import { assert } from '../core/assert.ts';

const WORD = 4294967296;

/** Writes whole-millisecond `time` as little-endian int64 into `words`, two words each. */
export function writeInt64Times(time: Float64Array, words: Int32Array): void {
  assert(words.length === 2 * time.length, 'two words per time');
  for (let i = 0; i < time.length; i++) {
    const ms = time[i]!;
    assert(Number.isSafeInteger(ms), 'times are whole milliseconds');
    const high = Math.floor(ms / WORD);
    words[2 * i] = ms - high * WORD;
    words[2 * i + 1] = high;
  }
}

/** The first `count` int64 times as float64, in the same memory: `stored` is overwritten. */
export function floatTimes(stored: BigInt64Array, count: number): Float64Array {
  const words = new Int32Array(stored.buffer, stored.byteOffset, 2 * count);
  const time = new Float64Array(stored.buffer, stored.byteOffset, count);
  for (let i = 0; i < count; i++) {
    const low = words[2 * i]! >>> 0;
    time[i] = words[2 * i + 1]! * WORD + low;
  }
  return time;
}
