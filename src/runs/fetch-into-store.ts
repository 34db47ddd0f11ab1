// A download that ends in the candle store, joined with what is stored there.

import { keyText } from '../market/candle-key.ts';
import type { Candles } from '../market/candles.ts';
import { checkCandles } from '../market/quality.ts';
import type { QualityPolicies } from '../market/quality-policies.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { type Download, type DownloadContext, download, keyOfDownload } from './fetch-candles.ts';
import { joinColumns } from './import-files.ts';

export interface FetchedKey {
  readonly key: string;
  readonly contentHash: string;
  readonly report: QualityReport;
  readonly notes: readonly string[];
  readonly downloadMs: number;
}

/** Errors: those of download and checkCandles, STORE_FULL, STORE_UNWRITABLE. */
export async function fetchIntoStore(
  order: Download,
  policies: QualityPolicies,
  context: DownloadContext,
  onProgress: (text: string) => void,
): Promise<FetchedKey> {
  const key = keyOfDownload(order);
  const store = openCandleStore(context.storeRoot);
  const { columns, notes, downloadMs } = await download(order, context, onProgress);
  const earlier: Candles[] = store.has(key) ? [store.read(key).candles] : [];
  const { candles, report } = checkCandles(joinColumns([...earlier, columns]), key.timeframe, policies);
  const source = `${order.via} of ${order.exchange}`;
  const meta = { source, importedAt: context.clock.wallMs(), quality: report };
  return { key: keyText(key), contentHash: store.write(key, candles, meta), report, notes, downloadMs };
}
