// From names to a study: strategy, markets, windows, objectives, and the request that all of them make.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { type Candles, firstBarAtOrAfter, sliceCandles } from '../market/candles.ts';
import { shareCandles } from '../market/shared-candles.ts';
import { metricObjective, type Objective, parseObjective } from '../optimise/objective.ts';
import { createSpace } from '../optimise/space.ts';
import type { Anchor, Mode, StudyCell, StudyRequest } from '../optimise/study.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { RiskAxes, Strategy } from '../strategy/strategy.ts';
import type { Across } from '../sweep/many-across.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import { checkProfile } from '../sweep/sweep-checks.ts';
import type { TrialCell } from '../trials/trial.ts';
import { withCalendarNote } from './assumption-notes.ts';
import { type LoadedCandles, loadCandles } from './candle-source.ts';
import { controllerNotes } from './controller-notes.ts';
import type { ExecutionSelection } from './execution-selection.ts';
import { checkTimeframes } from './many-prepare.ts';
import { marketNames } from './market-list.ts';
import { parseMetricName } from './metric-name.ts';
import { checkParameters } from './parameter-names.ts';
import { fittingIntervals, searchSpaceOf } from './search-space.ts';
import { strategyExecution } from './strategy-execution.ts';
import { studyWindows } from './study-windows.ts';
import { loadIsolated, type RunContext, withParameters } from './sweep-run.ts';
import { parseWhere } from './where-text.ts';
import { cutWindow, type LoadedWindow, type WindowSelection, windowBounds } from './window-selection.ts';

/** A study as it is asked for: plain data, so that it can be stored and taken up again. */
export interface StudySelection {
  /** A built-in name or a file. */
  readonly strategy: string;
  /** One text per market. */
  readonly markets: readonly string[];
  readonly window: Omit<WindowSelection, 'data'>;
  readonly days?: number;
  /** Share of the window, at its end, that the search does not see. */
  readonly holdout?: number;
  readonly execution: ExecutionSelection;
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly risk: RiskAxes;
  readonly mode: Mode;
  readonly seed: number;
  readonly trials?: number;
  readonly lag?: number;
  /** Expressions; without any, the metrics of `rank`. */
  readonly objectives: readonly string[];
  readonly rank: string;
  readonly where?: string;
  readonly across: Across;
  readonly patience?: number;
  readonly target?: number;
  readonly anchors: readonly Anchor[];
}

export interface StudyMarket {
  readonly market: string;
  readonly loaded: LoadedCandles;
  /** What is searched, and what is held out. */
  readonly search: LoadedWindow;
  readonly holdout?: LoadedWindow;
}

export interface PreparedStudy {
  readonly loadedStrategy: LoadedStrategy;
  readonly execution: ExecutionRequest;
  readonly request: StudyRequest;
  readonly policies: NonNullable<WindowSelection['policies']>;
  readonly markets: readonly StudyMarket[];
  /** Those of the request, rung by rung; then what is held out, one per market. */
  readonly cells: readonly TrialCell[];
  readonly notes: readonly string[];
}

export const DEFAULT_LAG = 64;
/** With few trials a long lag would leave most of them blind. */
const LAG_SHARE = 8;

/** What can be said of a study before anything is loaded. Errors: REQUEST_INVALID for what cannot be read. */
export function checkStudy(selection: Omit<StudySelection, 'anchors'>) {
  return {
    bounds: windowBounds(selection.window),
    objectives: objectivesOf(selection),
    where: selection.where === undefined ? [] : parseWhere(selection.where),
  };
}

