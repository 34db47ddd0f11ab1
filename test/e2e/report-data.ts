// Reports made from real sweeps over synthetic candles, and the odd cases a page must survive.
import { NEVER_STOP } from '../../src/core/cancel.ts';
import { createFakeClock } from '../../src/core/clock.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { reportMetrics } from '../../src/report/metric-notes.ts';
import type { ReportData } from '../../src/report/report-data.ts';
import { reportCandles, reportDetail } from '../../src/report/report-detail.ts';
import { RowColumns } from '../../src/runs/row-columns.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import { BUILT_IN_STRATEGIES } from '../../src/strategy/builtin/index.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import type { SweepRequest } from '../../src/sweep/request.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { runVariant } from '../../src/sweep/run-variant.ts';
import { createWindow } from '../../src/sweep/window.ts';

const VERSION = '0.1.0';

export interface SampleOptions {
  readonly seed?: number;
  readonly timeframe?: string;
  readonly barCount?: number;
  readonly top?: number;
  readonly details?: number;
  readonly request?: Partial<SweepRequest>;
}

/** Sweeps sma-cross over synthetic candles and builds its report data. */
export async function sampleReport(options: SampleOptions = {}): Promise<ReportData> {
  const { seed = 11, timeframe = '1h', barCount = 17_520, top = 200, details = 5 } = options;
  const startTime = Date.UTC(2022, 0, 1);
  const candles = syntheticCandles({
    seed,
    timeframe: parseTimeframe(timeframe),
    barCount,
    startTime,
    startPrice: 28_000,
  });
  const strategy = options.request?.strategy ?? BUILT_IN_STRATEGIES['sma-cross']!;
  const profile = PROFILES['next-open'];
  const request: SweepRequest = {
    strategy,
    strategyHash: 'built-in',
    profile,
    ...profile.defaults,
    initialCash: 10_000,
    direction: 'both',
    costs: { feeRate: 0.0005, fixedFee: 0, slippage: 0.0002 },
    calendar: 'continuous',
    parameters: { fast: range(8, 60, 4), slow: range(40, 240, 20) },
    risk: { stopLoss: choice(0.03, 0.06), takeProfit: choice(0.08, 0.16) },
    rank: 'sharpe',
    top,
    preselect: 0,
    seed: 1,
    ...options.request,
  };
  const window = createWindow(candles);
  const names = { strategyName: strategy.name, arithmetic: profile.arithmetic };
  const rows = new RowColumns(names, Object.keys(request.parameters ?? {}));
  const clock = createFakeClock();
  const outcome = await runSweep(request, { window, stop: NEVER_STOP, clock, onRow: (row) => rows.push(row) });
  const variants = outcome.top.slice(0, details).map((row) => {
    const { simulation } = runVariant(request, window, row.params, row.risk);
    return { rank: row.rank, trades: simulation.trades, equity: simulation.equity };
  });
  return {
    title: `${strategy.name} on ${timeframe} synthetic candles`,
    createdAt: '2026-01-05T09:30:00.000Z',
    engineVersion: VERSION,
    resultHash: resultHash(VERSION, request, window, outcome),
    dataHash: window.dataHash,
    strategy: { name: strategy.name, description: strategy.description, source: 'export default smaCross;\n' },
    profile: { name: profile.name, assumption: profile.assumption },
    engine: 'normative',
    market: {
      label: 'synthetic BTCUSD',
      timeframe,
      from: candles.time[0]!,
      to: candles.time.at(-1)!,
      bars: candles.barCount,
      synthetic: true,
      quality: [
        'No gaps, no duplicates, no candles out of order.',
        '3 candles move more than 12 deviations: they were kept.',
      ],
    },
    initialCash: request.initialCash,
    rankedBy: request.rank,
    settings: [
      { label: 'Direction', value: request.direction },
      { label: 'Initial cash', value: '10,000.00' },
      { label: 'Fee', value: '0.05% per fill' },
      { label: 'Fixed fee', value: 'none' },
      { label: 'Slippage', value: '0.02%' },
      { label: 'Sizing', value: 'all equity' },
      { label: 'Calendar', value: '365 days' },
      { label: 'Ranked by', value: request.rank },
      { label: 'Seed', value: '1' },
    ],
    counts: { variants: outcome.variants, scored: outcome.scored },
    timing: { computeMs: 2_834 },
    metricDefinitions: reportMetrics(),
    rows: outcome.top,
    grid: rows.toGrid(request.rank, Object.keys(request.risk ?? {}), outcome.scored),
    details: variants.map((variant) => reportDetail(variant, window.candles, request.initialCash)),
    candles: reportCandles(window.candles, variants),
    reproduce: `gridmill run ${strategy.name} --data synthetic.csv --result best.json --row {row}`,
  };
}

/** Strings that would act if they were ever read as markup, style, address or escape sequence. */
export const HOSTILE = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">\u2028\u202e"\'&';

/** The same report with every free text hostile. */
export function hostileReport(data: ReportData): ReportData {
  const rename = (params: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(Object.entries(params).map(([name, value]) => [`${name}${HOSTILE}`, value]));
  return {
    ...data,
    title: HOSTILE,
    createdAt: HOSTILE,
    engineVersion: HOSTILE,
    resultHash: HOSTILE,
    dataHash: HOSTILE,
    strategy: { name: HOSTILE, description: HOSTILE, source: HOSTILE },
    profile: { name: HOSTILE, assumption: HOSTILE },
    engine: HOSTILE,
    market: { ...data.market, label: HOSTILE, quality: [HOSTILE] },
    settings: [{ label: HOSTILE, value: HOSTILE }],
    rows: data.rows.map((row) => ({ ...row, params: rename(row.params), variantKey: HOSTILE })),
    grid: data.grid && {
      ...data.grid,
      paramNames: data.grid.paramNames.map((name) => `${name}${HOSTILE}`),
      capped: true,
      capRule: HOSTILE,
    },
    metricDefinitions: data.metricDefinitions.map((metric) => ({
      ...metric,
      label: `${metric.label}${HOSTILE}`,
      note: HOSTILE,
    })),
    reproduce: `${HOSTILE} {row}`,
  };
}
