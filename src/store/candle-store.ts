// The candle store: one Arrow file per exchange, symbol and timeframe, checked at every open.
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS, type CandleKey, type Candles, candlesHash } from '../market/candles.ts';
import { parseTimeframe, type Timeframe } from '../market/timeframe.ts';
import {
  type CandleFileHeader,
  type CandleMeta,
  decodeCandleFile,
  decodeHeader,
  encodeCandleFile,
} from './candle-file.ts';
import { candleFileCorrupt, ENVELOPE_BYTES_MAX, openEnvelope } from './candle-seal.ts';
import { type Disk, type DiskEntry, REAL_DISK, systemCode } from './disk.ts';
import { durableWrite, removeAbandonedTemps } from './durable-write.ts';
import { checkName, findFolder, makeFolder, reading, withFile, writing } from './store-folder.ts';

export interface CandleStoreOptions {
  /** Bytes the store may take on disk. Default LIMITS.storeBytesMax. */
  readonly storeBytesMax?: number;
  readonly disk?: Disk;
}

export interface StoredCandles {
  readonly candles: Candles;
  readonly contentHash: string;
  readonly meta: CandleMeta;
}

/** One file of the store: `header` when its description is sound, else `damage` says what is wrong. */
export interface CandleStoreEntry {
  readonly key: CandleKey;
  readonly path: string;
  readonly bytes: number;
  readonly header?: CandleFileHeader;
  readonly damage?: string;
}

/** Every method throws PATH_FORBIDDEN for names that could leave the store, and STORE_UNREADABLE when the disk fails. */
export interface CandleStore {
  /** All files, by exchange, symbol and timeframe. Reads descriptions, not candles. */
  list(): CandleStoreEntry[];
  has(key: CandleKey): boolean;
  /** The entry of one key, from its description alone: a few kilobytes are read. Undefined when there is no such file. */
  describe(key: CandleKey): CandleStoreEntry | undefined;
  /** The timeframes stored of one market, in the order of their files; nothing is read. */
  timeframesOf(market: Pick<CandleKey, 'exchange' | 'symbol'>): Timeframe[];
  /**
   * Stores candles under `key`, replacing what was there; answers their content hash. When two processes write one key
   * the last rename wins. Errors: STORE_FULL, STORE_UNWRITABLE, LIMIT_EXCEEDED.
   */
  write(key: CandleKey, candles: Candles, meta: CandleMeta): string;
  /**
   * Reads candles; every byte is checked. `shared` puts them into a SharedArrayBuffer, which threads can read without a
   * copy. Errors: CANDLES_NOT_FOUND, CANDLE_FILE_CORRUPT, CANDLE_FILE_UNREADABLE.
   */
  read(key: CandleKey, options?: { readonly shared?: boolean }): StoredCandles;
  /** Like read, and recomputes the SHA-256 content hash; answers it. */
  verify(key: CandleKey): string;
  /** Answers whether there was something to remove. Errors: STORE_UNWRITABLE. */
  remove(key: CandleKey): boolean;
  /** Removes temporary files that dead writers left and answers how many. Errors: STORE_UNWRITABLE. */
  recover(endedThread?: number): number;
}

const EXTENSION = '.arrow';
const FILE_NAME = /^([1-9]\d{0,3}[smhdw])\.arrow$/;
/** Opens the store in `<root>/candles`. Nothing is touched until a method is called; the first write makes folders. */
export function openCandleStore(root: string, options: CandleStoreOptions = {}): CandleStore {
  const { storeBytesMax = LIMITS.storeBytesMax, disk = REAL_DISK } = options;
  return {
    list: () => reading(root, () => [...listFiles(disk, root)].map((file) => describe(disk, file))),
    has: (key) =>
      reading(root, () => {
        const path = findFile(disk, root, key);
        return path !== undefined && disk.inspect(path)?.kind === 'file';
      }),
    describe: (key) =>
      reading(root, () => {
        const path = findFile(disk, root, key);
        const found = path === undefined ? undefined : disk.inspect(path);
        if (path === undefined || found === undefined) return undefined;
        return describe(disk, { key, path, bytes: found.bytes });
      }),
    timeframesOf: (market) =>
      reading(root, () => {
        const folder = findFolder(disk, root, partsOf(market));
        return folder === undefined ? [] : timeframesIn(disk, folder);
      }),
    write: (key, candles, meta) => writing(root, () => writeCandles(disk, root, storeBytesMax, key, candles, meta)),
    read: (key, { shared = false } = {}) => reading(root, () => readCandles(disk, root, key, shared)),
    verify: (key) => reading(root, () => verifyCandles(disk, root, key)),
    remove: (key) => writing(root, () => removeCandles(disk, root, key)),
    recover: (endedThread) =>
      writing(root, () =>
        folders(disk, root).reduce((sum, { path }) => sum + removeAbandonedTemps(disk, path, endedThread), 0),
      ),
  };
}

const partsOf = ({ exchange, symbol }: Pick<CandleKey, 'exchange' | 'symbol'>): string[] => [
  'candles',
  checkName(exchange, 'exchange'),
  checkName(symbol, 'symbol'),
];

const fileNameOf = ({ timeframe }: CandleKey): string => parseTimeframe(timeframe) + EXTENSION;

/** The path the key has, when its folder exists. */
function findFile(disk: Disk, root: string, key: CandleKey): string | undefined {
  const name = fileNameOf(key);
  const folder = findFolder(disk, root, partsOf(key));
  return folder === undefined ? undefined : join(folder, name);
}

