// Whole runs of the profile `hummingbot` equal those of Hummingbot's own back-test: executors, P&L series, results.
import { expect, test } from 'vitest';
import { barrierOf } from '../../src/controllers/controller.ts';
import { readControllerConfig } from '../../src/controllers/controller-config.ts';
import { type ControllerMarket, createControllerMarket } from '../../src/controllers/controller-market.ts';
import { openPosition, signalController } from '../../src/controllers/directional.ts';
import { type ControllerRun, runController, runLoop } from '../../src/controllers/run-controller.ts';
import { executorProfile } from '../../src/executors/fixes.ts';
import {
  expectNear,
  expectResults,
  HUMMINGBOT_CANDLES,
  type OracleResults,
  type OracleRules,
  type OracleWindow,
  oracleCandles,
  oracleRules,
  readCases,
} from './hummingbot-cases.ts';
import { countOracle, describeOracle } from './oracle.ts';

const FILE = 'hummingbot_engine.json.gz';
const CASES = 9;
/** Sums run in doubles here and in 28-digit decimals there. */
const TOLERANCE = 1e-12;

interface OracleExecutor {
  readonly type: string;
  readonly timestamp: number;
  readonly side: string;
  readonly level_id: string | null;
  readonly entry_price: string | null;
  readonly amount: number | null;
  readonly close_timestamp: number;
  readonly close_type: string;
  readonly net_pnl_pct: number;
  readonly net_pnl_quote: number;
  readonly cum_fees_quote: number;
  readonly filled_amount_quote: number;
}

interface EngineCase {
  readonly id: string;
  readonly window: OracleWindow;
  readonly controller: 'signal_list' | 'pmm_simple' | 'grid_strike';
  readonly trade_cost: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly trading_rules: OracleRules;
  readonly signals?: readonly (readonly [number, number])[];
  readonly signal_bar_timestamps?: string;
  readonly expected: {
    readonly results: OracleResults;
    readonly executors: readonly OracleExecutor[];
    readonly pnl_timeseries_length: number;
    readonly pnl_timeseries_every_50: readonly (readonly number[])[];
    readonly position_holds: readonly Readonly<Record<string, number>>[];
  };
}

const { fixes } = executorProfile('hummingbot');

/** A controller that is told its signals, with the barriers and limits of a directional configuration. */
function runSignals(market: ControllerMarket, given: EngineCase, isLean: boolean): ControllerRun {
  const config = readControllerConfig({ trailing_stop: null, ...given.config, controller_name: 'bollinger_v1' });
  if (config.controller_name !== 'bollinger_v1') throw new Error('a directional configuration');
  const bySecond = new Map(given.signals);
  const bucket = given.signal_bar_timestamps?.includes('5-minute') === true ? 300 : 1;
  const signal = Int8Array.from(market.executors.time, (ms) => {
    const second = ms / 1000;
    return bySecond.get(second - (second % bucket)) ?? 0;
  });
  const controller = signalController({ signal, firstBar: 0 }, config, openPosition(barrierOf(config)), fixes);
  return runLoop(market, controller, Number(given.config['total_amount_quote']), options(given, isLean));
}

/** `isLean`: as sweeps run it, without the parts of the P&L and without executors that never filled. */
const options = (given: EngineCase, isLean: boolean) => ({
  tradeCost: given.trade_cost,
  fixes,
  tradingRules: oracleRules(given.trading_rules),
  keepSeries: !isLean,
  keepUnfilled: !isLean,
});

function run(market: ControllerMarket, given: EngineCase, isLean = false): ControllerRun {
  if (given.controller === 'signal_list') return runSignals(market, given, isLean);
  const { triple_barrier, ...config } = given.config;
  const barrier = triple_barrier === undefined ? {} : { triple_barrier_config: triple_barrier };
  const checked = readControllerConfig({ ...config, ...barrier, controller_name: given.controller });
  return runController(market, checked, options(given, isLean));
}

