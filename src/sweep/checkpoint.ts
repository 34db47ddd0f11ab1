// Progress of a sweep as plain data: enough to go on after a kill with at most one batch lost, and end in the same hash.
import { hashJson, type Json } from '../core/hash.ts';
import type { KeptRow, Stage } from './ranking.ts';
import type { SweepRequest } from './request.ts';
import { requestJson } from './result-hash.ts';
import type { Window } from './window.ts';

export interface SweepCheckpoint {
  /** What this is the progress of; a checkpoint of another sweep is refused. */
  readonly sweep: string;
  readonly stage: Stage;
  /** Base variants of the stage whose rows were taken, in the order of the stage. */
  readonly taken: number;
  /** Variants scored so far, all stages together. */
  readonly scored: number;
  readonly kept: readonly KeptRow[];
  /** In stage B: the base variants that stage A kept. */
  readonly shortlist: readonly number[] | null;
}

/** Where progress goes; saved after each batch, before the next is taken. */
export interface CheckpointPort {
  load(): SweepCheckpoint | undefined;
  save(checkpoint: SweepCheckpoint): void;
  /** Called when the sweep is done: nothing is left to go on with. */
  clear(): void;
}

/** Identity of a sweep: everything its result is a function of, before it has any rows. */
export function sweepIdentity(engineVersion: string, request: SweepRequest, window: Window): string {
  const { dataHash, from, history } = window;
  const data: Json = { hash: dataHash, timeframe: history.timeframe, from, to: history.barCount };
  return hashJson({ engineVersion, request: requestJson(request), data });
}
