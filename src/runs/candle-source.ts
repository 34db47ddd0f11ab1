// From --data to candles: a file imported on the fly, or a key of the candle store, at the timeframe asked for.
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { readCandleFile } from '../feeds/candle-file.ts';
import type { ReadOptions } from '../feeds/raw-candles.ts';
import { keyText } from '../market/candle-key.ts';
import type { Candles } from '../market/candles.ts';
import { inferTimeframe } from '../market/infer-timeframe.ts';
import { checkCandles } from '../market/quality.ts';
import {
  DEFECT_KINDS,
  type DefectKind,
  QUALITY_POLICIES,
  type QualityPolicies,
  type QualityPolicy,
  type QualityRule,
} from '../market/quality-policies.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { resampleCandles } from '../market/resample.ts';
import { parseTimeframe, type Timeframe, timeframeMs } from '../market/timeframe.ts';
import type { CandleMirror } from '../mirror/mirror.ts';
import { readStored } from './stored-candles.ts';

/** Where candles came from, as a result remembers it. */
export type CandleOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'store'; readonly key: string }
  | {
      readonly kind: 'archive';
      readonly market: 'spot' | 'usdm';
      readonly symbol: string;
      readonly timeframe: Timeframe;
      readonly fromMs: number;
      readonly toMs: number;
    }
  | {
      readonly kind: 'synthetic';
      readonly seed: number;
      readonly timeframe: string;
      readonly bars: number;
      readonly from: number;
    };

export interface LoadedCandles {
  readonly candles: Candles;
  readonly origin: CandleOrigin;
  /** What a reader calls the market: `bitfinex_BTCUSD_1m_2019.csv.gz` or `binance BTCUSDT`. */
  readonly label: string;
  readonly synthetic: boolean;
  /** What was found in the candles and what was done about it, one sentence each. */
  readonly quality: readonly string[];
  /** Time taken to read, check and resample. */
  readonly loadMs: number;
  readonly downloadMs?: number;
}

export interface CandleSelection {
  readonly data: string;
  readonly timeframe?: string;
  readonly policies?: QualityPolicies;
}

export interface CandleContext {
  /** Where relative paths start. */
  readonly folder: string;
  readonly storeRoot: string;
  readonly clock: Clock;
  /** Serves stored candles without reading them again, and puts those of files into shared memory. */
  readonly mirror?: CandleMirror;
  /**
   * Names come from others: candles are keys of the store, whatever files there are, and a strategy is built in or a file
   * of `folder` itself.
   */
  readonly confined?: boolean;
}

/**
 * Errors: CANDLES_NOT_FOUND, the codes of readCandleFile and checkCandles, CANDLE_FILE_CORRUPT, TIMEFRAME_INVALID when a
 * shorter timeframe is asked for than the candles have.
 */
export async function loadCandles(selection: CandleSelection, context: CandleContext): Promise<LoadedCandles> {
  const startedMs = context.clock.monotonicMs();
  const timeframe = selection.timeframe === undefined ? undefined : parseTimeframe(selection.timeframe);
  const path = resolve(context.folder, selection.data);
  const found =
    context.confined !== true && existsSync(path)
      ? await fromFile(path, timeframe, selection.policies ?? {})
      : await fromStore(selection.data, timeframe, context);
  const loaded = atTimeframe({ ...found, loadMs: 0 }, timeframe);
  const candles = mirrored(loaded.candles, context.mirror);
  return { ...loaded, candles, loadMs: context.clock.monotonicMs() - startedMs };
}

/** Candles of the store come out of the mirror; those of a file, and resampled ones, go into it. */
function mirrored(candles: Candles, mirror: CandleMirror | undefined): Candles {
  if (mirror === undefined || candles.time.buffer instanceof SharedArrayBuffer) return candles;
  return mirror.put(candles).candles;
}

type Found = Omit<LoadedCandles, 'loadMs' | 'downloadMs'>;

async function fromFile(path: string, timeframe: Timeframe | undefined, policies: QualityPolicies): Promise<Found> {
  const { candles, report, notes } = await importCandleFile(path, timeframe, policies);
  const origin: CandleOrigin = { kind: 'file', path };
  return { candles, origin, label: basename(path), synthetic: false, quality: [...notes, ...qualityLines(report)] };
}

export interface ImportedFile {
  readonly candles: Candles;
  readonly report: QualityReport;
  /** What the reader ignored, assumed or filled in. */
  readonly notes: readonly string[];
}

