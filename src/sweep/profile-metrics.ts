// The metric set of the peer that a profile reproduces, next to the standard set.
import { periodsPerYear } from '../metrics/annualisation.ts';
import { backtestingPyMetrics } from '../metrics/backtesting-py-metrics.ts';
import { vectorbtMetrics } from '../metrics/vectorbt-metrics.ts';
import type { Simulation } from '../simulate/simulation.ts';
import type { ExecutionRequest } from './request.ts';
import type { Window } from './window.ts';

/** The peer's own names and formulas; null where it has NaN or infinity. */
export type ProfileMetrics = Readonly<Record<string, number | null>>;

/**
 * Statistics as the profile's peer defines them, or undefined where the standard set is all there is.
 * `firstValueBar` is the first bar of the window on which all indicators have a value.
 */
export function profileMetrics(
  simulation: Simulation,
  execution: ExecutionRequest,
  window: Window,
  firstValueBar: number,
): ProfileMetrics | undefined {
  const { candles } = window;
  switch (execution.profile.metricSet) {
    case 'standard':
    // Of controllers, whose runner has more than a simulation to read.
    case 'hummingbot':
      return undefined;
    case 'vectorbt':
      return finite(
        vectorbtMetrics({
          ...simulation,
          initialCash: execution.initialCash,
          periodsPerYear: periodsPerYear(candles.timeframe, execution.calendar),
        }),
      );
    case 'backtesting.py': {
      const firstTradingBar = Math.min(firstValueBar, candles.barCount - 1);
      const { equity, trades } = simulation;
      return finite(backtestingPyMetrics({ candles, equity, trades, firstTradingBar }));
    }
  }
}

function finite(metrics: object): ProfileMetrics {
  const entries = Object.entries(metrics as Record<string, number>);
  return Object.fromEntries(entries.map(([name, value]) => [name, Number.isFinite(value) ? value : null]));
}
