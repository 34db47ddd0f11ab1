// Grows the six candle columns while rows arrive whose number is not known.
import { CANDLE_COLUMNS, type CandleColumn } from '../market/candles.ts';

const FIRST_ROWS = 16_384;

export class ColumnBuilder {
  /** In the order of CANDLE_COLUMNS; longer than `rows` while growing. Replaced when they grow: read it again after reserve. */
  columns: Float64Array[] = CANDLE_COLUMNS.map(() => new Float64Array(FIRST_ROWS));
  rows = 0;

  /** Makes room for one more row and answers its index. The caller writes it and then counts it in `rows`. */
  reserve(): number {
    if (this.rows === this.columns[0]!.length) {
      this.columns = this.columns.map((column) => {
        const grown = new Float64Array(column.length * 2);
        grown.set(column);
        return grown;
      });
    }
    return this.rows;
  }

  /** The finished columns, cut to length. */
  finish(): Record<CandleColumn, Float64Array> {
    const cut = (at: number): Float64Array => this.columns[at]!.slice(0, this.rows);
    return { time: cut(0), open: cut(1), high: cut(2), low: cut(3), close: cut(4), volume: cut(5) };
  }
}
