// What differs between a walk of the fast engine and the normative engine on one back-test: trades, equity, metrics.
import { MAX_DRAWDOWN } from '../../src/kernels/walk-layout.ts';
import { scanEquity } from '../../src/metrics/equity-scan.ts';
import { METRIC_NAMES, type Metrics } from '../../src/metrics/metrics.ts';
import { standardMetrics } from '../../src/metrics/standard-metrics.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import type { Simulation, SimulationInput } from '../../src/simulate/simulation.ts';
import { needsBarSums, scanFromSums, writeRowOfWalk } from '../../src/sweep/fast-metrics.ts';
import { metricsAgree } from '../../src/sweep/fast-tolerance.ts';
import { metricsFromRow } from '../../src/sweep/score.ts';
import { recordedWalk } from './recorded-walk.ts';

const PER_YEAR = 525_600;

export interface Comparison {
  /** What differs, in words. */
  readonly found: readonly string[];
  /** The normative outcome. */
  readonly expected: Simulation;
  /** Whether the metrics of the walk come from its equity bar by bar, because its sums are too rough. */
  readonly byBar: boolean;
}

interface CompareOptions {
  /** Differs from the input only in tests of the comparison. */
  readonly fastInput?: SimulationInput;
  /** Metrics from sums, however rough they are. */
  readonly trustsSums?: boolean;
}

function normativeMetrics(input: SimulationInput, simulation: Simulation): Metrics {
  return standardMetrics({ ...simulation, initialCash: input.settings.initialCash, periodsPerYear: PER_YEAR });
}

/** `stepBars` cuts the walk. */
export function compareEngines(
  input: SimulationInput,
  stepBars: number,
  { fastInput = input, trustsSums = false }: CompareOptions = {},
): Comparison {
  const expected = simulate(input);
  const walk = recordedWalk(fastInput, stepBars);
  const found: string[] = [];
  expected.trades.forEach((trade, i) => {
    const other = walk.trades[i] as unknown as Record<string, unknown> | undefined;
    for (const [name, value] of Object.entries(trade)) {
      if (other?.[name] !== value) found.push(`trade ${i} ${name}: ${value} became ${other?.[name]}`);
    }
  });
  if (walk.trades.length !== expected.trades.length)
    found.push(`${walk.trades.length} trades, not ${expected.trades.length}`);
  const bar = expected.equity.findIndex((value, i) => value !== walk.equity[i]);
  if (bar >= 0) found.push(`equity at bar ${bar}: ${expected.equity[bar]} became ${walk.equity[bar]}`);
  const { sums, market } = walk;
  const byBar = !trustsSums && needsBarSums(sums, market);
  const { initialCash } = fastInput.settings;
  const scan = byBar ? scanEquity(initialCash, walk.equity) : scanFromSums(sums, market.barCount);
  const row = new Float64Array(METRIC_NAMES.length);
  writeRowOfWalk(row, 0, sums, scan, { initialCash, periodsPerYear: PER_YEAR }, 'full');
  const metrics = metricsFromRow(row, 0);
  const want = normativeMetrics(input, expected);
  for (const name of METRIC_NAMES) {
    if (!metricsAgree(name, want, metrics, PER_YEAR)) found.push(`${name}: ${want[name]} became ${metrics[name]}`);
  }
  if (sums[MAX_DRAWDOWN] !== want.maxDrawdown) found.push(`drawdown ${want.maxDrawdown} became ${sums[MAX_DRAWDOWN]}`);
  return { found, expected, byBar };
}
