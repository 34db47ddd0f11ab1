// The five workloads that other engines publish times for, under vectorbt's rules: small grids, end to end, one thread.
import { and, close, crossAbove, crossBelow, lt } from '../src/strategy/expression.ts';
import { ema, rsi } from '../src/strategy/indicator-expressions.ts';
import { choice, range } from '../src/strategy/parameters.ts';
import { defineStrategy, type Strategy } from '../src/strategy/strategy.ts';
import { Contest } from './contest.ts';
import { benchRequest, ENGINES, engineName, JUDGED, sweepContestant, sweepScores } from './gridmill.ts';
import { barsText, benchWindow } from './market.ts';
import { BASIC_METRICS, type PeerJob, RICH_METRICS } from './peers.ts';
import { atLeast, type BenchContext, type Outcome, times, type Workload } from './workload.ts';

const RSI = { length: 14, below: 70 };

const emaRsi = defineStrategy({
  name: 'ema-rsi',
  description: 'Crossing of two exponential averages, bought only while the RSI is not yet high.',
  parameters: { fast: range(5, 50, 5), slow: range(60, 150, 10) },
  signals: (p) => {
    const fast = ema(close, p.fast);
    const slow = ema(close, p.slow);
    return {
      enterLong: and(crossAbove(fast, slow), lt(rsi(close, RSI.length), RSI.below)),
      exitLong: crossBelow(fast, slow),
    };
  },
});

interface Definition {
  readonly id: string;
  readonly title: string;
  readonly strategy: string | Strategy;
  readonly job: Omit<PeerJob, 'candles' | 'pairs' | 'stops'>;
  readonly stopLoss?: readonly number[];
  readonly takeProfit?: readonly number[];
}

const PLAIN = { average: 'sma', fee: 0, slippage: 0, metrics: false } as const;

const DEFINITIONS: readonly Definition[] = [
  { id: 'sma_cross', title: 'two simple averages, no costs', strategy: 'sma-cross', job: PLAIN },
  {
    id: 'sma_cross_metrics',
    title: 'the same with a set of metrics per variant',
    strategy: 'sma-cross',
    job: { ...PLAIN, metrics: true },
  },
  {
    id: 'sma_cross_costs',
    title: 'the same with 10 bps of fees and 5 bps of slippage per fill',
    strategy: 'sma-cross',
    job: { ...PLAIN, fee: 0.001, slippage: 0.0005 },
  },
  {
    id: 'ema_rsi_fees',
    title: 'two exponential averages, an RSI filter, 10 bps of fees',
    strategy: emaRsi,
    job: { ...PLAIN, average: 'ema', rsi: RSI, fee: 0.001 },
  },
  {
    id: 'bracket_sl_tp',
    title: 'two simple averages under four pairs of stop-loss and take-profit, 10 bps of fees',
    strategy: 'sma-cross',
    job: { ...PLAIN, fee: 0.001 },
    stopLoss: [0.005, 0.01],
    takeProfit: [0.01, 0.02],
  },
];

async function compare(context: BenchContext, definition: Definition): Promise<Outcome> {
  const { job, stopLoss, takeProfit, strategy } = definition;
  const bars = context.quick ? 5_000 : 20_000;
  const window = benchWindow(bars);
  const fast = context.quick ? range(10, 50, 10) : range(5, 50, 5);
  const slow = context.quick ? range(60, 140, 20) : range(60, 150, 10);
  const pairs = fast.values.flatMap((a) => slow.values.map((b) => [a, b] as const));
  const stops = stopLoss?.flatMap((loss) => takeProfit!.map((profit) => [loss, profit] as const));
  const units = pairs.length * (stops?.length ?? 1) * bars;
  const request = benchRequest(strategy, {
    profile: 'vectorbt',
    costs: { feeRate: job.fee, fixedFee: 0, slippage: job.slippage },
    parameters: { fast, slow },
    risk: stopLoss === undefined ? {} : { stopLoss: choice(...stopLoss), takeProfit: choice(...takeProfit!) },
    // What an opponent is not asked for, Gridmill need not compute either.
    rank: job.metrics ? 'sharpe' : 'totalReturn',
  });
  const metrics = job.metrics ? [...BASIC_METRICS, ...RICH_METRICS] : BASIC_METRICS;
  const contestants = ENGINES.map((engine) => sweepContestant(engineName(engine), request, window, { engine }, units));
  const scores = await Promise.all(ENGINES.map((engine) => sweepScores(request, window, { engine })));
  const contest = new Contest(context, contestants[0], scores[0], metrics);
  for (const [i, contestant] of contestants.entries()) if (i > 0) contest.admit(contestant, scores[i]);
  await contest.admitPeers({ ...job, candles: window.candles, pairs, stops }, units);
  const section = await contest.section(`${barsText(bars)}, ${units / bars} variants`, 'bar-variant');
  const ours = section.timings.find(({ name }) => name === engineName(JUDGED))!;
  const others = section.timings.filter(({ name }) => !name.startsWith('Gridmill'));
  return {
    sections: [section],
    verdicts: others.map((other) => atLeast(`faster than ${other.name}`, 1, '×', times(ours, other))),
  };
}

export const PEER_WORKLOADS: readonly Workload[] = DEFINITIONS.map((definition) => ({
  id: definition.id,
  title: definition.title,
  usesPeers: true,
  run: (context) => compare(context, definition),
}));
