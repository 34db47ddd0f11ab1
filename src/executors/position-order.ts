// What a position executor is told: side, amount, entry and its barriers.
import type { ExactLevel } from './exact-level.ts';

/** Barriers as fractions of the entry price. `null` and 0 mean that there is none. */
export interface TripleBarrier {
  readonly stopLoss: number | null;
  readonly takeProfit: ExactLevel | null;
  /** Milliseconds from creation; 0 is none. */
  readonly timeLimitMs: number;
  readonly trailing: { readonly activation: ExactLevel; readonly delta: number } | null;
}

export interface PositionOrder {
  readonly isLong: boolean;
  readonly levelId: string | null;
  /** Base units. */
  readonly amount: number;
  readonly entry: 'market' | 'limit';
  /** The limit; for market entries only the price that is reported. */
  readonly price: ExactLevel;
  readonly barrier: TripleBarrier;
  /** Who made it stops it when nothing filled up to this bar: the corrected executor looks at no later one. */
  readonly fillBy?: number;
}
