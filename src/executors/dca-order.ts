// What a DCA executor is told: stages, amounts and barriers.
import type { DoubleDouble } from '../core/double-double.ts';

/** Prices are those of the stages in order; amounts are in quote currency. Barriers are fractions of the break-even. */
export interface DcaOrder {
  readonly isLong: boolean;
  readonly levelId: string | null;
  readonly prices: readonly DoubleDouble[];
  readonly amounts: readonly DoubleDouble[];
  /** null and 0 mean that there is none. */
  readonly takeProfit: DoubleDouble | null;
  readonly stopLoss: DoubleDouble | null;
  readonly trailing: { readonly activation: DoubleDouble; readonly delta: DoubleDouble } | null;
  /** Milliseconds from creation; 0 is none. */
  readonly timeLimitMs: number;
  /** Who made it stops it when nothing filled up to this bar: the corrected executor looks at no later one. */
  readonly fillBy?: number;
}
