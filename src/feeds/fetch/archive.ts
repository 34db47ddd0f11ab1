// Downloads the archive files of an exchange, checks them against their checksums, and joins their candles.
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { LIMITS } from '../../core/limits.ts';
import { CsvCandleParser } from '../csv-candles.ts';
import { reasonOf } from '../input-fault.ts';
import type { RawCandles } from '../raw-candles.ts';
import { unzipOnly } from '../zip-entry.ts';
import { type ArchiveFile, type ArchiveRequest, planArchive } from './archive-plan.ts';
import { type DownloadDeps, Downloader } from './download.ts';
import type { FetchCache } from './fetch-cache.ts';
import { cutWindow } from './window-columns.ts';

export interface ArchiveFileDone {
  readonly name: string;
  readonly period: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Whether it was there from an earlier run. */
  readonly cached: boolean;
}

export interface ArchiveDeps extends DownloadDeps {
  readonly cache: FetchCache;
  readonly clock: Clock;
  /** Called as each file is done, in order of time; `total` counts monthly and daily files. */
  readonly onFile?: (file: ArchiveFileDone, done: number, total: number) => void;
}

export interface Archive {
  /** Candles of the window, in order of the files. Nothing is checked beyond what parsing checks. */
  readonly columns: RawCandles['columns'];
  readonly files: readonly ArchiveFileDone[];
  /** Months and days that the exchange has not published: before the listing, or too recent. */
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Files in the cache whose checksum holds are not fetched again, so that a broken run is taken up by running it again.
 * Errors: FETCH_FAILED, FETCH_FORBIDDEN, REQUEST_INVALID, LIMIT_EXCEEDED, CANCELLED, DEADLINE, and those of parsing.
 */
export async function fetchArchive(request: ArchiveRequest, deps: ArchiveDeps): Promise<Archive> {
  const plan = planArchive(request, deps.clock.wallMs());
  const downloader = new Downloader(deps);
  const parts: RawCandles[] = [];
  const files: ArchiveFileDone[] = [];
  const missing: string[] = [];
  const queue = [...plan];
  let total = queue.length;
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    downloader.checkStop();
    const found = await obtain(file, downloader, deps.cache);
    if (found === undefined) {
      if (file.days.length > 0) {
        queue.unshift(...file.days);
        total += file.days.length - 1;
      } else {
        missing.push(file.period);
        total--;
      }
      continue;
    }
    const candles = parseArchive(file, found.bytes);
    parts.push(candles);
    const { bytes, sha256, cached } = found;
    files.push({ name: file.name, period: file.period, rows: candles.sourceRows, bytes: bytes.length, sha256, cached });
    deps.onFile?.(files.at(-1)!, files.length, total);
  }
  const columns = cutWindow(
    parts.map((part) => part.columns),
    request.fromMs,
    request.toMs,
  );
  const notes = new Set(parts.flatMap((part) => part.notes.filter((note) => !note.startsWith('Columns not used'))));
  if (missing.length > 0) notes.add(`Not published by the exchange: ${named(missing)}.`);
  return { columns, files, missing, notes: [...notes] };
}

const named = (periods: readonly string[]): string =>
  periods.length <= 6
    ? periods.join(', ')
    : `${periods.slice(0, 3).join(', ')} ... ${periods.at(-1)} (${periods.length} in all)`;

async function obtain(
  file: ArchiveFile,
  downloader: Downloader,
  cache: FetchCache,
): Promise<{ bytes: Buffer; sha256: string; cached: boolean } | undefined> {
  const [kept, keptSum] = [await cache.read(file.name), await cache.read(`${file.name}.CHECKSUM`)];
  if (kept !== undefined && keptSum !== undefined) {
    const sha256 = sha256Hex(kept);
    if (checksumOf(keptSum) === sha256) return { bytes: Buffer.from(kept), sha256, cached: true };
  }
  for (let attempt = 1; ; attempt++) {
    const sum = await downloader.get(`${file.url}.CHECKSUM`);
    const bytes = sum === undefined ? undefined : await downloader.get(file.url);
    if (sum === undefined || bytes === undefined) return undefined;
    const sha256 = sha256Hex(bytes);
    const expected = checksumOf(sum);
    if (expected === sha256) {
      await cache.write(file.name, bytes);
      await cache.write(`${file.name}.CHECKSUM`, sum);
      return { bytes, sha256, cached: false };
    }
    if (attempt === LIMITS.downloadAttemptsMax) {
      throw new AppError('FETCH_FAILED', {
        rule: 'A downloaded archive must match its checksum.',
        found: `${file.url} has SHA-256 ${sha256} where ${expected ?? 'no checksum'} is published.`,
        todo: 'Try again later.',
      });
    }
  }
}

/** The hash in `<64 hex digits>  <file name>`. */
function checksumOf(bytes: Uint8Array): string | undefined {
  return /^([0-9a-f]{64})\b/i.exec(Buffer.from(bytes).toString('latin1').trim())?.[1]?.toLowerCase();
}

function parseArchive(file: ArchiveFile, bytes: Buffer): RawCandles {
  const { content } = unzipOnly(file.name, bytes, LIMITS.downloadBytesMax);
  const parser = new CsvCandleParser(file.name);
  try {
    parser.push(content);
    return parser.finish();
  } catch (error) {
    throw new AppError('FETCH_FAILED', {
      rule: 'A downloaded archive must hold candles.',
      found: `${file.url}: ${reasonOf(error)}.`,
      todo: 'Report it to the exchange.',
      cause: error,
    });
  }
}
