// P3 and P4: one back-test over a long history with every metric, bare and under a bracket.
import type { ProfileName } from '../src/simulate/profiles.ts';
import { choice } from '../src/strategy/parameters.ts';
import { runVariant } from '../src/sweep/run-variant.ts';
import type { Window } from '../src/sweep/window.ts';
import type { Scores } from './agreement.ts';
import { Contest } from './contest.ts';
import { ALL_METRICS, benchRequest, sweepContestant, sweepScores } from './gridmill.ts';
import { barsText, benchWindow, THIN_FEE } from './market.ts';
import { type Contestant, timed } from './measure.ts';
import { BASIC_METRICS, pairKey, RICH_METRICS } from './peers.ts';
import { atMost, type BenchContext, type Outcome, type Section, type Workload } from './workload.ts';

const PAIR = { fast: 30, slow: 150 };
const BRACKET = { stopLoss: 0.0015, takeProfit: 0.003 };

async function singleRun(
  context: BenchContext,
  profile: ProfileName,
  barriers: Partial<typeof BRACKET>,
): Promise<Section> {
  const bars = context.quick ? 1_000_000 : 10_000_000;
  const window = benchWindow(bars);
  const { stopLoss, takeProfit } = barriers;
  const risk = stopLoss === undefined ? {} : { stopLoss: choice(stopLoss), takeProfit: choice(takeProfit!) };
  const request = benchRequest('sma-cross', {
    profile,
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
  return own.section(`${barsText(bars)}, profile ${profile}`, 'bar');
}

function outcome(context: BenchContext, sections: readonly Section[], limitMs: number): Outcome {
  const ms = sections[0].timings[0].medianMs;
  return { sections, verdicts: context.quick ? [] : [atMost('one run after load', limitMs, 'ms', ms)] };
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

/**
 * Under both arithmetics: over ten million bars the running sums of vectorbt's Numba engine drift far enough to move a
 * crossing, which the profile `vectorbt` reproduces and other engines do not.
 */
export const p3: Workload = {
  id: 'p3',
  title: 'one run, SMA 30/150, 10 M bars, all metrics',
  usesPeers: true,
  async run(context) {
    const sections = [await singleRun(context, 'close', {}), await singleRun(context, 'vectorbt', {})];
    return outcome(context, sections, 120);
  },
};

/** Under vectorbt's rules, so that stops mean the same to everyone. */
export const p4: Workload = {
  id: 'p4',
  title: 'the same with a bracket of 15 and 30 bps',
  usesPeers: true,
  run: async (context) => outcome(context, [await singleRun(context, 'vectorbt', BRACKET)], 300),
};
