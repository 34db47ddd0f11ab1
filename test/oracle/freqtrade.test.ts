// Does the profile `freqtrade` reproduce that program's own candle-by-candle test tables?
import { describe, expect, test } from 'vitest';
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import type { FreqtradeOptions } from '../../src/simulate/freqtrade-options.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import { type Case, cases, covered, REASONS } from './freqtrade-cases.ts';
import { countOracle } from './oracle.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2018, 9, 3);

function candlesOf(one: Case): Candles {
  const column = (index: 0 | 1 | 2 | 3): Float64Array => Float64Array.from(one.candles, (candle) => candle[index]);
  return createCandles(parseTimeframe('1h'), {
    time: Float64Array.from(one.candles, (_, i) => START_MS + i * HOUR_MS),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: new Float64Array(one.candles.length).fill(6172),
  });
}

function optionsOf({ params }: Case): FreqtradeOptions {
  return {
    roi: Object.entries(params.roi).map(([minutes, profit]) => ({ afterMinutes: Number(minutes), profit })),
    trailingStop: params.trailing_stop,
    trailingStopPositive: params.trailing_stop_positive,
    trailingStopPositiveOffset: params.trailing_stop_positive_offset,
    trailingOnlyOffsetIsReached: params.trailing_only_offset_is_reached,
    // The tables use the strategy's default, which answers the stop-loss itself.
    customStoploss: params.use_custom_stoploss === true ? -params.stop_loss : undefined,
    leverage: params.leverage,
    useExitSignal: params.use_exit_signal ?? false,
  };
}

function run(one: Case): Simulation {
  const profile = PROFILES.freqtrade;
  const settings = {
    profile,
    ...profile.defaults,
    direction: 'both',
    sizing: { ...profile.defaults.sizing, kind: 'fixed-notional', value: 100 },
    barriers: { stopLoss: -one.params.stop_loss },
    freqtrade: optionsOf(one),
  } as const;
  return simulate({ candles: candlesOf(one), signals: Uint8Array.from(one.signals), settings });
}

describe("freqtrade's tables of stop, ROI, trailing and exit signal", () => {
  test('40 of the 54 tables are covered; the other 14 set their own order prices', () => {
    expect([cases.length, covered.length]).toEqual([54, 40]);
  });

  test.each(covered)('$name: trades, fills and total profit', (one) => {
    const found = run(one);
    const leverage = one.params.leverage ?? 1;
    expect(
      found.trades.map(({ exitReason, entryBar, exitBar, side, exitPrice }) => ({
        reason: REASONS[exitReason],
        open: entryBar,
        close: exitBar,
        short: side === 'short',
        exitPrice: Math.round(exitPrice * 1e6) / 1e6,
      })),
    ).toEqual(one.trades);
    const profit = found.trades.reduce((sum, trade) => sum + trade.return * leverage, 0);
    expect(Math.abs(profit - one.profit)).toBeLessThanOrEqual(0.0005 + 1e-12);
    const pnl = found.trades.reduce((sum, trade) => sum + trade.pnl, 0);
    expect(found.finalEquity).toBeCloseTo(1000 + pnl, 9);
    countOracle(1);
  });
});