/** Errors: those of loading; REQUEST_INVALID for what cannot be searched so, GRID_INVALID. */
export async function prepareStudy(
  selection: StudySelection,
  context: RunContext,
  onReading: (name: string, at: number) => void,
): Promise<PreparedStudy> {
  const { bounds, objectives, where } = checkStudy(selection);
  const trials = trialsOf(selection);
  const named = selection.parameters;
  const asWritten = await loadIsolated(selection.strategy, named, context);
  const searched = searchSpaceOf(asWritten.strategy, named);
  const loadedStrategy = withParameters(asWritten, Object.keys(searched));
  const { strategy, strategyHash } = loadedStrategy;
  checkParameters(strategy, named);
  const axes = { parameters: searched, risk: selection.risk };
  const execution = await strategyExecution(selection.execution, strategy, axes, context);
  checkProfile({ ...execution, strategy });
  const read = await readMarkets(selection, context, bounds, onReading);
  const parameters = fittingIntervals(searched, named, read[0]!.loaded.candles.timeframe);
  const space = createSpace({ strategy, arithmetic: execution.profile.arithmetic, parameters, risk: selection.risk });
  const windows = studyWindows(
    read.map(({ loaded }) => loaded.candles),
    bounds,
    { ...selection, discovers: selection.mode === 'discovery' },
  );
  const markets = read.map(({ market, loaded }): StudyMarket => {
    const search = withCalendarNote(cutWindow(loaded, windows.search), execution.calendar);
    return {
      market,
      loaded: search.loaded,
      search,
      ...(windows.holdout === undefined ? {} : { holdout: cutWindow(loaded, windows.holdout) }),
    };
  });
  const rungs = windows.rungsFrom.length;
  const cells = windows.rungsFrom.flatMap((from, rung) =>
    markets.map(({ market, loaded }) => {
      const { window } = cutWindow(loaded, { ...windows.search, from });
      const cell: StudyCell = {
        market,
        rung,
        dataHash: window.dataHash,
        timeframe: window.history.timeframe,
        fromBar: window.from,
        toBar: window.history.barCount,
      };
      return { cell, trial: { market, fromMs: from, toMs: windows.search.to } satisfies TrialCell };
    }),
  );
  const learns = selection.mode === 'tpe' || selection.mode === 'discovery' || selection.mode === 'refine';
  const lag =
    selection.lag ?? (learns ? Math.max(1, Math.min(DEFAULT_LAG, Math.floor(trials / LAG_SHARE))) : DEFAULT_LAG);
  return {
    loadedStrategy,
    execution,
    policies: selection.window.policies ?? {},
    request: {
      ...execution,
      strategyHash,
      space,
      mode: selection.mode,
      seed: selection.seed,
      trials: selection.mode === 'grid' ? Math.min(trials, space.points) : trials,
      lag,
      objectives,
      where,
      across: selection.across,
      rungs,
      cells: cells.map(({ cell }) => cell),
      patience: selection.patience,
      target: selection.target,
      anchors: selection.anchors,
    },
    markets,
    cells: [
      ...cells.map(({ trial }) => trial),
      ...markets.flatMap(({ market, holdout }) =>
        holdout === undefined ? [] : [{ market, fromMs: holdout.bounds.from, toMs: holdout.bounds.to }],
      ),
    ],
    notes: [
      ...controllerNotes(strategy, execution),
      ...rangeNotes(strategy, named),
      ...windows.notes,
      ...objectiveNotes(objectives),
    ],
  };
}

/** Whole candles of each market, in shared memory, by the market's name; the order of --data changes nothing. */
async function readMarkets(
  selection: StudySelection,
  context: RunContext,
  { from, coldStart }: ReturnType<typeof windowBounds>,
  onReading: (name: string, at: number) => void,
): Promise<{ readonly market: string; readonly loaded: LoadedCandles }[]> {
  const loaded: LoadedCandles[] = [];
  for (const [at, data] of selection.markets.entries()) {
    onReading(data, at);
    const one = await loadCandles({ ...selection.window, data }, context);
    const seen = coldStart && from !== undefined ? after(one.candles, from) : one.candles;
    loaded.push({ ...one, candles: shareCandles(seen) });
  }
  const markets = marketNames(loaded)
    .map((market, i) => ({ market, loaded: loaded[i]! }))
    .sort((a, b) => (a.market < b.market ? -1 : 1));
  checkTimeframes(markets);
  return markets;
}

const after = (candles: Candles, fromMs: number): Candles =>
  sliceCandles(candles, Math.min(firstBarAtOrAfter(candles, fromMs), candles.barCount - 1), candles.barCount);

/** Errors: REQUEST_INVALID. */
function objectivesOf({ objectives, rank }: Pick<StudySelection, 'objectives' | 'rank'>): Objective[] {
  const named = (name: string) => parseMetricName('--objective', name);
  const parsed =
    objectives.length > 0
      ? objectives.map((text) => parseObjective(text, named))
      : rank.split(',').map((name) => metricObjective(parseMetricName('--rank', name.trim())));
  if (parsed.length <= LIMITS.objectivesMax) return parsed;
  throw new AppError('LIMIT_EXCEEDED', {
    found: `${parsed.length} objectives; the limit is ${LIMITS.objectivesMax}.`,
    todo: 'Weigh some of them into one: --objective "sharpe - 0.5*maxDrawdown".',
  });
}

function rangeNotes({ name, program }: Strategy, named: Readonly<Record<string, Axis>>): string[] {
  if (program?.kind !== 'controller' || Object.keys(named).length > 0) return [];
  return [
    `No --set, so the usual ranges of ${name} are searched (docs/hummingbot.md lists them); with --set only what it names varies.`,
  ];
}

function objectiveNotes(objectives: readonly Objective[]): string[] {
  return objectives
    .filter(({ against }) => against.length > 0)
    .map(
      ({ text, against }) =>
        `The objective "${text}" is better the larger it is, and ${against.join(', ')} counts against its own direction in it.`,
    );
}

/** Errors: REQUEST_INVALID for a mode without a budget, or with options that belong to another. */
function trialsOf({ mode, trials, anchors }: StudySelection): number {
  if (mode === 'refine' && anchors.length === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'The mode refine begins at the best of an earlier study.',
      found: 'no --around.',
      todo: 'Name the study: --around NAME; gridmill studies lists them.',
    });
  }
  if (mode === 'discovery' && trials === undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'The mode discovery plans its windows for a number of trials.',
      found: 'no --iter.',
      todo: 'Write for example --iter 1000; --deadline may end it earlier.',
    });
  }
  return trials ?? LIMITS.studyTrialsMax;
}
