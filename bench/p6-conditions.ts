// P6: a million variants of three independent conditions, two workers, inside 512 MB.
import { pathToFileURL } from 'node:url';
import { choice } from '../src/strategy/parameters.ts';
import type { Strategy } from '../src/strategy/strategy.ts';
import type { SweepRequest } from '../src/sweep/request.ts';
import { compareScores } from './agreement.ts';
import { ALL_METRICS, benchRequest, engineName, sweepScores } from './gridmill.ts';
import { longSweep } from './long-sweep.ts';
import { barsText, benchWindow } from './market.ts';
import { atMost, type Workload } from './workload.ts';

const BUDGET_BYTES = 512 * 2 ** 20;
const WORKERS = 2;
const COSTS = { feeRate: 0.0002, fixedFee: 0, slippage: 0 };

/** The grid with fewer values on every axis: `keep` of ten. */
function request(strategy: Strategy, keep: number): SweepRequest {
  const axes = Object.entries(strategy.parameters).map(([name, { values }]) => {
    const step = Math.floor(values.length / keep);
    return [name, choice(...values.filter((_, i) => i % step === 0).slice(0, keep))] as const;
  });
  return benchRequest(strategy, { costs: COSTS, parameters: Object.fromEntries(axes) });
}

export const p6: Workload = {
  id: 'p6',
  title: 'RSI × Bollinger × trend, 1,000,000 variants, 512 MB',
  async run(context) {
    const bars = context.quick ? 20_000 : 130_000;
    const window = benchWindow(bars);
    const moduleUrl = pathToFileURL(context.strategyModule).href;
    const { default: strategy } = (await import(moduleUrl)) as { readonly default: Strategy };
    const options = { engine: 'fast', workers: WORKERS, budgetBytes: BUDGET_BYTES, moduleUrl } as const;
    const some = request(strategy, 2);
    const agreement = compareScores(
      [engineName('normative'), engineName('fast')],
      await sweepScores(some, window, { engine: 'normative' }),
      await sweepScores(some, window, options),
      ALL_METRICS,
    );
    const all = request(strategy, context.quick ? 5 : 10);
    const input = `${barsText(bars)}, ${context.quick ? '15,625' : '1,000,000'} variants`;
    const unit = 'bar-variant';
    if (agreement.disagreeing > 0) {
      return { sections: [{ input, agreements: [agreement], timings: [], unit, facts: [] }], verdicts: [] };
    }
    const fast = await longSweep(context, all, window, options, context.quick ? 10_000 : 90_000);
    const normative = await longSweep(context, some, window, { ...options, engine: 'normative' }, 20_000);
    const facts = [fast.fact, normative.fact];
    return {
      sections: [{ input, agreements: [agreement], timings: [fast.timing, normative.timing], unit, facts }],
      verdicts: context.quick ? [] : [atMost('the whole grid', 30, 's', fast.seconds)],
    };
  },
};
