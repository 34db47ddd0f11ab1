// Do orders placed bar by bar reproduce freqtrade's tables of stop, ROI, trailing and exit signal?
import { describe, expect, test } from 'vitest';
import type { Trade } from '../../src/metrics/trade.ts';
import { ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT, type Simulation } from '../../src/simulate/simulation.ts';
import type { BarContext, Position } from '../../src/strategy/bar-context.ts';
import type { Strategy } from '../../src/strategy/strategy.ts';
import { candlesOf, coded, runStrategy } from '../bar-harness.ts';
import { type Case, covered, REASONS } from './freqtrade-cases.ts';
import { countOracle } from './oracle.ts';

interface State {
  readonly position: Position;
  /** Best price of the trade so far, and whether its stop has left its first place. */
  best: number;
  entryBar: number;
  moved: Set<number>;
}

/** A table as a bar strategy: orders at the close, filled from the next open on. */
function strategyOf({ params, signals }: Case, moved: Set<number>): Strategy {
  const { leverage = 1, trailing_stop: trails = false } = params;
  const stopLoss = -params.stop_loss / leverage;
  const roi = Object.entries(params.roi)
    .map(([minutes, profit]) => ({ minutes: Number(minutes), profit }))
    .sort((a, b) => a.minutes - b.minutes);
  const roiAt = (minutes: number): number | undefined => roi.findLast((step) => step.minutes <= minutes)?.profit;

  const enter = (context: BarContext, side: 1 | -1): void => {
    const first = roiAt(0);
    const plain = trails && params.trailing_stop_positive === undefined && !params.trailing_only_offset_is_reached;
    context[side === 1 ? 'buy' : 'sell']({
      notional: 100,
      stopLoss,
      ...(plain || params.use_custom_stoploss === true ? { trailingStop: stopLoss } : {}),
      ...(first === undefined ? {} : { takeProfit: first / leverage }),
    });
  };

  /** The target of the next bar, and the stop once the profit has reached the offset. */
  const manage = (context: BarContext, state: State): void => {
    const { position } = state;
    const { side, entryPrice } = position;
    const minutes = (position.barsHeld + 1) * 60;
    const step = roiAt(minutes);
    if (step === -1) context[side === 1 ? 'sell' : 'buy']({ limit: side === 1 ? 1e-9 : 1e9, reduceOnly: true });
    else if (step !== undefined) {
      context.protect({ takeProfitPrice: entryPrice * (1 + (side * step) / leverage) });
    }
    if (state.entryBar !== position.entryBar) {
      state.entryBar = position.entryBar;
      state.best = entryPrice;
    }
    const extreme = side === 1 ? context.high : context.low;
    if (side * (extreme - state.best) > 0) state.best = extreme;
    if (!trails || params.trailing_stop_positive === undefined) return;
    const profit = side * (state.best / entryPrice - 1) * leverage;
    const offset = params.trailing_stop_positive_offset ?? 0;
    const inProfit = profit > offset;
    if (!inProfit && params.trailing_only_offset_is_reached === true) return;
    const distance = inProfit ? params.trailing_stop_positive / leverage : stopLoss;
    const level = state.best * (1 - side * distance);
    if (side * (level - position.stopPrice) <= 0) return;
    moved.add(position.entryBar);
    context.protect({ stopLossPrice: level });
  };

  return coded<State>(
    ({ position }) => ({ position: position(), best: 0, entryBar: -1, moved }),
    (context, state) => {
      const flags = signals[context.bar]!;
      const has = (flag: number): boolean => (flags & flag) !== 0;
      const long = has(ENTER_LONG) && !has(EXIT_LONG) && !has(ENTER_SHORT);
      const short = has(ENTER_SHORT) && !has(EXIT_SHORT) && !has(ENTER_LONG);
      const { side } = state.position;
      if (side === 0) {
        if (long) enter(context, 1);
        else if (short) enter(context, -1);
        return;
      }
      const leaves = side === 1 ? has(EXIT_LONG) && !has(ENTER_LONG) : has(EXIT_SHORT) && !has(ENTER_SHORT);
      if (!leaves || params.use_exit_signal !== true) {
        manage(context, state);
        return;
      }
      context.exit();
      if (side === 1 ? short : long) enter(context, side === 1 ? -1 : 1);
    },
  );
}

function run(one: Case, moved: Set<number>): Simulation {
  const candles = candlesOf(one.candles, '1h');
  return runStrategy(strategyOf(one, moved), candles, { profile: 'next-open', closeAtEnd: true });
}

/** A stop that was moved by hand is a trailing stop by another name. */
const reasonOf = ({ exitReason, entryBar }: Trade, moved: ReadonlySet<number>): string =>
  exitReason === 'stop-loss' && moved.has(entryBar) ? 'TRAILING_STOP_LOSS' : REASONS[exitReason]!;

const outcome = (one: Case) => {
  const moved = new Set<number>();
  const { trades } = run(one, moved);
  const leverage = one.params.leverage ?? 1;
  const profit = trades.reduce((sum, trade) => sum + trade.return * leverage, 0);
  return {
    trades: trades.map((trade) => ({ reason: reasonOf(trade, moved), open: trade.entryBar, close: trade.exitBar })),
    profit,
  };
};

const OWN_BAR = 'a new best price moves the trailing stop in its own bar there, from the next bar on here (rule 10)';
const GAP = 'the bar opens beyond the moved stop: the open here (rule 12), the level or another exit there';
const INSIDE = 'a step of the ROI table begins inside a bar: the open here, an unfavourable price of the bar there';

/** What orders placed at closes cannot express, or our rules settle otherwise, by table. */
const DIFFERENT: Readonly<Record<string, string>> = {
  tc9: OWN_BAR,
  tc11: GAP,
  tc12: OWN_BAR,
  tc16: INSIDE,
  tc20: INSIDE,
  tc24: GAP,
  tc34: OWN_BAR,
  tc35: OWN_BAR,
  tc36: OWN_BAR,
  tc37: OWN_BAR,
  tc38: OWN_BAR,
};

const wantedOf = (one: Case) => one.trades.map(({ reason, open, close }) => ({ reason, open, close }));
const same = covered.filter(({ name }) => DIFFERENT[name] === undefined);

describe("freqtrade's tables as orders of a bar strategy", () => {
  test('29 of the 40 tables that signals cover; the other 11 are named, each with the rule that differs', () => {
    expect([covered.length, same.length, Object.keys(DIFFERENT).length]).toEqual([40, 29, 11]);
  });

  test.each(same)('$name: reasons, bars and total profit', (one) => {
    const found = outcome(one);
    expect(found.trades).toEqual(wantedOf(one));
    expect(Math.abs(found.profit - one.profit)).toBeLessThanOrEqual(0.0005 + 1e-12);
    countOracle(1);
  });

  test.each(covered.filter(({ name }) => DIFFERENT[name] !== undefined))('$name differs, as said', (one) => {
    const { trades, profit } = outcome(one);
    const isSame = JSON.stringify(trades) === JSON.stringify(wantedOf(one)) && Math.abs(profit - one.profit) < 0.0005;
    expect(isSame).toBe(false);
    expect(trades.length).toBe(one.trades.length);
  });
});
