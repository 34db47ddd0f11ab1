// Grid executors of the profile `hummingbot` equal Hummingbot's own simulator, number for number.
import { expect, test } from 'vitest';
import { type Decimal, decimal } from '../../src/core/decimal.ts';
import { isAppError } from '../../src/core/errors.ts';
import { markExecutor } from '../../src/executors/executor-run.ts';
import { executorProfile } from '../../src/executors/fixes.ts';
import { simulateGrid } from '../../src/executors/grid-executor.ts';
import type { GridOrder } from '../../src/executors/grid-levels.ts';
import {
  type ExecutorCase,
  type ExecutorExpectation,
  HUMMINGBOT_CANDLES,
  type OracleRules,
  oracleMarket,
  oracleRules,
  readCases,
} from './hummingbot-cases.ts';
import { countOracle, describeOracle } from './oracle.ts';

const FILE = 'hummingbot_grid_executor.json.gz';
const CASES = 84;
interface GridConfig {
  readonly side: 'BUY' | 'SELL';
  readonly start_price: string;
  readonly end_price: string;
  readonly limit_price: string | null;
  readonly total_amount_quote: string;
  readonly min_spread_between_orders: string;
  readonly min_order_amount_quote: string;
  readonly take_profit: string;
  readonly stop_loss: string | null;
  readonly time_limit: number | null;
  readonly keep_position: boolean;
  readonly coerce_tp_to_step: boolean;
}

interface GridExpectation extends ExecutorExpectation {
  readonly level_prices: readonly number[];
  readonly level_tp_prices: readonly number[];
  readonly level_amount_quote: number;
  readonly level_take_profit: number;
  readonly fill_event_count: number;
  readonly entry_count: number;
  readonly tp_count: number;
  readonly fill_events: readonly (readonly [number, 'entry' | 'tp', number, number, number])[];
}

type GridCase = ExecutorCase<GridConfig> & {
  readonly trading_rules: OracleRules | null;
  readonly expected: GridExpectation;
};

const optional = (text: string | null): Decimal | null => (text === null ? null : decimal(text));

const gridOrder = (config: GridConfig): GridOrder => ({
  isLong: config.side === 'BUY',
  levelId: null,
  startPrice: decimal(config.start_price),
  endPrice: decimal(config.end_price),
  limitPrice: optional(config.limit_price),
  totalAmountQuote: decimal(config.total_amount_quote),
  minSpreadBetweenOrders: decimal(config.min_spread_between_orders),
  minOrderAmountQuote: decimal(config.min_order_amount_quote),
  takeProfit: decimal(config.take_profit),
  stopLoss: config.stop_loss === null ? null : Number(config.stop_loss),
  timeLimitMs: (config.time_limit ?? 0) * 1000,
  keepPosition: config.keep_position,
  coerceTargetToStep: config.coerce_tp_to_step,
});

describeOracle('hummingbot grid executors', [`oracles/hummingbot/${FILE}`, ...HUMMINGBOT_CANDLES], CASES, () => {
  test('levels, fills and results of all cases are bit-equal', () => {
    const { fixes } = executorProfile('hummingbot');
    const cases = readCases<GridCase>(FILE);
    expect(cases.length).toBe(CASES);
    for (const { id, window, config, trading_rules, trade_cost, expected } of cases) {
      const market = oracleMarket(window);
      const simulate = () => simulateGrid(market, 0, gridOrder(config), trade_cost, fixes, oracleRules(trading_rules));
      if (expected.raises !== undefined) {
        expect(simulate, id).toThrow(/divides by zero/);
        try {
          simulate();
        } catch (error) {
          expect(isAppError(error, 'REQUEST_INVALID'), id).toBe(true);
        }
        countOracle(1);
        continue;
      }
      const run = simulate();
      expect(expected, id).toMatchObject({
        close_type: run.closeType,
        rows: run.closeBar + 1,
        close_timestamp: market.time[run.closeBar]! / 1000,
        close_price: run.closePrice,
        fill_timestamp: run.fillBar < 0 ? null : market.time[run.fillBar]! / 1000,
        level_prices: [...run.levels.prices],
        level_tp_prices: [...run.levels.targets],
        level_amount_quote: run.levels.amountQuote,
        level_take_profit: run.levels.takeProfit,
        fill_event_count: run.fills.length,
        entry_count: run.fills.filter((fill) => fill.kind === 'entry').length,
        fill_events: run.fills
          .slice(0, 120)
          .map(({ bar, kind, level, price, amountQuote }) => [
            market.time[bar]! / 1000,
            kind === 'entry' ? 'entry' : 'tp',
            level,
            price,
            amountQuote,
          ]),
      });
      expect(run.netPnlPct, `${id} pct`).toBe(expected.net_pnl_pct);
      expect(run.netPnlQuote, `${id} quote`).toBe(expected.net_pnl_quote);
      expect(run.feesQuote, `${id} fees`).toBe(expected.cum_fees_quote);
      expect(run.filledQuote, `${id} filled`).toBe(expected.filled_amount_quote);
      expect(run.averagePrice, `${id} average`).toBe(expected.current_position_average_price);
      for (const snapshot of expected.snapshots) {
        const mark = markExecutor(market, run, snapshot.row);
        expect(mark.netPnlPct, `${id} row ${snapshot.row} pct`).toBe(snapshot.net_pnl_pct);
        expect(mark.netPnlQuote, `${id} row ${snapshot.row} quote`).toBe(snapshot.net_pnl_quote);
        expect(mark.feesQuote, `${id} row ${snapshot.row} fees`).toBe(snapshot.cum_fees_quote);
        expect(mark.filledQuote, `${id} row ${snapshot.row} filled`).toBe(snapshot.filled_amount_quote);
        expect(mark.averagePrice, `${id} row ${snapshot.row} average`).toBe(snapshot.current_position_average_price);
      }
      countOracle(1);
    }
  });
});
