// P5: stage B, 200 base variants under 10 stop-losses × 10 take-profits, judged by time per trade.
import { choice, range } from '../src/strategy/parameters.ts';
import type { SweepRequest } from '../src/sweep/request.ts';
import { Contest } from './contest.ts';
import { ALL_METRICS, benchRequest, engineName, sweep, sweepContestant, sweepScores, tradesOf } from './gridmill.ts';
import { barsText, benchWindow } from './market.ts';
import { atLeast, atMost, nsPerUnit, times, type Workload } from './workload.ts';

const COSTS = { feeRate: 0.0002, fixedFee: 0, slippage: 0 };

function request(fast: readonly number[], slow: readonly number[], levels: number): SweepRequest {
  const steps = Array.from({ length: levels }, (_, i) => i + 1);
  return benchRequest('sma-cross', {
    costs: COSTS,
    parameters: { fast: choice(...fast), slow: choice(...slow) },
    risk: {
      stopLoss: choice(...steps.map((step) => step * 0.001)),
      takeProfit: choice(...steps.map((step) => step * 0.002)),
    },
  });
}

export const p5: Workload = {
  id: 'p5',
  title: 'stop-loss × take-profit grid of a shortlist',
  async run(context) {
    const bars = context.quick ? 20_000 : 200_000;
    const levels = context.quick ? 5 : 10;
    const window = benchWindow(bars);
    const fast = range(5, 50, 5).values;
    const slow = range(60, 250, 10).values;
    const all = request(fast, slow, levels);
    const scores = await sweepScores(all, window, { engine: 'fast' });
    const ours = sweepContestant(engineName('fast'), all, window, { engine: 'fast' }, tradesOf(scores));
    const contest = new Contest(context, ours, scores, ALL_METRICS);
    const some = request([5, 30], [60], levels);
    const judge = await sweepScores(some, window, { engine: 'normative' });
    const name = `${engineName('normative')}, 2 base variants`;
    contest.admit(sweepContestant(name, some, window, { engine: 'normative' }, tradesOf(judge)), judge);
    const { sharedTrades, singleTrades } = (await sweep(all, window, { engine: 'fast' })).outcome.plan;
    contest.facts.push(
      `${sharedTrades.toLocaleString('en')} trades were answered for many risk points at once, ${singleTrades.toLocaleString('en')} simulated again one by one.`,
    );
    const section = await contest.section(
      `${barsText(bars)}, ${fast.length * slow.length} base variants × ${levels} × ${levels} levels`,
      'trade',
    );
    const [mine, normative] = section.timings;
    return {
      sections: [section],
      verdicts: [
        atMost('time per trade', 30, 'ns', nsPerUnit(mine)),
        atLeast('the normative engine, per trade', 50, '×', normative && times(mine, normative)),
      ],
    };
  },
};