/** Reads and checks one file. Its own timeframe is found from its stamps; `fallback` counts where they tell none. */
export async function importCandleFile(
  path: string,
  fallback: Timeframe | undefined,
  policies: QualityPolicies,
): Promise<ImportedFile> {
  const raw = await readCandleFile(path, readOptions(policies));
  const timeframe = inferTimeframe(raw.columns.time) ?? fallback;
  if (timeframe === undefined) {
    throw new AppError('TIMEFRAME_INVALID', {
      rule: 'The timeframe of candles must be clear from their times or be given.',
      found: `${raw.columns.time.length} candles in ${basename(path)} without a common step.`,
      todo: 'Add --timeframe, such as --timeframe 1m.',
    });
  }
  const { candles, report } = checkCandles(raw.columns, timeframe, policies);
  return { candles, report, notes: raw.notes };
}

/** A reader refuses what has no value, with its line, unless the check is to repair it. */
export const readOptions = (policies: QualityPolicies): ReadOptions => ({
  keepMissing: policies['not-finite'] === 'repair',
});

async function fromStore(data: string, timeframe: Timeframe | undefined, context: CandleContext): Promise<Found> {
  const stored = readStored(data, timeframe, context.storeRoot, context.mirror);
  if ('candles' in stored) {
    const { key, candles, quality } = stored;
    const label = `${key.exchange} ${key.symbol}`;
    return { candles, origin: { kind: 'store', key: keyText(key) }, label, synthetic: false, quality };
  }
  throw new AppError('CANDLES_NOT_FOUND', {
    found: `"${data}", which is ${context.confined === true ? 'no key' : 'neither a file nor a key'} of the store.${didYouMean(data, stored.known)}`,
    todo:
      stored.known.length === 0
        ? 'Check the path, or import candles first: gridmill import FILE.'
        : `Stored are ${shortList(stored.known)}; gridmill data list shows all.`,
  });
}

const shortList = (names: readonly string[]): string =>
  names.length <= 6 ? names.join(', ') : `${names.slice(0, 6).join(', ')} and ${names.length - 6} more`;

/** The candles at `timeframe`: as they are, or resampled to a longer one. Errors: TIMEFRAME_INVALID. */
export function toTimeframe(candles: Candles, timeframe: Timeframe | undefined): Candles {
  if (timeframe === undefined || timeframeMs(timeframe) === timeframeMs(candles.timeframe)) return candles;
  if (timeframeMs(timeframe) < timeframeMs(candles.timeframe)) {
    throw new AppError('TIMEFRAME_INVALID', {
      rule: 'Candles can be resampled to a longer timeframe, never to a shorter one.',
      found: `candles of ${candles.timeframe}; asked for are ${timeframe}.`,
      todo: `Give candles of ${timeframe} or shorter, or a longer --timeframe.`,
    });
  }
  return resampleCandles(candles, timeframe);
}

/** Loaded candles at another timeframe, with a sentence about it. Errors: TIMEFRAME_INVALID. */
export function atTimeframe(loaded: LoadedCandles, timeframe: string | undefined): LoadedCandles {
  const { candles: base, quality } = loaded;
  const candles = toTimeframe(base, timeframe === undefined ? undefined : parseTimeframe(timeframe));
  if (candles === base) return loaded;
  const count = (value: number): string => value.toLocaleString('en');
  const note = `Resampled from ${base.timeframe} to ${candles.timeframe}: ${count(base.barCount)} candles became ${count(candles.barCount)}.`;
  const notes = candles.time[0]! > base.time[0]! ? [note, ENTERED_MIDWAY] : [note];
  return { ...loaded, candles, quality: [...quality, ...notes] };
}

const ENTERED_MIDWAY =
  'The first candle was left out: the data begin inside it, so its open, high and low are unknown.';

/** One sentence per kind of defect found. */
export function qualityLines(report: QualityReport): string[] {
  return report.defects.map(({ kind, action }) => `${kind}: ${action}`);
}

/** Policies from `--policy kind=policy` pairs and --gaps. Errors: REQUEST_INVALID. */
export function parsePolicies(pairs: Readonly<Record<string, string>>, gaps?: 'reject' | 'keep'): QualityPolicies {
  const policies: Partial<Record<DefectKind, QualityPolicy>> = gaps === undefined ? {} : { gap: gaps };
  for (const [kind, policy] of Object.entries(pairs)) {
    if (!(DEFECT_KINDS as readonly string[]).includes(kind)) {
      throw new AppError('REQUEST_INVALID', {
        rule: '--policy must name a kind of defect.',
        found: `"${kind}".${didYouMean(kind, DEFECT_KINDS)}`,
        todo: `Kinds are ${DEFECT_KINDS.join(', ')}.`,
      });
    }
    const { allowed }: QualityRule = QUALITY_POLICIES[kind as DefectKind];
    const choice = allowed.find((name) => name === policy);
    if (choice === undefined) {
      throw new AppError('REQUEST_INVALID', {
        rule: `The policy for ${kind} must be ${allowed.join(' or ')}.`,
        found: `"${policy}".`,
        todo: `Write ${allowed.map((name) => `--policy ${kind}=${name}`).join(' or ')}.`,
      });
    }
    policies[kind as DefectKind] = choice;
  }
  return policies;
}
