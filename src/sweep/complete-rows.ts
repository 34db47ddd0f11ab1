// Ranked rows that were scored with less than all metrics are scored once more, in full, at the end.
import { assert } from '../core/assert.ts';
import { METRIC_NAMES, type MetricName } from '../metrics/metrics.ts';
import { formBatches } from './batches.ts';
import type { KeptRow, RowPlace, Stage } from './ranking.ts';
import type { BatchWork } from './stage-run.ts';

/**
 * Every metric of the rows at `places`, in their order; `kept` are the same rows as they were ranked. The metrics they were ranked by must come out
 * with the same bits: ranking and hash do not depend on how much of a row was computed at first.
 */
export async function completeRows(
  work: BatchWork,
  stage: Stage,
  places: readonly RowPlace[],
  kept: readonly KeptRow[],
  objectives: readonly MetricName[],
): Promise<Float64Array[]> {
  const perBase = stage === 'A' ? 1 : work.grid.riskPoints;
  const width = METRIC_NAMES.length;
  const bases = [...new Set(places.map(({ baseIndex }) => baseIndex))].sort((a, b) => a - b);
  const known = new Map(kept.map((row) => [`${row.baseIndex} ${row.riskIndex}`, row]));
  const complete = new Map<string, Float64Array>();
  const wanted = new Map<number, number[]>();
  for (const { baseIndex, riskIndex } of places) {
    const risks = wanted.get(baseIndex);
    if (risks === undefined) wanted.set(baseIndex, [riskIndex]);
    else risks.push(riskIndex);
  }
  const batches = formBatches(bases, {
    size: () => Math.ceil(work.sizer.size(bases.length * perBase) / perBase),
    most: Math.max(1, Math.floor(work.rowsMax / perBase)),
    columnsOf: work.catalog === undefined ? undefined : (base) => work.catalog!.idsOf(base),
    columnsMax: work.columnsMax,
  });
  const takeBatch = async (baseIndices: readonly number[], columns: readonly number[]): Promise<void> => {
    const rows = await work.flow.score({ stage, baseIndices, detail: 'full' }, columns);
    for (const [n, baseIndex] of baseIndices.entries()) {
      for (const riskIndex of wanted.get(baseIndex)!) {
        const at = (n * perBase + riskIndex) * width;
        const row = rows.slice(at, at + width);
        const key = `${baseIndex} ${riskIndex}`;
        checkSame(known.get(key)!, row, objectives);
        complete.set(key, row);
      }
    }
  };
  const running: Promise<void>[] = [];
  for (const { baseIndices, columns } of batches) running.push(takeBatch(baseIndices, columns));
  await Promise.all(running);
  return places.map(({ baseIndex, riskIndex }) => complete.get(`${baseIndex} ${riskIndex}`)!);
}

function checkSame({ values }: KeptRow, row: Float64Array, objectives: readonly MetricName[]): void {
  for (const metric of objectives) {
    const at = METRIC_NAMES.indexOf(metric);
    const [ranked, full] = [values[at] ?? Number.NaN, row[at]!];
    assert(Object.is(ranked, full) || ranked === full, `${metric} is the same in every detail: ${ranked} and ${full}`);
  }
}
