// Progress of a sweep as plain data: enough to go on after a kill with at most one batch lost, and end in the same hash.

import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { hashJson, type Json } from '../core/hash.ts';
import type { RowDetail } from './detail.ts';
import type { KeptRow, Ranking, Stage } from './ranking.ts';
import type { SweepRequest } from './request.ts';
import { requestJson } from './result-hash.ts';
import type { SampledRows } from './row-sink.ts';
import type { VisitingOrder } from './variants.ts';
import type { Window } from './window.ts';

export interface SweepCheckpoint {
  /** What this is the progress of; a checkpoint of another sweep is refused. */
  readonly sweep: string;
  readonly stage: Stage;
  /** Base variants of the stage whose rows were taken, in the order of the stage. */
  readonly taken: number;
  /** The order in which base variants are visited; goes on whatever the budget of the next attempt. */
  readonly order: VisitingOrder;
  /** What the kept rows hold. */
  readonly detail: RowDetail;
  /** Variants scored so far, all stages together. */
  readonly scored: number;
  readonly kept: readonly KeptRow[];
  /** In stage B: the base variants that stage A kept. */
  readonly shortlist: readonly number[] | null;
  /** Rows of the last stage that were kept for a picture, in one part or several. */
  readonly sampled?: readonly SampledRows[] | undefined;
  /** Nothing of the stage is left, whatever `taken` says. */
  readonly stageIsOver?: boolean;
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

/** Where a sweep keeps its progress, and what writes it. */
export interface Checkpoint {
  readonly engineVersion: string;
  readonly port: CheckpointPort;
}

/** Progress of an earlier attempt at `sweep`, if there is any. Errors: REQUEST_INVALID when it is that of another one. */
export function loadProgress(port: CheckpointPort | undefined, sweep: () => string): SweepCheckpoint | undefined {
  const found = port?.load();
  if (found === undefined || found.sweep === sweep()) return found;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A checkpoint continues the sweep that wrote it: same engine, strategy, grid, settings and candles.',
    found: 'the checkpoint of another sweep.',
    todo: 'Choose another --checkpoint folder, or delete this one to start afresh.',
  });
}

/** A checkpoint is a durable write: progress of less time than this is not worth one … */
const SAVED_EVERY_MS = 200;
/** … nor of less than so many times what the last one took. */
const SAVED_EVERY_COSTS = 10;

export interface ProgressSaver {
  /** The rows of everything up to `taken` were offered to the ranking, and nothing beyond. */
  save(taken: number, scored: number): void;
  /** Saves what was too recent to be worth it before: at the end, or before rows beyond a gap are taken. */
  flush(): void;
}

/** Saves progress of one stage; `parts` are what does not change within it. */
export function createSaver(
  port: CheckpointPort | undefined,
  clock: Clock,
  ranking: Ranking,
  parts: () => Pick<SweepCheckpoint, 'sweep' | 'stage' | 'order' | 'detail' | 'shortlist' | 'sampled'>,
): ProgressSaver {
  let savedMs = Number.NEGATIVE_INFINITY;
  let costMs = 0;
  let unsaved: { readonly taken: number; readonly scored: number } | undefined;
  const flush = (): void => {
    if (unsaved === undefined) return;
    const startedMs = clock.monotonicMs();
    port?.save({ ...parts(), ...unsaved, kept: ranking.kept() });
    unsaved = undefined;
    savedMs = clock.monotonicMs();
    costMs = savedMs - startedMs;
  };
  return {
    save(taken, scored) {
      if (port === undefined) return;
      unsaved = { taken, scored };
      if (clock.monotonicMs() - savedMs >= Math.max(SAVED_EVERY_MS, SAVED_EVERY_COSTS * costMs)) flush();
    },
    flush,
  };
}
