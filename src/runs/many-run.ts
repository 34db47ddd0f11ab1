// One sweep over many markets and windows from its cells to a result record.
import { createPoolScorer } from '../pool/pool-scorer.ts';
import { cellName } from '../sweep/many-cells.ts';
import { manyResultHash } from '../sweep/many-hash.ts';
import type { HandedInStage } from '../sweep/many-pieces.ts';
import type { ManyCell, ManyOutcome, ManyProgress } from '../sweep/many-request.ts';
import { sweepMany } from '../sweep/many-sweep.ts';
import { warmUpNote } from './assumption-notes.ts';
import { controllerNotes } from './controller-notes.ts';
import { manyCells, type PreparedMany } from './many-prepare.ts';
import type { ManyRecord } from './many-record.ts';
import { scoresApart, strategyPlace } from './module-ref.ts';
import type { SweepLimits } from './sweep-host.ts';
import { executionJson, gridJson, type RunContext, strategyJson } from './sweep-run.ts';
import { spanText } from './window-list.ts';

export type ManyLimits = Pick<SweepLimits, 'stop' | 'budgetBytes' | 'workers' | 'onNote'>;

export interface FinishedMany {
  readonly record: ManyRecord;
  readonly outcome: ManyOutcome;
}

/** Errors: those of sweepMany. A sweep that is stopped early is no error: its record says so. */
export async function finishMany(
  prepared: PreparedMany,
  limits: ManyLimits & {
    readonly onProgress?: (progress: ManyProgress) => void;
    /** The first stage as shards have scored it. */
    readonly handedIn?: HandedInStage | undefined;
  },
  context: RunContext,
): Promise<FinishedMany> {
  const { request, grid } = prepared;
  const cells = manyCells(prepared);
  for (const text of [...controllerNotes(request.strategy, request), ...prepared.notes]) limits.onNote(text);
  const { onProgress, handedIn } = limits;
  const host = manyHost(prepared, limits, context);
  const outcome = await sweepMany(request, cells, {
    ...host,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(handedIn === undefined ? {} : { handedIn }),
  });
  if (outcome.stopped === undefined) {
    const shortest = cells.reduce((a, b) => (b.window.history.barCount < a.window.history.barCount ? b : a));
    const tooLong = warmUpNote(request, grid, shortest.window);
    if (tooLong !== undefined) limits.onNote(`${cellName(shortest)}: ${tooLong}`);
  }
  return { record: manyRecord(prepared, cells, outcome, context), outcome };
}

/** Who scores cells, all of them or some. */
export const manyHost = (
  { loadedStrategy }: Pick<PreparedMany, 'loadedStrategy'>,
  { stop, budgetBytes, workers, onNote }: ManyLimits,
  context: RunContext,
) => ({
  stop,
  clock: context.clock,
  budgetBytes,
  workers,
  apart: scoresApart(loadedStrategy),
  createScorer: createPoolScorer({ workers, ...strategyPlace(loadedStrategy, context), onNote: onceEach(onNote) }),
});

/** Every cell has a scorer of its own, and all of them would say the same. */
function onceEach(hear: (note: string) => void): (note: string) => void {
  const heard = new Set<string>();
  return (text) => {
    if (heard.has(text)) return;
    heard.add(text);
    hear(text);
  };
}

function manyRecord(
  prepared: PreparedMany,
  cells: readonly ManyCell[],
  outcome: ManyOutcome,
  context: RunContext,
): ManyRecord {
  const { request, grid, loadedStrategy, policies, notes } = prepared;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    kind: 'gridmill-sweep-many',
    engineVersion: context.engineVersion,
    createdAt: iso(context.clock.wallMs()),
    profile: request.profile.name,
    assumption: request.profile.assumption,
    strategy: strategyJson(loadedStrategy),
    execution: executionJson(request),
    grid: gridJson(request, grid),
    rankedBy: request.rank,
    across: request.across,
    timeframe: cells[0]!.window.history.timeframe,
    policies,
    notes,
    markets: prepared.markets.map(({ market, loaded }) => ({
      market,
      origin: loaded.origin,
      label: loaded.label,
      synthetic: loaded.synthetic,
      quality: loaded.quality,
      cells: cells.flatMap((cell, i) => (cell.market === market ? [i + 1] : [])),
      top: outcome.markets.find((one) => one.market === market)?.top ?? [],
    })),
    cells: prepared.cells.map(({ market, span, loadedWindow: { bounds, window } }, i) => ({
      cell: i + 1,
      market,
      window: spanText(span) === '..' ? '' : spanText(span),
      ...bounds,
      dataHash: window.dataHash,
      bars: window.candles.barCount,
      barsBefore: window.from,
      firstBar: iso(window.candles.time[0]!),
      lastBar: iso(window.candles.time[window.candles.barCount - 1]!),
      engine: outcome.engines[i]!,
      best: outcome.bestOfCell[i] ?? null,
    })),
    variants: outcome.variants,
    scored: outcome.scored,
    excluded: outcome.excluded,
    undefinedScores: outcome.undefinedScores,
    preselect: outcome.preselect,
    partial: outcome.stopped ?? null,
    elapsedMs: Math.round(outcome.elapsedMs),
    loadMs: Math.round(prepared.markets.reduce((sum, { loaded }) => sum + loaded.loadMs, 0)),
    resultHash: manyResultHash(context.engineVersion, request, cells, outcome),
    plan: outcome.plan,
    top: outcome.top,
  };
}
