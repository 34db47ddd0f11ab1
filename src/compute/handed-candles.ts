// Candles that a computing thread was handed in shared memory, in place of a mirror of its own.
import { keyText, parseKey } from '../market/candle-key.ts';
import { candlesHash } from '../market/candles.ts';
import type { CandleMirror, MirroredCandles } from '../mirror/mirror.ts';
import { openCandleStore } from '../store/candle-store.ts';

/** A message carries views of the candles, not a copy. */
export type HandedCandles = Omit<MirroredCandles, 'file'>;

/** What was not handed over is read from the store, and not kept. Errors: those of CandleStore.read. */
export function handedMirror(handed: readonly HandedCandles[], storeRoot: string): CandleMirror {
  return {
    get(text) {
      const found = handed.find(({ key }) => key === text);
      if (found !== undefined) return found;
      const key = parseKey(text);
      const { candles, contentHash, meta } = openCandleStore(storeRoot).read(key, { shared: true });
      const bytes = candles.time.buffer.byteLength;
      return { key: keyText(key), candles, contentHash, bytes, snapshot: 0, quality: meta.quality };
    },
    put(candles) {
      const contentHash = candlesHash(candles);
      const { byteLength: bytes } = candles.time.buffer;
      return { key: `content:${contentHash}`, candles, contentHash, bytes, snapshot: 0, quality: null };
    },
  };
}
