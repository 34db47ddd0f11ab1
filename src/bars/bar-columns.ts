// The columns that bar strategies read, behind one port: who computes and keeps them is not the engine's business.
import type { CandleSeries, Flags, Series } from '../strategy/bar-context.ts';
import { type Column, type Condition, candles, on } from '../strategy/expression.ts';
import { BarFlags, BarSeries, ClosedSeries, type Cursor } from './series.ts';

/** Values of a column on the bars of its timeframe; `closedAt` tells, per bar, the last of them that has closed. */
export interface ColumnValues {
  readonly values: Float64Array;
  /** Undefined for the timeframe the strategy runs on. */
  readonly closedAt: Int32Array | undefined;
}

/** Values over the whole history. What it gives stays as it is until the next run begins. */
export interface BarColumns {
  column(column: Column): ColumnValues;
  condition(condition: Condition): Uint8Array;
  /** Open times of the candles of a timeframe; "base" is the strategy's own. */
  times(timeframe: string): ColumnValues;
}

/** Makes the readers of one run. */
export class SeriesMaker {
  private readonly columns: BarColumns;
  private readonly cursor: Cursor;

  constructor(columns: BarColumns, cursor: Cursor) {
    this.columns = columns;
    this.cursor = cursor;
  }

  readonly column = (column: Column): Series => this.series(this.columns.column(column));

  readonly condition = (condition: Condition): Flags => new BarFlags(this.columns.condition(condition), this.cursor);

  readonly higher = (timeframe: string): CandleSeries => this.candlesOf(on(timeframe), timeframe);

  base(): CandleSeries {
    return this.candlesOf(candles, 'base');
  }

  private candlesOf(of: ReturnType<typeof on>, timeframe: string): CandleSeries {
    return Object.freeze({
      time: this.series(this.columns.times(timeframe)),
      open: this.column(of.open),
      high: this.column(of.high),
      low: this.column(of.low),
      close: this.column(of.close),
      volume: this.column(of.volume),
    });
  }

  private series({ values, closedAt }: ColumnValues): Series {
    return closedAt === undefined
      ? new BarSeries(values, this.cursor)
      : new ClosedSeries(values, closedAt, this.cursor);
  }
}
