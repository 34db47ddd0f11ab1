// Where two runs of one configuration differ, executor by executor, and which fixes make the difference.
import type { ExecutorRecord } from '../executors/executor-book.ts';
import { EXECUTOR_PROFILES, FIX_NAMES, type FixName } from '../executors/fixes.ts';
import type { ExecutorSummary } from '../executors/summary.ts';
import type { ControllerConfig } from './controller-config.ts';
import type { ControllerMarket } from './controller-market.ts';
import { type ControllerRun, type ControllerRunOptions, runController } from './run-controller.ts';

export interface ExecutorDiff {
  readonly kind: 'changed' | 'only-exact' | 'only-corrected';
  readonly createdMs: number;
  readonly isLong: boolean;
  readonly levelId: string | null;
  readonly exact: ExecutorRecord | null;
  readonly corrected: ExecutorRecord | null;
  /** P&L of the corrected executor less that of the exact one; a missing one counts as 0. Quote currency. */
  readonly netPnlQuoteChange: number;
  /** Fixes that change this executor when applied alone. Empty: only several together do, or earlier executors do. */
  readonly causes: readonly FixName[];
}

/** What one fix does alone to the exact run. */
export interface FixEffect {
  readonly fix: FixName;
  readonly executorsChanged: number;
  readonly netPnlQuoteChange: number;
}

export interface FigureDiff {
  readonly name: keyof ExecutorSummary;
  readonly exact: number;
  readonly corrected: number;
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

/** Runs both profiles and every fix alone, and compares them: about twenty runs. Errors: as runController. */
export function diffProfiles(
  market: ControllerMarket,
  config: ControllerConfig,
  options: Omit<ControllerRunOptions, 'fixes' | 'keepSeries'>,
): RunDiff {
  const exactFixes = EXECUTOR_PROFILES.hummingbot.fixes;
  const exact = runController(market, config, { ...options, fixes: exactFixes });
  const corrected = runController(market, config, {
    ...options,
    fixes: EXECUTOR_PROFILES['hummingbot-corrected'].fixes,
  });
  const alone = new Map<FixName, ControllerRun>();
  for (const fix of FIX_NAMES) {
    alone.set(fix, runController(market, config, { ...options, fixes: { ...exactFixes, [fix]: true } }));
  }
  return diffRuns(exact, corrected, alone);
}

/** Compares two runs. `alone` holds runs that differ from `exact` by one fix; without it no cause is named. */
export function diffRuns(
  exact: ControllerRun,
  corrected: ControllerRun,
  alone: ReadonlyMap<FixName, ControllerRun> = new Map(),
): RunDiff {
  const before = byKey(exact.executors);
  const after = byKey(corrected.executors);
  const changes = new Map<FixName, ReadonlySet<string>>();
  for (const [fix, run] of alone) changes.set(fix, new Set(differingKeys(before, byKey(run.executors))));
  const keys = differingKeys(before, after);
  const executors = keys
    .map((key) => diffExecutor(before.get(key) ?? null, after.get(key) ?? null, key, changes))
    .sort((a, b) => createdBar(a) - createdBar(b));
  return {
    executors,
    executorsSame: [...before.keys()].filter((key) => after.has(key)).length - executors.filter(isChanged).length,
    netPnlQuoteChange: corrected.summary.net_pnl_quote - exact.summary.net_pnl_quote,
    figures: diffFigures(exact.summary, corrected.summary),
    effects: effectsOf(exact, alone, changes),
  };
}

const isChanged = (diff: ExecutorDiff): boolean => diff.kind === 'changed';
const createdBar = (diff: ExecutorDiff): number => (diff.exact ?? diff.corrected)!.createdBar;

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
  exact: ExecutorRecord | null,
  corrected: ExecutorRecord | null,
  key: string,
  changes: ReadonlyMap<FixName, ReadonlySet<string>>,
): ExecutorDiff {
  const shown = (exact ?? corrected)!;
  return {
    kind: exact === null ? 'only-corrected' : corrected === null ? 'only-exact' : 'changed',
    createdMs: shown.createdMs,
    isLong: shown.isLong,
    levelId: shown.levelId,
    exact,
    corrected,
    netPnlQuoteChange: (corrected?.netPnlQuote ?? 0) - (exact?.netPnlQuote ?? 0),
    causes: [...changes].filter(([, keys]) => keys.has(key)).map(([fix]) => fix),
  };
}

function diffFigures(exact: ExecutorSummary, corrected: ExecutorSummary): readonly FigureDiff[] {
  const names = Object.keys(exact) as (keyof ExecutorSummary)[];
  return names.flatMap((name) => {
    const [before, after] = [exact[name], corrected[name]];
    if (typeof before !== 'number' || typeof after !== 'number' || Object.is(before, after)) return [];
    return [{ name, exact: before, corrected: after }];
  });
}

function effectsOf(
  exact: ControllerRun,
  alone: ReadonlyMap<FixName, ControllerRun>,
  changes: ReadonlyMap<FixName, ReadonlySet<string>>,
): readonly FixEffect[] {
  return [...alone]
    .map(([fix, run]) => ({
      fix,
      executorsChanged: changes.get(fix)!.size,
      netPnlQuoteChange: run.summary.net_pnl_quote - exact.summary.net_pnl_quote,
      figures: diffFigures(exact.summary, run.summary).length,
    }))
    .filter(({ executorsChanged, figures }) => executorsChanged > 0 || figures > 0)
    .sort((a, b) => Math.abs(b.netPnlQuoteChange) - Math.abs(a.netPnlQuoteChange))
    .map(({ fix, executorsChanged, netPnlQuoteChange }) => ({ fix, executorsChanged, netPnlQuoteChange }));
}
