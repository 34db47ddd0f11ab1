// Where two runs of one configuration differ, executor by executor, and which fixes make the difference.
import { isAppError } from '../core/errors.ts';
import type { ExecutorRecord } from '../executors/executor-book.ts';
import { EXECUTOR_PROFILES, FIX_NAMES, type Fixes, type FixName } from '../executors/fixes.ts';
import type { ExecutorSummary } from '../executors/summary.ts';
import type { ControllerConfig } from './controller-config.ts';
import type { ControllerMarket } from './controller-market.ts';
import { type ControllerRun, type ControllerRunOptions, runController } from './run-controller.ts';

export interface ExecutorDiff {
  readonly kind: 'changed' | 'only-a' | 'only-b';
  readonly createdMs: number;
  readonly isLong: boolean;
  readonly levelId: string | null;
  readonly a: ExecutorRecord | null;
  readonly b: ExecutorRecord | null;
  /** P&L under `b` less that under `a`; a missing executor counts as 0. Quote currency. */
  readonly netPnlQuoteChange: number;
  /** Fixes that change this executor when applied alone. Empty: only several together do, or earlier executors do. */
  readonly causes: readonly FixName[];
}

/** What one fix does alone to the run under `a`. */
export interface FixEffect {
  readonly fix: FixName;
  readonly executorsChanged: number;
  readonly netPnlQuoteChange: number;
}

export interface FigureDiff {
  readonly name: keyof ExecutorSummary;
  readonly a: number;
  readonly b: number;
}

export interface RunDiff {
  /** Executors that differ, in order of creation. */
  readonly executors: readonly ExecutorDiff[];
  readonly executorsSame: number;
  readonly netPnlQuoteChange: number;
  /** Result figures that differ. */
  readonly figures: readonly FigureDiff[];
  /** Fixes that change something, the largest change of P&L first. */
  readonly effects: readonly FixEffect[];
}

/** Two choices of fixes; the exact profile and the corrected one when left out. */
export interface ComparedFixes {
  readonly a?: Fixes;
  readonly b?: Fixes;
}

export interface ComparedRuns extends RunDiff {
  readonly a: ControllerRun;
  readonly b: ControllerRun;
}

/**
 * Runs under `a`, under `b`, and under `a` with each fix in which they differ alone: about twenty runs. `onRun` hears how
 * many are done. Errors: as runController.
 */
export function diffProfiles(
  market: ControllerMarket,
  config: ControllerConfig,
  options: Omit<ControllerRunOptions, 'fixes' | 'keepSeries'>,
  compared: ComparedFixes = {},
  onRun?: (done: number, all: number) => void,
): ComparedRuns {
  const from = compared.a ?? EXECUTOR_PROFILES.hummingbot.fixes;
  const to = compared.b ?? EXECUTOR_PROFILES['hummingbot-corrected'].fixes;
  const differing = FIX_NAMES.filter((fix) => from[fix] !== to[fix]);
  const all = differing.length + 2;
  let done = 0;
  const run = (fixes: Fixes): ControllerRun => {
    const finished = runController(market, config, { ...options, fixes });
    onRun?.(++done, all);
    return finished;
  };
  const a = run(from);
  const b = run(to);
  const alone: FixAlone[] = [];
  for (const fix of differing) {
    const one = runAlone(() => run({ ...from, [fix]: to[fix] }));
    if (one !== undefined) alone.push(fixAlone(fix, a, one));
  }
  return { ...diffRuns(a, b, alone), a, b };
}

/** What a run with one fix alone tells, without the run: a hundred thousand executors would be held twenty times. */
export interface FixAlone extends FixEffect {
  /** The executors that it changes, by their keys. */
  readonly keys: ReadonlySet<string>;
  readonly figuresChanged: number;
}

/** `run` differs from the run `a` by one fix. */
export function fixAlone(fix: FixName, a: ControllerRun, run: ControllerRun): FixAlone {
  const keys = new Set(differingKeys(byKey(a.executors), byKey(run.executors)));
  return {
    fix,
    keys,
    executorsChanged: keys.size,
    netPnlQuoteChange: run.summary.net_pnl_quote - a.summary.net_pnl_quote,
    figuresChanged: diffFigures(a.summary, run.summary).length,
  };
}

