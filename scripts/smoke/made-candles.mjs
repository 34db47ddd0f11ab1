// A year of hourly candles from a random walk in whole cents: the same bytes from any language that can add integers.

export const KEY = { exchange: 'smoke', symbol: 'WALK', timeframe: '1h' };
const BARS = 8_760;
const BEGIN_MS = Date.UTC(2024, 0, 1);
const HOUR_MS = 3_600_000;
const CENTS = { begin: 4_000_000, step: 10_000, least: 100_000 };

/** The file as text, and closes in cents. notebooks/drive.py makes the same ones. */
export function madeCandles() {
  let state = 20_240_101;
  /** A whole number from 0 to `count` - 1, from the upper half of a linear congruential generator. */
  const below = (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) * count) >>> 16;
  };
  const lines = ['time,open,high,low,close,volume'];
  const closes = [];
  let price = CENTS.begin;
  for (let bar = 0; bar < BARS; bar++) {
    const open = price;
    let [high, low] = [open, open];
    for (let move = 0; move < 4; move++) {
      price = Math.max(CENTS.least, price + below(2 * CENTS.step + 1) - CENTS.step);
      high = Math.max(high, price);
      low = Math.min(low, price);
    }
    const volume = 1 + below(10_000);
    lines.push([BEGIN_MS + bar * HOUR_MS, ...[open, high, low, price, volume].map(hundredths)].join(','));
    closes.push(price);
  }
  return { text: `${lines.join('\n')}\n`, closes };
}

const hundredths = (count) => `${Math.floor(count / 100)}.${String(count % 100).padStart(2, '0')}`;
