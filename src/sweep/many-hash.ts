// The result hash of a sweep over many cells: as that of one sweep, over all cells, in an order that names do not change.
import { hashJson, type Json } from '../core/hash.ts';
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { cellIdentity } from './many-cells.ts';
import type { CellMetrics, ManyCell, ManyOutcome, ManyRequest, ManyRow } from './many-request.ts';
import { requestJson } from './result-hash.ts';

/**
 * Hash of a result over many cells. In: engine version, request, candles and engine of every cell sorted by content,
 * how many variants were scored, the ranked rows with their values in every cell, and the best of each market and cell.
 * Out: names of markets, the order of cells, parts, timings, and metrics that need exp, log or pow.
 */
export function manyResultHash(
  engineVersion: string,
  request: ManyRequest,
  cells: readonly ManyCell[],
  outcome: Pick<ManyOutcome, 'engines' | 'scored' | 'top' | 'markets' | 'bestOfCell'>,
): string {
  const identities = cells.map(cellIdentity);
  const order = identities.map((_, i) => i).sort((a, b) => (identities[a]! < identities[b]! ? -1 : 1));
  const place = (cell: number): number => order.indexOf(cell);
  const row = (one: ManyRow): Json => rowJson(one, request.rank, order);
  const markets = outcome.markets
    .map((market) => ({ cells: market.cells.map(place).sort((a, b) => a - b), top: market.top.map(row) }))
    .sort((a, b) => a.cells[0]! - b.cells[0]!);
  return hashJson({
    engineVersion,
    request: requestJson(request),
    across: request.across,
    topPerMarket: request.topPerMarket,
    cells: order.map((i) => {
      const { dataHash, from, history } = cells[i]!.window;
      return {
        engine: outcome.engines[i]!.name,
        data: { hash: dataHash, timeframe: history.timeframe, from, to: history.barCount },
      };
    }),
    scored: outcome.scored,
    rows: outcome.top.map(row),
    markets,
    bestOfCell: order.map((i) => outcome.bestOfCell[i]?.variantKey ?? null),
  });
}

function rowJson(row: ManyRow, rank: MetricName, order: readonly number[]): Json {
  // Summaries of a metric that is not hashed would bring it in by the back door.
  const { score, mean, median, worst } = METRICS[rank].hashed ? row : NOT_HASHED;
  return {
    rank: row.rank,
    variantKey: row.variantKey,
    params: row.params,
    risk: { ...row.risk },
    score,
    mean,
    median,
    worst,
    profitable: row.profitable,
    cells: order.map((cell) => cellJson(row.cells[cell]!)),
  };
}

const NOT_HASHED = { score: null, mean: null, median: null, worst: null };

const cellJson = (metrics: CellMetrics): Json =>
  Object.fromEntries(Object.entries(metrics).filter(([name]) => METRICS[name as MetricName].hashed)) as Json;