/** What Hummingbot itself cannot run with one fix alone says nothing about that fix. */
function runAlone(run: () => ControllerRun): ControllerRun | undefined {
  try {
    return run();
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** Compares two runs. `alone` tells what single fixes do to `a`; without it no cause is named. */
export function diffRuns(a: ControllerRun, b: ControllerRun, alone: readonly FixAlone[] = []): RunDiff {
  const before = byKey(a.executors);
  const after = byKey(b.executors);
  const executors = differingKeys(before, after)
    .map((key) => diffExecutor(before.get(key) ?? null, after.get(key) ?? null, key, alone))
    .sort((one, other) => createdBar(one) - createdBar(other));
  return {
    executors,
    executorsSame: [...before.keys()].filter((key) => after.has(key)).length - executors.filter(isChanged).length,
    netPnlQuoteChange: b.summary.net_pnl_quote - a.summary.net_pnl_quote,
    figures: diffFigures(a.summary, b.summary),
    effects: alone
      .filter(({ executorsChanged, figuresChanged }) => executorsChanged > 0 || figuresChanged > 0)
      .sort((one, other) => Math.abs(other.netPnlQuoteChange) - Math.abs(one.netPnlQuoteChange))
      .map(({ fix, executorsChanged, netPnlQuoteChange }) => ({ fix, executorsChanged, netPnlQuoteChange })),
  };
}

const isChanged = (diff: ExecutorDiff): boolean => diff.kind === 'changed';
const createdBar = (diff: ExecutorDiff): number => (diff.a ?? diff.b)!.createdBar;

/** Executors by bar of creation, side and level, numbered where these coincide. */
function byKey(executors: readonly ExecutorRecord[]): ReadonlyMap<string, ExecutorRecord> {
  const map = new Map<string, ExecutorRecord>();
  for (const executor of executors) {
    const key = `${executor.createdBar} ${executor.isLong ? 'long' : 'short'} ${executor.levelId ?? ''}`;
    let number = 0;
    while (map.has(`${key} ${number}`)) number++;
    map.set(`${key} ${number}`, executor);
  }
  return map;
}

function differingKeys(
  before: ReadonlyMap<string, ExecutorRecord>,
  after: ReadonlyMap<string, ExecutorRecord>,
): readonly string[] {
  const keys: string[] = [];
  for (const [key, executor] of before) if (!isSame(executor, after.get(key))) keys.push(key);
  for (const key of after.keys()) if (!before.has(key)) keys.push(key);
  return keys;
}

function isSame(a: ExecutorRecord, b: ExecutorRecord | undefined): boolean {
  if (b === undefined) return false;
  return (
    a.closeBar === b.closeBar &&
    a.closeType === b.closeType &&
    a.fillBar === b.fillBar &&
    a.netPnlQuote === b.netPnlQuote &&
    a.filledQuote === b.filledQuote
  );
}

function diffExecutor(
  a: ExecutorRecord | null,
  b: ExecutorRecord | null,
  key: string,
  alone: readonly FixAlone[],
): ExecutorDiff {
  const shown = (a ?? b)!;
  return {
    kind: a === null ? 'only-b' : b === null ? 'only-a' : 'changed',
    createdMs: shown.createdMs,
    isLong: shown.isLong,
    levelId: shown.levelId,
    a,
    b,
    netPnlQuoteChange: (b?.netPnlQuote ?? 0) - (a?.netPnlQuote ?? 0),
    causes: alone.filter(({ keys }) => keys.has(key)).map(({ fix }) => fix),
  };
}

function diffFigures(a: ExecutorSummary, b: ExecutorSummary): readonly FigureDiff[] {
  const names = Object.keys(a) as (keyof ExecutorSummary)[];
  return names.flatMap((name) => {
    const [before, after] = [a[name], b[name]];
    if (typeof before !== 'number' || typeof after !== 'number' || Object.is(before, after)) return [];
    return [{ name, a: before, b: after }];
  });
}
