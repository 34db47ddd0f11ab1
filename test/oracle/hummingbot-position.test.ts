// Position executors of the profile `hummingbot` equal Hummingbot's own simulator, number for number.
import { expect, test } from 'vitest';
import { markExecutor } from '../../src/executors/executor-run.ts';
import { executorProfile } from '../../src/executors/fixes.ts';
import { simulatePosition } from '../../src/executors/position-executor.ts';
import {
  type ExecutorCase,
  HUMMINGBOT_CANDLES,
  oracleMarket,
  type PositionConfig,
  positionOrder,
  readCases,
} from './hummingbot-cases.ts';
import { countOracle, describeOracle } from './oracle.ts';

const FILE = 'hummingbot_position_executor.json.gz';
const CASES = 260;

describeOracle('hummingbot position executors', [`oracles/hummingbot/${FILE}`, ...HUMMINGBOT_CANDLES], CASES, () => {
  test('all cases are bit-equal', () => {
    const { fixes } = executorProfile('hummingbot');
    const cases = readCases<ExecutorCase<PositionConfig>>(FILE);
    expect(cases.length).toBe(CASES);
    for (const { id, window, config, trade_cost, expected } of cases) {
      const market = oracleMarket(window);
      const run = simulatePosition(market, 0, positionOrder(config), trade_cost, fixes);
      const found = {
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
      };
      expect(expected, id).toMatchObject(found);
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
