// Runs one back-test on the scalar kernels with its trades and equity recorded, in the terms of the normative engine.
import { Arena } from '../../src/kernels/arena.ts';
import { EXIT_REASONS } from '../../src/kernels/exit-reasons.ts';
import type { MarketTables } from '../../src/kernels/kernels.ts';
import { marketTileBytes } from '../../src/kernels/market-tables.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import {
  CLOSED_TRADES,
  OPEN_TRADES,
  TRADE_CELLS,
  TRADE_ENTRY_BAR,
  TRADE_ENTRY_PRICE,
  TRADE_EXIT_BAR,
  TRADE_EXIT_PRICE,
  TRADE_FEES,
  TRADE_PNL,
  TRADE_REASON,
  TRADE_RETURN,
  TRADE_SIDE,
  TRADE_SIZE,
  WALK_CELLS,
  WALK_SETTINGS,
} from '../../src/kernels/walk-layout.ts';
import type { Trade } from '../../src/metrics/trade.ts';
import type { SimulationInput } from '../../src/simulate/simulation.ts';
import { writeWalkSettings } from '../../src/sweep/fast-settings.ts';
import { wholeMarket } from '../twins/whole-market.ts';
import { packFlags, settleEvents } from './event-bitmaps.ts';

export interface RecordedWalk {
  readonly sums: Float64Array;
  readonly market: MarketTables;
  readonly equity: Float64Array;
  readonly trades: readonly Trade[];
}

/** `stepBars` cuts the walk; the outcome must not depend on it. */
export function recordedWalk({ candles, signals, settings }: SimulationInput, stepBars: number): RecordedWalk {
  const { barCount } = candles;
  const words = Math.ceil(barCount / 32);
  const arena = new Arena(new SharedArrayBuffer(marketTileBytes(barCount) + 4 * (4 * words + 64) + 2048));
  const market = wholeMarket(arena, candles);
  const bitmap = (): Uint32Array => arena.uint32('events', words);
  const events = { enterLong: bitmap(), exitLong: bitmap(), enterShort: bitmap(), exitShort: bitmap() };
  packFlags(events, signals);
  settleEvents(events, events, settings.direction, settings.profile.ruleBook);
  const walkSettings = arena.float64('walk', WALK_SETTINGS);
  writeWalkSettings(walkSettings, settings);
  const sums = arena.float64('walk', WALK_CELLS);
  const equity = new Float64Array(barCount);
  const trades = new Float64Array(TRADE_CELLS * (2 * barCount + 4));
  const input = { market, ...events, settings: walkSettings, sums, record: { equity, trades } };
  SCALAR_KERNELS.beginWalk(input);
  for (let to = stepBars; to < barCount; to += stepBars) SCALAR_KERNELS.walkTo(input, to);
  SCALAR_KERNELS.walkTo(input, barCount);
  SCALAR_KERNELS.endWalk(input);
  const count = sums[CLOSED_TRADES]! + sums[OPEN_TRADES]!;
  return {
    sums,
    market,
    equity,
    trades: Array.from({ length: count }, (_, i) => tradeAt(trades.subarray(i * TRADE_CELLS, (i + 1) * TRADE_CELLS))),
  };
}

function tradeAt(cells: Float64Array): Trade {
  return {
    side: cells[TRADE_SIDE] === 1 ? 'long' : 'short',
    entryBar: cells[TRADE_ENTRY_BAR]!,
    entryPrice: cells[TRADE_ENTRY_PRICE]!,
    exitBar: cells[TRADE_EXIT_BAR]!,
    exitPrice: cells[TRADE_EXIT_PRICE]!,
    size: cells[TRADE_SIZE]!,
    fees: cells[TRADE_FEES]!,
    pnl: cells[TRADE_PNL]!,
    return: cells[TRADE_RETURN]!,
    exitReason: EXIT_REASONS[cells[TRADE_REASON]!]!,
  };
}
