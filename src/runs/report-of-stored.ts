// The HTML report of any stored result, on the candles and with the strategy it had.

import type { Window } from '../sweep/window.ts';
import { isMany, type ManyRecord, recordOfCell } from './many-record.ts';
import { renderManyReport } from './report-of-many.ts';
import { renderReport } from './report-of-record.ts';
import { candlesOf, strategyOf, windowOf, windowOn } from './reproduce.ts';
import type { ResultRecord } from './result-record.ts';
import type { RunContext } from './sweep-run.ts';

/** Errors: those of strategyOf and windowOf. */
export async function renderStored(
  record: ResultRecord | ManyRecord,
  id: string,
  context: RunContext,
): Promise<string> {
  if (!isMany(record)) {
    const { strategy } = await strategyOf(record, context);
    return renderReport(record, id, strategy, await windowOf(record, context));
  }
  const { strategy } = await strategyOf(recordOfCell(record, 1), context);
  const windows: Window[] = [];
  for (const { cells } of record.markets) {
    const loaded = await candlesOf(recordOfCell(record, cells[0]), context);
    for (const cell of cells) windows[cell - 1] = windowOn(loaded, recordOfCell(record, cell)).window;
  }
  return renderManyReport(record, id, strategy, windows);
}
