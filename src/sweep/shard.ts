// Parts of a sweep as plain data: what a shard scores, and what it hands in.
import type { SweepCheckpoint } from './checkpoint.ts';
import type { Stage } from './ranking.ts';
import type { EngineName, SweepOutcome } from './request.ts';

/** Points of the grid from `from` to before `to`; of a random search, places in the order drawn. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Base variants in it, where they were counted. */
  readonly count?: number;
}

/** What shards are cut from: the base variants of one stage, all of which must be scored before anything follows. */
export interface SweepRound {
  readonly stage: Stage;
  /** Whether its rows are those that are ranked. */
  readonly isLast: boolean;
  /** Of a stage B that has a stage A before it: what that kept, ascending. Stretches are places in this list. */
  readonly shortlist?: readonly number[];
}

/** A part of a sweep, as plain data. Its result does not depend on where, when or beside what it is scored. */
export interface SweepShard extends Stretch {
  readonly stage: Stage;
  readonly isLast: boolean;
  /** Of a stage B after a stage A: the base variants themselves. */
  readonly bases?: readonly number[];
  /** Of the whole sweep: its identity, and its counts as OpenedSweep has them, so that no shard counts again. */
  readonly whole: { readonly sweep: string; readonly bases?: number; readonly selected?: number };
}

/** What a shard hands in: where a sweep of nothing but this shard has got to at its end. */
export interface ShardResult {
  readonly stage: Stage;
  readonly isLast: boolean;
  readonly from: number;
  readonly to: number;
  readonly progress: SweepCheckpoint;
  /** All shards of a sweep are scored by the same. */
  readonly engine: EngineName;
  readonly cost: SweepCost;
  /** What the user should know about how it was scored. */
  readonly notes: readonly string[];
}

/** What scoring took. */
export type SweepCost = Pick<
  SweepOutcome['plan'],
  'bytesActual' | 'columnsComputed' | 'sharedTrades' | 'singleTrades' | 'columnCacheHitRate' | 'usefulShare'
> & { readonly elapsedMs: number };
