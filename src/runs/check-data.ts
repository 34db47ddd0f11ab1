// Checks stored candles and candle files: checksums, content hash, and every kind of defect.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { keyText, parseKey } from '../market/candle-key.ts';
import { candlesHash } from '../market/candles.ts';
import { checkCandles } from '../market/quality.ts';
import type { QualityPolicies } from '../market/quality-policies.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { type CandleContext, importCandleFile } from './candle-source.ts';

export interface CheckedData {
  readonly name: string;
  readonly contentHash: string;
  /** Absent when the candles could not be read or a defect was rejected. */
  readonly report?: QualityReport;
  readonly notes: readonly string[];
  readonly error?: AppError;
}

export interface CheckDataOptions {
  readonly timeframe?: string;
  readonly policies: QualityPolicies;
}

/** One entry per name, in order; all stored keys when there are none. Trouble with one does not stop the others. */
export async function checkData(
  names: readonly string[],
  options: CheckDataOptions,
  context: CandleContext,
): Promise<CheckedData[]> {
  const wanted =
    names.length > 0
      ? names
      : openCandleStore(context.storeRoot)
          .list()
          .map((entry) => keyText(entry.key));
  const checked: CheckedData[] = [];
  for (const name of wanted) {
    try {
      checked.push(await checkOne(name, options, context));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      checked.push({ name, contentHash: '', notes: [], error });
    }
  }
  return checked;
}

async function checkOne(name: string, options: CheckDataOptions, context: CandleContext): Promise<CheckedData> {
  const path = resolve(context.folder, name);
  if (context.confined !== true && existsSync(path)) {
    const timeframe = options.timeframe === undefined ? undefined : parseTimeframe(options.timeframe);
    const { candles, report, notes } = await importCandleFile(path, timeframe, options.policies);
    return { name, contentHash: candlesHash(candles), report, notes };
  }
  const key = parseKey(name);
  const store = openCandleStore(context.storeRoot);
  const contentHash = store.verify(key);
  const { report } = checkCandles(store.read(key).candles, key.timeframe, options.policies);
  return { name, contentHash, report, notes: [] };
}
