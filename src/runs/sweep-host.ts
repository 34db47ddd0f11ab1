// Who scores a sweep, and where its rows and its progress go: the same for a whole one, a shard, and a merge.
import type { StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import type { Json } from '../core/hash.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { createPoolScorer } from '../pool/pool-scorer.ts';
import { REPORT_LIMITS } from '../report/report-data.ts';
import { openCheckpointFile } from '../store/checkpoint-file.ts';
import type { CheckpointPort, SweepCheckpoint } from '../sweep/checkpoint.ts';
import { barriersAt, type Grid, parametersAt } from '../sweep/grid.ts';
import type { PlanHost } from '../sweep/open-sweep.ts';
import type { SweepProgress, SweepRequest } from '../sweep/request.ts';
import type { SampledRows } from '../sweep/row-sink.ts';
import type { SweepHost } from '../sweep/run-sweep.ts';
import type { SweepShard } from '../sweep/shard.ts';
import type { MergedShards } from '../sweep/shard-merge.ts';
import { type Isolation, scoresApart, strategyPlace } from './module-ref.ts';
import { RowColumns } from './row-columns.ts';
import type { LoadedWindow } from './window-selection.ts';

export interface SweepLimits {
  readonly stop: StopToken;
  readonly budgetBytes?: number | undefined;
  /** Resident bytes of this process when its candles are loaded. */
  readonly residentBytes?: number;
  /** Scoring threads. */
  readonly workers: number;
  /** Hears what the user should know about how it was scored. */
  readonly onNote: (note: string) => void;
  readonly onProgress?: ((progress: SweepProgress) => void) | undefined;
  /** A folder that keeps progress, and goes on from the progress kept there. */
  readonly checkpointFolder?: string | undefined;
  /** Leaves that folder as it is when all is done; for whoever must hand in the result first. */
  readonly keepCheckpoint?: boolean;
  /** Keep every scored row, for --all-results. */
  readonly keepAllRows: boolean;
  /** Scores this shard only. */
  readonly shard?: SweepShard;
  /** Goes on from what shards have scored. */
  readonly merged?: MergedShards;
}

interface HostedSweep {
  readonly request: SweepRequest;
  readonly grid: Grid;
  readonly loadedStrategy: LoadedStrategy;
  readonly loadedWindow: LoadedWindow;
}

interface HostContext {
  readonly storeRoot: string;
  readonly isolate?: Isolation;
  readonly engineVersion: string;
  readonly clock: Clock;
  readonly peakBytes?: () => number;
}

export function sweepHost(
  { request, grid, loadedWindow, loadedStrategy }: HostedSweep,
  rows: RowColumns,
  limits: SweepLimits,
  context: HostContext,
): SweepHost {
  const { workers, onNote, shard } = limits;
  const port = checkpointPort(limits);
  return {
    window: loadedWindow.window,
    stop: limits.stop,
    clock: context.clock,
    onProgress: limits.onProgress,
    ...(limits.keepAllRows
      ? { onRow: (row) => rows.push(row) }
      : {
          rowSample: {
            most: REPORT_LIMITS.gridRowsMax,
            onRow: (row, every, point) => rows.push(row, every, point),
            ...(shard === undefined && limits.merged === undefined ? {} : { kept: keptSample(request, grid, rows) }),
          },
        }),
    budgetBytes: limits.budgetBytes,
    residentBytes: limits.residentBytes,
    hostBytes: hostBytes(grid, limits.keepAllRows),
    peakBytes: context.peakBytes,
    workers,
    shard,
    apart: scoresApart(loadedStrategy),
    checkpoint: port === undefined ? undefined : { engineVersion: context.engineVersion, port },
    createScorer: createPoolScorer({ workers, ...strategyPlace(loadedStrategy, context), onNote }),
  };
}

/** For the heatmap, or for --all-results. */
export const rowColumns = (grid: Grid, keepsAllRows: boolean): RowColumns =>
  new RowColumns(grid, axisNames(grid), keepsAllRows ? undefined : REPORT_LIMITS.gridRowsMax);

const axisNames = (grid: Grid): string[] => grid.axes.map((axis) => axis.name);

/** What a sweep is planned for, where no rows but those of the heatmap are kept. */
export const planHost = (
  { grid, loadedWindow, loadedStrategy }: Pick<HostedSweep, 'grid' | 'loadedWindow' | 'loadedStrategy'>,
  { workers, budgetBytes }: { readonly workers: number; readonly budgetBytes?: number | undefined },
  residentBytes: number,
  { peakBytes }: Pick<HostContext, 'peakBytes'>,
): PlanHost => ({
  window: loadedWindow.window,
  workers,
  budgetBytes,
  residentBytes,
  peakBytes,
  hostBytes: hostBytes(grid, false),
  apart: scoresApart(loadedStrategy),
});

/** Bytes of the rows that are kept for the heatmap, or for --all-results, out of so many. */
export const hostBytes =
  (grid: Grid, keepsAllRows: boolean) =>
  (rows: number): number =>
    RowColumns.bytesOf(rows, axisNames(grid), keepsAllRows ? undefined : REPORT_LIMITS.gridRowsMax);

function keptSample({ rank }: SweepRequest, grid: Grid, rows: RowColumns) {
  const at = (point: number) => {
    const risk = point % grid.riskPoints;
    return { params: parametersAt(grid, (point - risk) / grid.riskPoints), risk: barriersAt(grid, risk) };
  };
  return { save: () => rows.save(rank), restore: (saved: SampledRows) => rows.restore(saved, at) };
}

/** What was saved here goes before what shards have scored: it began there. */
function checkpointPort({ checkpointFolder, keepCheckpoint, merged }: SweepLimits): CheckpointPort | undefined {
  if (checkpointFolder === undefined && merged === undefined) return undefined;
  const file = checkpointFolder === undefined ? undefined : openCheckpointFile(checkpointFolder);
  return {
    load: () => (file?.load() as SweepCheckpoint | undefined) ?? merged?.checkpoint,
    save: (checkpoint) => file?.save(checkpoint as unknown as Json),
    clear: () => (keepCheckpoint === true ? undefined : file?.clear()),
  };
}
