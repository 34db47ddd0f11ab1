// Hummingbot's executor cases: how a case of the reference files becomes an order, and its candles.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { decimal } from '../../src/core/decimal.ts';
import { levelOfDecimal } from '../../src/executors/exact-level.ts';
import { createExecutorMarket, type ExecutorMarket } from '../../src/executors/executor-market.ts';
import type { TradingRules } from '../../src/executors/grid-levels.ts';
import type { PositionOrder, TripleBarrier } from '../../src/executors/position-order.ts';
import { type Candles, createCandles, sliceCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { readShared } from './oracle.ts';
import { readSharedColumns } from './shared-candles.ts';

export const HUMMINGBOT_CANDLES = [
  'data/crypto/binance_spot_BTCUSDT_1m_90d.csv.gz',
  'data/crypto/binance_spot_KITEUSDT_1m_2025.csv.gz',
];

export interface OracleWindow {
  readonly file: string;
  readonly start_index: number;
  readonly length: number;
  readonly sha256_close_f64le: string;
}

export interface Snapshot {
  readonly row: number;
  readonly is_trading: boolean;
  readonly net_pnl_pct: number;
  readonly net_pnl_quote: number;
  readonly cum_fees_quote: number;
  readonly filled_amount_quote: number;
  readonly current_position_average_price: number;
}

export interface ExecutorExpectation {
  readonly raises?: string;
  readonly close_type: string;
  readonly rows: number;
  readonly close_timestamp: number;
  readonly close_price: number;
  readonly fill_timestamp: number | null;
  readonly fill_price?: number | null;
  readonly net_pnl_pct: number;
  readonly net_pnl_quote: number;
  readonly cum_fees_quote: number;
  readonly filled_amount_quote: number;
  readonly current_position_average_price: number;
  readonly snapshots: readonly Snapshot[];
}

export interface ExecutorCase<Config> {
  readonly id: string;
  readonly window: OracleWindow;
  readonly config: Config;
  readonly trade_cost: number;
  readonly expected: ExecutorExpectation;
}

export interface PositionConfig {
  readonly side: 'BUY' | 'SELL';
  readonly amount: string;
  readonly entry_price: string;
  readonly open_order_type: string;
  readonly stop_loss: string | null;
  readonly take_profit: string | null;
  readonly time_limit: number | null;
  readonly trailing_stop: readonly [string, string] | null;
}

export const readCases = <Case>(file: string): readonly Case[] =>
  (JSON.parse(readShared(`oracles/hummingbot/${file}`)) as { cases: readonly Case[] }).cases;

const files = new Map<string, Candles>();

/** The candles of a case; the hash proves that the right rows were read. */
export function oracleCandles(window: OracleWindow): Candles {
  let all = files.get(window.file);
  if (all === undefined) {
    all = createCandles(parseTimeframe('1m'), readSharedColumns(`data/${window.file}`));
    files.set(window.file, all);
  }
  const candles = sliceCandles(all, window.start_index, window.start_index + window.length);
  const bytes = new Uint8Array(candles.close.buffer, candles.close.byteOffset, candles.close.byteLength);
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (hash !== window.sha256_close_f64le) throw new Error(`candles of ${window.file} differ`);
  return candles;
}

export const oracleMarket = (window: OracleWindow): ExecutorMarket => createExecutorMarket(oracleCandles(window));

export function tripleBarrier(config: {
  readonly stop_loss?: string | null;
  readonly take_profit?: string | null;
  readonly time_limit?: number | null;
  readonly trailing_stop?: readonly [string, string] | null;
}): TripleBarrier {
  const trailing = config.trailing_stop ?? null;
  return {
    stopLoss: config.stop_loss == null ? null : Number(config.stop_loss),
    takeProfit: config.take_profit == null ? null : levelOfDecimal(decimal(config.take_profit)),
    timeLimitMs: (config.time_limit ?? 0) * 1000,
    trailing:
      trailing === null ? null : { activation: levelOfDecimal(decimal(trailing[0])), delta: Number(trailing[1]) },
  };
}

export const positionOrder = (config: PositionConfig): PositionOrder => ({
  isLong: config.side === 'BUY',
  levelId: null,
  amount: Number(config.amount),
  entry: config.open_order_type === 'MARKET' ? 'market' : 'limit',
  price: levelOfDecimal(decimal(config.entry_price)),
  barrier: tripleBarrier(config),
});

export interface OracleRules {
  readonly min_notional_size: string;
  readonly min_base_amount_increment: string;
  readonly min_price_increment: string;
}

export const oracleRules = (rules: OracleRules | null): TradingRules | null =>
  rules === null
    ? null
    : {
        minNotionalSize: decimal(rules.min_notional_size),
        minBaseAmountIncrement: decimal(rules.min_base_amount_increment),
        minPriceIncrement: decimal(rules.min_price_increment),
      };

export type OracleResults = Readonly<Record<string, unknown>>;

/** Counts and close types exactly, amounts within `tolerance` relative (absolute below 1e-3). */
export function expectResults(found: object, expected: OracleResults, tolerance: number, id: string): void {
  expect(Object.keys(found).sort(), id).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(found)) {
    const wanted = expected[name];
    if (typeof value !== 'number' || typeof wanted !== 'number') expect(value, `${id} ${name}`).toEqual(wanted);
    else expectNear(value, wanted, tolerance, `${id} ${name}`);
  }
}

export function expectNear(found: number, expected: number, tolerance: number, what: string): void {
  if (Object.is(found, expected)) return;
  const error = Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-3);
  expect(error, `${what}: ${found} against ${expected}`).toBeLessThanOrEqual(tolerance);
}
