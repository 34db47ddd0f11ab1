// The demonstration: which sweep it runs, and the candles it finds for it.
import { range } from '../strategy/parameters.ts';
import { type LoadedCandles, loadCandles } from './candle-source.ts';
import type { RunContext, SweepSelection } from './sweep-run.ts';
import { SYNTHETIC_YEAR, syntheticMarket } from './synthetic-market.ts';

/** Crossing of two averages on a grid that a laptop scores in seconds, with stops on its best variants. */
export const DEMO_SWEEP: Omit<SweepSelection, 'window'> = {
  strategy: 'sma-cross',
  execution: { profile: 'close', direction: 'long', cash: 10_000, fee: 0.001, calendar: 'continuous' },
  grid: {
    parameters: { fast: range(10, 100, 10), slow: range(50, 500, 50) },
    risk: { stopLoss: { values: [0, 0.03, 0.06] }, takeProfit: { values: [0, 0.1] } },
    rank: 'totalReturn',
    top: 20,
    preselect: 20,
    seed: 1,
  },
};

export interface DemoChoice {
  readonly data?: string;
  readonly offline?: boolean;
  readonly timeframe: string;
}

export interface DemoListener {
  readonly onNote: (note: string) => void;
  readonly onProgress: (text: string) => void;
}

/** Candles the user names; else downloaded ones; else the synthetic year. Errors: those of loadCandles for named ones. */
export async function demoCandles(
  choice: DemoChoice,
  context: RunContext,
  listener: DemoListener,
): Promise<LoadedCandles> {
  const { data, timeframe } = choice;
  if (data !== undefined) {
    listener.onProgress(`reading ${data} ...`);
    return loadCandles({ data, timeframe }, context);
  }
  listener.onProgress('making a synthetic year ...');
  return syntheticMarket(SYNTHETIC_YEAR, timeframe, context.clock);
}
