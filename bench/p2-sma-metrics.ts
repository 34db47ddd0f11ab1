// P2: 10,000 pairs of averages over 200,000 bars with every metric, two workers, inside 300 MB.
import { range } from '../src/strategy/parameters.ts';
import { type Agreement, compareScores } from './agreement.ts';
import { ALL_METRICS, benchRequest, engineName, sweepScores } from './gridmill.ts';
import { longSweep } from './long-sweep.ts';
import { barsText, benchWindow, THIN_FEE } from './market.ts';
import { atMost, type Workload } from './workload.ts';

const BUDGET_BYTES = 300 * 2 ** 20;
const WORKERS = 2;
const COSTS = { feeRate: THIN_FEE, fixedFee: 0, slippage: 0 };

export const p2: Workload = {
  id: 'p2',
  title: '10,000 SMA sets × 200,000 bars, all metrics, 300 MB',
  async run(context) {
    const bars = context.quick ? 50_000 : 200_000;
    const window = benchWindow(bars);
    const some = { fast: range(2, 101, 11), slow: range(105, 600, 55) };
    const all = { fast: range(2, 101), slow: range(105, 600, 5) };
    const options = { engine: 'fast', workers: WORKERS, budgetBytes: BUDGET_BYTES } as const;
    const asked = (parameters: typeof all) => benchRequest('sma-cross', { costs: COSTS, parameters });
    const judge = engineName('normative');
    const agreement: Agreement = compareScores(
      [judge, engineName('fast')],
      await sweepScores(asked(some), window, { engine: 'normative' }),
      await sweepScores(asked(some), window, options),
      ALL_METRICS,
    );
    const input = `${barsText(bars)}, ${all.fast.values.length * all.slow.values.length} pairs`;
    const unit = 'bar-variant';
    if (agreement.disagreeing > 0) {
      return { sections: [{ input, agreements: [agreement], timings: [], unit, facts: [] }], verdicts: [] };
    }
    const deadlineMs = context.quick ? 10_000 : 60_000;
    const fast = await longSweep(context, asked(all), window, options, deadlineMs);
    const normative = await longSweep(context, asked(some), window, { ...options, engine: 'normative' }, deadlineMs);
    const facts = [fast.fact, normative.fact];
    return {
      sections: [{ input, agreements: [agreement], timings: [fast.timing, normative.timing], unit, facts }],
      verdicts: context.quick ? [] : [atMost('the whole grid', 1.5, 's', fast.seconds)],
    };
  },
};