function writeCandles(
  disk: Disk,
  root: string,
  storeBytesMax: number,
  key: CandleKey,
  candles: Candles,
  meta: CandleMeta,
): string {
  const name = fileNameOf(key);
  const { chunks, header } = encodeCandleFile(key, candles, meta);
  const newBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const folder = makeFolder(disk, root, partsOf(key));
  removeAbandonedTemps(disk, folder);
  const path = join(folder, name);
  let othersBytes = 0;
  for (const file of listFiles(disk, root)) if (file.path !== path) othersBytes += file.bytes;
  if (othersBytes + newBytes > storeBytesMax) {
    throw new AppError('STORE_FULL', {
      found: `${newBytes} bytes for ${key.exchange}/${key.symbol}/${key.timeframe} beside ${othersBytes} stored; the limit is ${storeBytesMax}.`,
      todo: 'Remove candles you no longer need, or raise the limit.',
    });
  }
  durableWrite(disk, path, chunks);
  return header.contentHash;
}

function readCandles(disk: Disk, root: string, key: CandleKey, shared: boolean): StoredCandles {
  const path = findFile(disk, root, key);
  const stored =
    path === undefined
      ? undefined
      : withFile(disk, path, (read, fileBytes) => {
          checkSize(path, fileBytes);
          const bytes = shared ? new Uint8Array(new SharedArrayBuffer(fileBytes)) : allocate(fileBytes);
          read(bytes, 0);
          return decodeCandleFile(path, bytes);
        });
  if (path === undefined || stored === undefined) {
    throw new AppError('CANDLES_NOT_FOUND', {
      found: `no candles of ${key.exchange}/${key.symbol}/${key.timeframe} in ${root}.`,
      todo: 'Import or fetch them first.',
    });
  }
  const { candles, header } = stored;
  checkKey(path, header, key);
  const { source, importedAt, quality } = header;
  return { candles, contentHash: header.contentHash, meta: { source, importedAt, quality } };
}

function verifyCandles(disk: Disk, root: string, key: CandleKey): string {
  const { candles, contentHash } = readCandles(disk, root, key, false);
  const found = candlesHash(candles);
  if (found === contentHash) return found;
  const path = join(root, ...partsOf(key), fileNameOf(key));
  throw candleFileCorrupt(path, 'candles', 0, `content hash ${found} instead of ${contentHash}`);
}

/** Before memory is taken: a file larger than the largest series is not one. */
function checkSize(path: string, fileBytes: number): void {
  const limit = LIMITS.barsMax * 8 * CANDLE_COLUMNS.length + 2 * ENVELOPE_BYTES_MAX;
  if (fileBytes > limit) throw candleFileCorrupt(path, 'file', 0, `${fileBytes} bytes; the limit is ${limit}`);
}

/** Memory of its own, not zeroed: the file fills it. */
function allocate(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}

/** A sound file under a foreign name would pass one market off as another. */
function checkKey(path: string, header: CandleFileHeader, { exchange, symbol, timeframe }: CandleKey): void {
  if (header.exchange === exchange && header.symbol === symbol && header.timeframe === timeframe) return;
  const inside = `${header.exchange}/${header.symbol}/${header.timeframe}`;
  throw candleFileCorrupt(path, 'schema', 0, `it holds ${inside}; the file was moved or renamed`);
}

function removeCandles(disk: Disk, root: string, key: CandleKey): boolean {
  const path = findFile(disk, root, key);
  if (path === undefined || disk.inspect(path) === undefined) return false;
  disk.remove(path);
  // The folder stays, for a writer may be about to use it.
  disk.syncFolder(dirname(path));
  return true;
}

interface StoredFile {
  readonly key: CandleKey;
  readonly path: string;
  readonly bytes: number;
}

function* listFiles(disk: Disk, root: string): Generator<StoredFile> {
  for (const { exchange, symbol, path: folder } of folders(disk, root)) {
    for (const timeframe of timeframesIn(disk, folder)) {
      const path = join(folder, timeframe + EXTENSION);
      const found = disk.inspect(path);
      if (found !== undefined) yield { key: { exchange, symbol, timeframe }, path, bytes: found.bytes };
    }
  }
}

/** Files of other names are not ours. */
const timeframesIn = (disk: Disk, folder: string): Timeframe[] =>
  entries(disk, folder, 'file').flatMap(({ name }) => (FILE_NAME.exec(name)?.[1] as Timeframe | undefined) ?? []);

interface SymbolFolder {
  readonly exchange: string;
  readonly symbol: string;
  readonly path: string;
}

function folders(disk: Disk, root: string): SymbolFolder[] {
  const top = findFolder(disk, root, ['candles']);
  if (top === undefined) return [];
  return entries(disk, top, 'folder').flatMap(({ name: exchange }) =>
    entries(disk, join(top, exchange), 'folder').map(({ name: symbol }) => ({
      exchange,
      symbol,
      path: join(top, exchange, symbol),
    })),
  );
}

/** Entries of one kind by name; links are no folders and no files here. Empty when the folder has just gone. */
function entries(disk: Disk, folder: string, kind: DiskEntry['kind']): DiskEntry[] {
  try {
    return disk
      .list(folder)
      .filter((entry) => entry.kind === kind)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function describe(disk: Disk, file: StoredFile): CandleStoreEntry {
  try {
    const header = withFile(disk, file.path, (read, fileBytes) => {
      const { head } = openEnvelope(file.path, fileBytes, (offset, length) => {
        const part = new Uint8Array(length);
        read(part, offset);
        return part;
      });
      return decodeHeader(file.path, head);
    });
    if (header === undefined) return { ...file, damage: 'removed while it was being listed' };
    checkKey(file.path, header, file.key);
    return { ...file, header };
  } catch (error) {
    if (error instanceof AppError) return { ...file, damage: error.found };
    throw error;
  }
}
