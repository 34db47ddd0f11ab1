// P1: every pair of the 99 averages from 2 to 100 bars on one thread, against C, the normative engine and the peers.
import type { MetricName } from '../src/metrics/metrics.ts';
import { range } from '../src/strategy/parameters.ts';
import type { SweepRequest } from '../src/sweep/request.ts';
import { dualSmaContestant, runDualSma } from './c-program.ts';
import { Contest } from './contest.ts';
import {
  ALL_METRICS,
  benchRequest,
  ENGINES,
  engineName,
  JUDGED,
  sweepContestant,
  sweepScores,
  tradesOf,
} from './gridmill.ts';
import { barsText, benchWindow, THIN_FEE } from './market.ts';
import type { Timing } from './measure.ts';
import { BASIC_METRICS } from './peers.ts';
import {
  atLeast,
  atMost,
  type BenchContext,
  nsPerUnit,
  type Section,
  times,
  timingNamed,
  type Verdict,
  type Workload,
} from './workload.ts';

const WINDOWS = [2, 100] as const;
const ALL = range(...WINDOWS);
/** Slow engines score the pairs of these windows only. */
const SOME = range(...WINDOWS, 5);
const C_PROGRAM = 'C, same method';

export const p1: Workload = {
  id: 'p1',
  title: 'Dual SMA, 4,851 pairs, one thread',
  usesPeers: true,
  async run(context) {
    const small = await section(context, context.quick ? 5_000 : 20_000, true);
    const large = await section(context, context.quick ? 50_000 : 200_000, false);
    return { sections: [small, large], verdicts: verdicts(small.timings, large.timings) };
  },
};

const pairsOf = (windows: readonly number[]): [number, number][] =>
  windows.flatMap((fast, i) => windows.slice(i + 1).map((slow): [number, number] => [fast, slow]));

function request(axis: typeof ALL, rank: MetricName = 'totalReturn'): SweepRequest {
  const costs = { feeRate: THIN_FEE, fixedFee: 0, slippage: 0 };
  return benchRequest('sma-cross', { costs, parameters: { fast: axis, slow: axis }, rank });
}

async function section(context: BenchContext, bars: number, withPeers: boolean): Promise<Section> {
  const window = benchWindow(bars);
  const somePairs = pairsOf(SOME.values);
  const allUnits = pairsOf(ALL.values).length * bars;
  const someUnits = somePairs.length * bars;
  const suffix = `, ${somePairs.length} pairs`;
  const judged = sweepContestant(engineName(JUDGED), request(ALL), window, { engine: JUDGED }, allUnits);
  const scores = await sweepScores(request(ALL), window, { engine: JUDGED });
  const contest = new Contest(context, judged, scores, BASIC_METRICS);
  contest.facts.push(
    `Ranked by total return, Gridmill computes what that needs of every variant (return, trades, fees, exposure), and all ${ALL_METRICS.length} metrics of the best 20; the row "all metrics" ranks by Sharpe ratio. The C program has total return and trades only. ${tradesOf(scores).toLocaleString('en')} trades in all.`,
  );
  const full = sweepContestant(
    `${engineName(JUDGED)}, all metrics`,
    request(ALL, 'sharpe'),
    window,
    { engine: JUDGED },
    allUnits,
  );
  contest.admit(full, await sweepScores(request(ALL, 'sharpe'), window, { engine: JUDGED }));
  const { dualSmaProgram: program, folder, dualSmaSkipped } = context;
  if (program === undefined) contest.facts.push(dualSmaSkipped);
  else {
    const job = { program, folder, close: window.candles.close, windows: WINDOWS, fee: THIN_FEE };
    contest.admit(dualSmaContestant(C_PROGRAM, job, allUnits), runDualSma(job).scores);
  }
  for (const engine of ENGINES.slice(1)) {
    const contestant = sweepContestant(engineName(engine) + suffix, request(SOME), window, { engine }, someUnits);
    contest.admit(contestant, await sweepScores(request(SOME), window, { engine }));
  }
  if (withPeers) {
    const job = {
      candles: window.candles,
      average: 'sma',
      pairs: somePairs,
      fee: THIN_FEE,
      slippage: 0,
      metrics: false,
    } as const;
    await contest.admitPeers(job, someUnits, suffix);
  }
  return contest.section(barsText(bars), 'bar-variant');
}

function verdicts(small: readonly Timing[], large: readonly Timing[]): Verdict[] {
  const ours = timingNamed(small, engineName(JUDGED))!;
  const oursLarge = timingNamed(large, engineName(JUDGED))!;
  const c = timingNamed(small, C_PROGRAM);
  const numba = small.find(({ name }) => name.includes('(numba)'));
  return [
    atMost('the C program, short history', 2, '×', c && times(c, ours)),
    atLeast('vectorbt (Numba), end to end', 300, '×', numba && times(ours, numba)),
    atMost('ten times the bars: time per bar', 1.2, '×', nsPerUnit(oursLarge) / nsPerUnit(ours)),
  ];
}