function compareExecutors(found: ControllerRun, expected: readonly OracleExecutor[], id: string): void {
  expect(found.executors.length, id).toBe(expected.length);
  found.executors.forEach((executor, i) => {
    const wanted = expected[i]!;
    const what = `${id} executor ${i}`;
    expect(
      {
        type: executor.kind,
        timestamp: executor.createdMs / 1000,
        side: executor.isLong ? 'BUY' : 'SELL',
        level_id: executor.levelId,
        close_timestamp: executor.closeMs / 1000,
        close_type: executor.closeType,
      },
      what,
    ).toEqual({
      type: wanted.type,
      timestamp: wanted.timestamp,
      side: wanted.side,
      level_id: wanted.level_id,
      close_timestamp: wanted.close_timestamp,
      close_type: wanted.close_type,
    });
    if (wanted.entry_price !== null) expectNear(executor.entryPrice!, Number(wanted.entry_price), 0, `${what} price`);
    if (wanted.amount !== null) expectNear(executor.amount!, wanted.amount, TOLERANCE, `${what} amount`);
    expectNear(executor.netPnlPct, wanted.net_pnl_pct, TOLERANCE, `${what} pct`);
    expectNear(executor.netPnlQuote, wanted.net_pnl_quote, TOLERANCE, `${what} quote`);
    expectNear(executor.feesQuote, wanted.cum_fees_quote, TOLERANCE, `${what} fees`);
    expectNear(executor.filledQuote, wanted.filled_amount_quote, TOLERANCE, `${what} filled`);
  });
}

describeOracle('hummingbot engine runs', [`oracles/hummingbot/${FILE}`, ...HUMMINGBOT_CANDLES], CASES, () => {
  const cases = readCases<EngineCase>(FILE);
  test('there are nine runs', () => {
    expect(cases.length).toBe(CASES);
  });

  test.each(cases.map((given) => [given.id, given.controller, given] as const))('%s (%s) is equal', (id, _, given) => {
    const market = createControllerMarket(oracleCandles(given.window));
    const found = run(market, given);
    const { expected } = given;
    compareExecutors(found, expected.executors, id);
    expect(found.pnl.length).toBe(expected.pnl_timeseries_length);
    const series = found.series!;
    for (const [
      row,
      second,
      executor,
      realized,
      unrealized,
      total,
      active,
      volume,
    ] of expected.pnl_timeseries_every_50) {
      const what = `${id} row ${row}`;
      expect(market.executors.time[row!]! / 1000).toBe(second);
      expectNear(series.executorRealized[row!]!, executor!, TOLERANCE, `${what} executors`);
      expectNear(series.positionRealized[row!]!, realized!, TOLERANCE, `${what} realised`);
      expectNear(series.positionUnrealized[row!]!, unrealized!, TOLERANCE, `${what} unrealised`);
      expectNear(found.pnl[row!]!, total!, TOLERANCE, `${what} total`);
      expectNear(series.volume[row!]!, volume!, TOLERANCE, `${what} volume`);
      expect(series.active[row!], what).toBe(active);
    }
    expectResults(found.summary, expected.results, TOLERANCE, id);
    const lean = run(market, given, true);
    expect(lean.pnl, `${id} as sweeps run it`).toEqual(found.pnl);
    expect(lean.summary).toEqual(found.summary);
    expect(expected.position_holds.length).toBe(found.hold === null ? 0 : 1);
    if (found.hold !== null) {
      const hold = expected.position_holds[0]!;
      expect(found.hold.sources).toBe(hold['sources']);
      expectNear(found.hold.amountBase * (found.hold.isLong ? 1 : -1), hold['net_amount_base']!, TOLERANCE, id);
      expectNear(found.hold.averagePrice, hold['avg_entry_price']!, TOLERANCE, id);
      expectNear(found.hold.realizedPnlQuote, hold['realized_pnl_quote']!, TOLERANCE, id);
      expectNear(found.hold.feesQuote, hold['cum_fees_quote']!, TOLERANCE, id);
      expectNear(found.hold.volumeQuote, hold['volume_traded_quote']!, TOLERANCE, id);
    }
    countOracle(1);
  });
});
