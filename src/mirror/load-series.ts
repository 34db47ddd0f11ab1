// Brings one series into the mirror: from its mirror file, from the store, or resampled from a shorter timeframe.
import { AppError, isAppError } from '../core/errors.ts';
import { keyText } from '../market/candle-key.ts';
import { CANDLE_COLUMNS, type Candles, candlesHash } from '../market/candles.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { resampleCandles } from '../market/resample.ts';
import { shareCandles } from '../market/shared-candles.ts';
import type { CandleStore } from '../store/candle-store.ts';
import { attachMirrorFile } from './mirror-file.ts';
import type { FileLease, MirrorFolder } from './mirror-folder.ts';
import type { Snapshot, Snapshots } from './snapshots.ts';
import { findSeries, resampledOrigin, type StoredSeries } from './stored-series.ts';

export interface SeriesLoaderOptions {
  readonly store: CandleStore;
  readonly snapshots: Snapshots;
  readonly folder: MirrorFolder | undefined;
  readonly onNote: (note: string) => void;
}

interface Reading {
  readonly candles: Candles;
  readonly contentHash: string;
  readonly origin: string;
  readonly quality: QualityReport | null;
  readonly resampledFrom?: string;
  readonly file?: FileLease;
}

/** Room is made before anything is read, so that the mirror never holds more than its bytes. */
export class SeriesLoader {
  readonly #options: SeriesLoaderOptions;
  #count = 0;

  constructor(options: SeriesLoaderOptions) {
    this.#options = options;
  }

  /** Reads a series anew, whatever is held of it. Errors: see Mirror.get. */
  load(text: string, found = findSeries(this.#options.store, text)): Snapshot {
    if (found === undefined) {
      throw new AppError('CANDLES_NOT_FOUND', {
        rule: 'Mirrored candles must be in the candle store, or a timeframe of the same market that divides theirs.',
        found: `no candles for "${text}".`,
        todo: 'Import or fetch them first; gridmill data list shows what is stored.',
      });
    }
    // A damaged file takes nobody's place: reading it says what is wrong.
    if (found.contentHash !== undefined) this.#options.snapshots.makeRoom(text, found.bytes);
    return this.#add(text, found.base === undefined ? this.#readStored(found) : this.#resample(text, found));
  }

  /** Mirrors candles that are in memory already. */
  put(key: string, contentHash: string, candles: Candles): Snapshot {
    this.#options.snapshots.makeRoom(key, 8 * CANDLE_COLUMNS.length * candles.barCount);
    return this.#add(key, { candles: shareCandles(candles), contentHash, origin: key, quality: null });
  }

  #add(key: string, reading: Reading): Snapshot {
    const { candles, contentHash } = reading;
    const file = reading.file ?? this.#options.folder?.write(contentHash, candles);
    const bytes = candles.time.buffer.byteLength;
    const snapshot: Snapshot = { ...reading, key, bytes, snapshot: ++this.#count, file };
    try {
      this.#options.snapshots.add(snapshot);
    } catch (error) {
      // The series has grown since its description was read.
      file?.release();
      throw error;
    }
    return snapshot;
  }

  #readStored(found: StoredSeries): Reading {
    const copy = found.contentHash === undefined ? undefined : this.#readFile(found, found.contentHash);
    if (copy !== undefined) return copy;
    const { candles, contentHash, meta } = this.#options.store.read(found.key, { shared: true });
    return { candles, contentHash, origin: `stored ${contentHash}`, quality: meta.quality };
  }

  /** The mirror file of another process, or of an earlier mirror of this one, when there is a sound one. */
  #readFile({ key, origin, quality }: StoredSeries, contentHash: string): Reading | undefined {
    const { folder, onNote } = this.#options;
    const file = folder?.find(contentHash);
    if (folder === undefined || file === undefined) return undefined;
    try {
      const attached = attachMirrorFile(file.path);
      try {
        if (attached.contentHash !== contentHash || attached.timeframe !== key.timeframe) {
          throw new AppError('CANDLE_FILE_CORRUPT', { found: `${file.path} holds other candles.`, todo: '' });
        }
        return { candles: attached.read(), contentHash, origin, quality, file };
      } finally {
        attached.close();
      }
    } catch (error) {
      file.release();
      if (!isAppError(error)) throw error;
      // A file that has just gone is written anew without a word.
      if (error.code === 'CANDLES_NOT_FOUND') return undefined;
      onNote(`A mirror file of ${keyText(key)} could not be read and is written anew: ${error.found}`);
      folder.discard(contentHash);
      return undefined;
    }
  }

  #resample(text: string, { key, base, bytes }: StoredSeries): Reading {
    const { snapshots } = this.#options;
    const from = keyText(base!);
    const { candles: shorter, contentHash: baseHash, quality } = snapshots.use(from) ?? this.load(from);
    const release = snapshots.pin(from);
    try {
      snapshots.makeRoom(text, bytes);
      const candles = shareCandles(resampleCandles(shorter, key.timeframe));
      if (candles.barCount === 0) {
        throw new AppError('HISTORY_TOO_SHORT', {
          rule: 'There must be candles enough for one of the longer timeframe.',
          found: `${shorter.barCount} candles of ${from} for ${text}.`,
          todo: 'Choose a shorter timeframe.',
        });
      }
      const [contentHash, origin] = [candlesHash(candles), resampledOrigin(from, baseHash)];
      return { candles, contentHash, origin, quality, resampledFrom: from };
    } finally {
      release();
    }
  }
}
