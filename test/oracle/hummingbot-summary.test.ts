// The summary of the profile `hummingbot` equals Hummingbot's own, for executors and left-over positions.
import { expect, test } from 'vitest';
import type { CloseType } from '../../src/executors/executor-run.ts';
import { executorProfile } from '../../src/executors/fixes.ts';
import { addToHold, createHold, summarizeHold } from '../../src/executors/position-hold.ts';
import { type SummaryInput, summarizeExecutors } from '../../src/executors/summary.ts';
import { expectNear, expectResults, type OracleResults, readCases } from './hummingbot-cases.ts';
import { countOracle, describeOracle } from './oracle.ts';

const FILE = 'hummingbot_summary.json';
const CASES = 14;

interface SummaryCase {
  readonly id: string;
  readonly executors: readonly {
    readonly side: string;
    readonly close_type: CloseType;
    readonly net_pnl_quote: number;
    readonly cum_fees_quote: number;
    readonly filled_amount_quote: number;
  }[];
  readonly total_amount_quote: string;
  readonly pnl_timeseries_total: readonly number[] | null;
  readonly position_hold: {
    readonly orders: readonly {
      readonly side: string;
      readonly filled_amount_quote: number;
      readonly entry_price: number;
      readonly cum_fees_quote: number;
    }[];
    readonly final_price: number;
    readonly expected: {
      readonly net_amount_base: number;
      readonly avg_entry_price: number;
      readonly realized_pnl_quote: number;
      readonly unrealized_pnl_quote: number;
      readonly cum_fees_quote: number;
      readonly volume_traded_quote: number;
    };
  } | null;
  readonly expected: OracleResults;
}

function holdOf(hold: SummaryCase['position_hold']): SummaryInput['hold'] {
  if (hold === null) return null;
  const book = createHold();
  for (const { side, filled_amount_quote, entry_price, cum_fees_quote } of hold.orders) {
    const isLong = side === 'BUY';
    addToHold(book, { isLong, filledQuote: filled_amount_quote, price: entry_price, feesQuote: cum_fees_quote });
  }
  const summary = summarizeHold(book, hold.final_price);
  const { expected } = hold;
  const near = (value: number, wanted: number) => expectNear(value, wanted, 1e-15, 'hold');
  near(summary.amountBase * (summary.isLong ? 1 : -1), expected.net_amount_base);
  near(summary.averagePrice, expected.avg_entry_price);
  near(summary.realizedPnlQuote, expected.realized_pnl_quote);
  near(summary.unrealizedPnlQuote, expected.unrealized_pnl_quote);
  near(summary.feesQuote, expected.cum_fees_quote);
  near(summary.volumeQuote, expected.volume_traded_quote);
  return summary;
}

describeOracle('hummingbot summaries', [`oracles/hummingbot/${FILE}`], CASES, () => {
  test('all cases are equal, and those that fail there are refused here', () => {
    const { fixes } = executorProfile('hummingbot');
    const cases = readCases<SummaryCase>(FILE);
    expect(cases.length).toBe(CASES);
    for (const { id, executors, total_amount_quote, pnl_timeseries_total, position_hold, expected } of cases) {
      const summarize = () =>
        summarizeExecutors({
          executors: executors.map((executor) => ({
            isLong: executor.side === 'BUY',
            closeType: executor.close_type,
            netPnlQuote: executor.net_pnl_quote,
            feesQuote: executor.cum_fees_quote,
            filledQuote: executor.filled_amount_quote,
          })),
          totalAmountQuote: Number(total_amount_quote),
          pnl: pnl_timeseries_total === null ? null : Float64Array.from(pnl_timeseries_total),
          hold: holdOf(position_hold),
          barsPerYear: 525_600,
          fixes,
        });
      if ('raises' in expected) expect(summarize, id).toThrow(/P&L series/);
      else expectResults(summarize(), expected, 1e-12, id);
      countOracle(1);
    }
  });
});
