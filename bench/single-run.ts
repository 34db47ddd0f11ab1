// P3 and P4: one back-test over a long history with every metric, bare and under a bracket.
import { choice } from '../src/strategy/parameters.ts';
import { runVariant } from '../src/sweep/run-variant.ts';
import type { Window } from '../src/sweep/window.ts';
import type { Scores } from './agreement.ts';
import { Contest } from './contest.ts';
import { ALL_METRICS, benchRequest, sweepContestant, sweepScores } from './gridmill.ts';
import { barsText, benchWindow, THIN_FEE } from './market.ts';
import { type Contestant, timed } from './measure.ts';
import { BASIC_METRICS, pairKey, RICH_METRICS } from './peers.ts';
import { atMost, type BenchContext, type Outcome, type Workload } from './workload.ts';

const PAIR = { fast: 30, slow: 150 };
const BRACKET = { stopLoss: 0.0015, takeProfit: 0.003 };

async function singleRun(context: BenchContext, barriers: Partial<typeof BRACKET>, limitMs: number): Promise<Outcome> {
  const bars = context.quick ? 1_000_000 : 10_000_000;
  const window = benchWindow(bars);
  const { stopLoss, takeProfit } = barriers;
  const risk = stopLoss === undefined ? {} : { stopLoss: choice(stopLoss), takeProfit: choice(takeProfit!) };
  // Under vectorbt's rules, so that the peers score the same trades.
  const request = benchRequest('sma-cross', {
    profile: 'vectorbt',
    costs: { feeRate: THIN_FEE, fixedFee: 0, slippage: 0 },
    parameters: { fast: choice(PAIR.fast), slow: choice(PAIR.slow) },
    risk,
  });
  const fast = sweepContestant('Gridmill fast, sweep of one', request, window, { engine: 'fast' }, bars);
  const scores = await sweepScores(request, window, { engine: 'fast' });
  const own = new Contest(context, fast, scores, ALL_METRICS);
  own.admit(...normativeRun(request, window, barriers));
  const stops = stopLoss === undefined ? undefined : [[stopLoss, takeProfit!] as const];
  const job = {
    candles: window.candles,
    average: 'sma',
    pairs: [[PAIR.fast, PAIR.slow]],
    stops,
    fee: THIN_FEE,
    slippage: 0,
    metrics: true,
  } as const;
  await own.admitPeers(job, bars, '', [...BASIC_METRICS, ...RICH_METRICS]);
  const section = await own.section(barsText(bars), 'bar');
  const ms = section.timings[0].medianMs;
  return { sections: [section], verdicts: context.quick ? [] : [atMost('one run after load', limitMs, 'ms', ms)] };
}

function normativeRun(
  request: ReturnType<typeof benchRequest>,
  window: Window,
  barriers: Partial<typeof BRACKET>,
): [Contestant, Scores] {
  const run = () => runVariant(request, window, PAIR, barriers);
  const name = 'Gridmill normative, one run';
  const key = pairKey(PAIR.fast, PAIR.slow, barriers.stopLoss, barriers.takeProfit);
  return [{ name, units: window.candles.barCount, runOnce: () => timed(run) }, new Map([[key, run().metrics]])];
}

export const p3: Workload = {
  id: 'p3',
  title: 'one run, SMA 30/150, 10 M bars, all metrics',
  usesPeers: true,
  run: (context) => singleRun(context, {}, 120),
};

export const p4: Workload = {
  id: 'p4',
  title: 'the same with a bracket of 15 and 30 bps',
  usesPeers: true,
  run: (context) => singleRun(context, BRACKET, 300),
};
