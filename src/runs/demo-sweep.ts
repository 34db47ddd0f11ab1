// The demonstration: which sweep it runs, and the candles it finds for it.
import { isAppError } from '../core/errors.ts';
import { choice, range } from '../strategy/parameters.ts';
import { atTimeframe, type LoadedCandles, loadCandles } from './candle-source.ts';
import { archiveCandles, lastYearOfMinutes } from './fetch-candles.ts';
import type { RunContext, SweepSelection } from './sweep-run.ts';
import { SYNTHETIC_YEAR, syntheticMarket } from './synthetic-market.ts';

/** Hours, written in minutes: crossings quick enough to trade and slow enough to pay their fees. */
const MINUTE_GRID = { fast: range(60, 600, 60), slow: range(720, 7_200, 720) };
const OTHER_GRID = { fast: range(5, 50, 5), slow: range(60, 240, 20) };

/** Crossing of two averages with and without a stop, on a grid that a laptop scores in seconds. */
export function demoSweep(timeframe: string): Omit<SweepSelection, 'window'> {
  return {
    strategy: 'sma-cross',
    execution: { profile: 'close', direction: 'long', cash: 10_000, fee: 0.001, calendar: 'continuous' },
    grid: {
      parameters: timeframe === '1m' ? MINUTE_GRID : OTHER_GRID,
      risk: { stopLoss: choice(0, 0.03, 0.06) },
      rank: 'totalReturn',
      top: 20,
      // Every point of the grid, so that the heatmap has no holes.
      preselect: 0,
      seed: 1,
    },
  };
}

export interface DemoChoice {
  readonly data?: string;
  readonly offline?: boolean;
  readonly timeframe?: string;
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
  if (choice.offline !== true) {
    try {
      const origin = lastYearOfMinutes(context.clock.wallMs());
      listener.onProgress('asking Binance for a year of candles (10 s at most for its first answer) ...');
      return atTimeframe(await archiveCandles(origin, {}, context, listener.onProgress), timeframe);
    } catch (error) {
      if (!isAppError(error)) throw error;
      listener.onNote(
        `No candles could be downloaded (${error.found.replace(/[.\s]+$/, '')}); the candles are synthetic.`,
      );
    }
  }
  listener.onProgress('making a synthetic year ...');
  return syntheticMarket(SYNTHETIC_YEAR, timeframe, context.clock);
}
