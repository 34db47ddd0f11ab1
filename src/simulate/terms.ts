// The terms of trading: direction, costs, sizing and barriers.

export type Direction = 'long' | 'short' | 'both';

export interface Costs {
  /** Share of notional per fill (0.001 = 10 bps). */
  readonly feeRate: number;
  /** Quote currency per fill. */
  readonly fixedFee: number;
  /** Adverse move of the fill price, as a fraction. */
  readonly slippage: number;
}

export type SizingKind = 'equity-fraction' | 'fixed-notional' | 'fixed-units';

export interface Sizing {
  readonly kind: SizingKind;
  /** Fraction of equity, quote currency, or units, by kind. */
  readonly value: number;
  /** Sizes are rounded down to a multiple of this; 0 = any size. */
  readonly sizeStep: number;
  readonly minSize: number;
  readonly minNotional: number;
}

/** The four barriers as fractions of the entry reference price and a bar count; undefined = off. */
export interface Barriers {
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  readonly trailingStop?: number;
  /** Bars after entry, >= 1. */
  readonly timeLimit?: number;
}
