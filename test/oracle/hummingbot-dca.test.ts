// DCA executors of the profile `hummingbot` equal Hummingbot's own simulator, number for number.
import { expect, test } from 'vitest';
import { decimal } from '../../src/core/decimal.ts';
import { isAppError } from '../../src/core/errors.ts';
import { simulateDca } from '../../src/executors/dca-executor.ts';
import type { DcaOrder } from '../../src/executors/dca-order.ts';
import { doubleOfDecimal } from '../../src/executors/exact-level.ts';
import { markExecutor } from '../../src/executors/executor-run.ts';
import { executorProfile } from '../../src/executors/fixes.ts';
import { type ExecutorCase, HUMMINGBOT_CANDLES, oracleMarket, readCases } from './hummingbot-cases.ts';
import { countOracle, describeOracle } from './oracle.ts';

const FILE = 'hummingbot_dca_executor.json.gz';
const CASES = 84;

interface DcaConfig {
  readonly side: 'BUY' | 'SELL';
  readonly prices: readonly string[];
  readonly amounts_quote: readonly string[];
  readonly take_profit: string | null;
  readonly stop_loss: string | null;
  readonly trailing_stop: readonly [string, string] | null;
  readonly time_limit: number | null;
}

const exact = (text: string) => doubleOfDecimal(decimal(text));

const dcaOrder = (config: DcaConfig): DcaOrder => ({
  isLong: config.side === 'BUY',
  levelId: null,
  prices: config.prices.map(exact),
  amounts: config.amounts_quote.map(exact),
  takeProfit: config.take_profit === null ? null : exact(config.take_profit),
  stopLoss: config.stop_loss === null ? null : exact(config.stop_loss),
  trailing:
    config.trailing_stop === null
      ? null
      : { activation: exact(config.trailing_stop[0]), delta: exact(config.trailing_stop[1]) },
  timeLimitMs: (config.time_limit ?? 0) * 1000,
});

describeOracle('hummingbot DCA executors', [`oracles/hummingbot/${FILE}`, ...HUMMINGBOT_CANDLES], CASES, () => {
  test('all cases are bit-equal, and those that fail there are refused here', () => {
    const { fixes } = executorProfile('hummingbot');
    const cases = readCases<ExecutorCase<DcaConfig>>(FILE);
    expect(cases.length).toBe(CASES);
    for (const { id, window, config, trade_cost, expected } of cases) {
      const market = oracleMarket(window);
      const simulate = () => simulateDca(market, 0, dcaOrder(config), trade_cost, fixes);
      if (expected.raises !== undefined) {
        expect(simulate, id).toThrow(/stop_loss/);
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
        net_pnl_pct: run.netPnlPct,
        net_pnl_quote: run.netPnlQuote,
        cum_fees_quote: run.feesQuote,
        filled_amount_quote: run.filledQuote,
        current_position_average_price: run.averagePrice,
        fill_timestamp: run.fillBar < 0 ? null : market.time[run.fillBar]! / 1000,
      });
      for (const snapshot of expected.snapshots) {
        const mark = markExecutor(market, run, snapshot.row);
        expect(snapshot, `${id} row ${snapshot.row}`).toMatchObject({
          is_trading: mark.filledQuote > 0,
          net_pnl_pct: mark.netPnlPct,
          net_pnl_quote: mark.netPnlQuote,
          cum_fees_quote: mark.feesQuote,
          filled_amount_quote: mark.filledQuote,
          current_position_average_price: mark.averagePrice,
        });
      }
      countOracle(1);
    }
  });
});
