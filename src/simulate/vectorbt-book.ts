// Order records of a run under vectorbt rules, and the equity and profit that peer rebuilds from them.
import { markEquity } from './equity.ts';
import type { Fill, Simulation } from './simulation.ts';
import { addSnapped } from './vectorbt-tolerance.ts';
import { exitTrades } from './vectorbt-trades.ts';

export class VectorbtBook {
  private readonly fills: Fill[] = [];
  private readonly initialCash: number;
  private readonly close: Float64Array;
  private readonly equity: Float64Array;
  private cash: number;
  private units = 0;
  /** Cash flow summed from 0 order by order: profit is this plus the marked position, another sum than equity. */
  private flow = 0;
  private marked = 0;
  private exposedBars = 0;

  constructor(initialCash: number, close: Float64Array, equity: Float64Array | undefined) {
    this.initialCash = initialCash;
    this.cash = initialCash;
    this.close = close;
    this.equity = equity ?? new Float64Array(close.length);
  }

  record(fill: Fill): void {
    this.markTo(fill.bar);
    const isBuy = fill.side === 'buy';
    const value = fill.size * fill.price;
    const flow = isBuy ? -(value + fill.fee) : value - fill.fee;
    this.cash = addSnapped(this.cash, addSnapped(0, flow));
    this.flow = addSnapped(this.flow, flow);
    this.units = addSnapped(this.units, isBuy ? fill.size : -fill.size);
    this.fills.push(fill);
  }

  finish(ambiguousBars: number, skippedOrders: number): Simulation {
    const { fills, close, equity } = this;
    const initialCash = this.initialCash;
    this.markTo(close.length);
    const lastBar = close.length - 1;
    const lastClose = lastBar < 0 ? Number.NaN : close[lastBar];
    const profit = fills.length === 0 ? 0 : this.flow + this.units * lastClose;
    return {
      fills,
      trades: exitTrades(fills, lastBar, lastClose),
      equity,
      finalEquity: profit + initialCash,
      totalReturn: profit / initialCash,
      exposedBars: this.exposedBars,
      ambiguousBars,
      skippedOrders,
      ruined: false,
    };
  }

  private markTo(bar: number): void {
    if (this.units !== 0) this.exposedBars += bar - this.marked;
    markEquity(this.equity, this.close, this.marked, bar, this.cash, this.units);
    this.marked = bar;
  }
}
