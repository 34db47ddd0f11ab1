// Scores trials in the calling thread: each fails by itself, and what a market needs is prepared once.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { isAppError } from '../core/errors.ts';
import type { Candles } from '../market/candles.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { engineFor } from '../sweep/fast-settings.ts';
import { RISK_PARAMETERS } from '../sweep/grid.ts';
import { giveUpWhenStopped, metricsOf } from '../sweep/score.ts';
import { scoreVariantsBatch } from '../sweep/score-variants.ts';
import { createVariantRunner, type VariantRunner } from '../sweep/variant-runner.ts';
import { createWindow, type Window } from '../sweep/window.ts';
import type { TrialCell, TrialExecution, TrialFailure, TrialOutcome, TrialSpec } from './trial.ts';

export interface TrialScorerOptions extends TrialExecution {
  readonly strategy: Strategy;
  /** The whole candles of a market. */
  readonly candlesOf: (market: string) => Candles;
  /** Most bytes of finished columns kept per cell. */
  readonly cacheBytes: number;
}

export interface TrialScorer {
  /**
   * `onTrial` hears which trial, by its place in `trials`, it is at; `onOutcome` hears of each as it comes, in any order.
   * Errors: CANCELLED, DEADLINE once `stop` answers; what had come was heard.
   */
  score(trials: readonly TrialSpec[], onTrial?: (index: number) => void, options?: TrialOptions): TrialOutcome[];
}

export interface TrialOptions {
  readonly onOutcome?: (index: number, outcome: TrialOutcome) => void;
  readonly stop?: StopToken;
}

interface OpenCell {
  readonly window: Window;
  readonly isFast: boolean;
  readonly runner: VariantRunner | undefined;
}

export function createTrialScorer(options: TrialScorerOptions): TrialScorer {
  const { strategy, execution } = options;
  const open = new Map<number, OpenCell>();
  const cellAt = (number: number): OpenCell => {
    const known = open.get(number);
    if (known !== undefined) return known;
    const cell = openCell(options, options.cells[number]!);
    open.set(number, cell);
    return cell;
  };
  const alone = (trial: TrialSpec): TrialOutcome => {
    try {
      const { window, isFast, runner } = cellAt(trial.cell);
      if (isFast) return { metrics: scoreFast(options, window, [trial])[0]! };
      runner!.select(trial.parameters);
      const simulation = runner!.run(trial.barriers);
      const own = runner!.profileMetrics(simulation);
      const metrics = metricsOf(simulation, execution, window);
      return own === undefined ? { metrics } : { metrics, profileMetrics: own };
    } catch (error) {
      return trialFailure(error);
    }
  };
  return {
    score(trials, onTrial, { onOutcome, stop = NEVER_STOP } = {}) {
      const outcomes: TrialOutcome[] = new Array(trials.length);
      if (strategy.program === undefined) scoreGroups(trials, outcomes, cellAt, options);
      for (const [index, trial] of trials.entries()) {
        if (outcomes[index] === undefined) {
          giveUpWhenStopped(stop);
          onTrial?.(index);
          outcomes[index] = alone(trial);
        }
        onOutcome?.(index, outcomes[index]!);
      }
      return outcomes;
    },
  };
}

function openCell(options: TrialScorerOptions, cell: TrialCell): OpenCell {
  const { strategy, execution } = options;
  const window = createWindow(options.candlesOf(cell.market), cell);
  // Barriers of trials are of every kind: what is fast under all of them is fast.
  const riskAxes = RISK_PARAMETERS.map((name) => ({ name, values: [] }));
  const isFast = engineFor({ ...execution, strategy }, { riskAxes }, window.candles).engine === 'fast';
  if (isFast) return { window, isFast, runner: undefined };
  const equity = new Float64Array(window.candles.barCount);
  const runner = createVariantRunner({ strategy, execution, window, cacheBytes: options.cacheBytes, equity });
  return { window, isFast, runner };
}

/** Trials of one cell under the same barriers share their columns. A group that fails is left to be run one by one. */
function scoreGroups(
  trials: readonly TrialSpec[],
  outcomes: TrialOutcome[],
  cellAt: (cell: number) => OpenCell,
  options: TrialScorerOptions,
): void {
  const groups = new Map<string, number[]>();
  for (const [index, { cell, barriers }] of trials.entries()) {
    const key = `${cell} ${JSON.stringify(barriers)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  for (const group of groups.values()) {
    try {
      const { window, isFast } = cellAt(trials[group[0]!]!.cell);
      if (!isFast) continue;
      const rows = scoreFast(
        options,
        window,
        group.map((index) => trials[index]!),
      );
      for (const [n, index] of group.entries()) outcomes[index] = { metrics: rows[n]! };
    } catch {
      // Which of them it was shows when each runs alone.
    }
  }
}

const scoreFast = ({ strategy, execution }: TrialScorerOptions, window: Window, group: readonly TrialSpec[]) =>
  scoreVariantsBatch(
    { ...execution, strategy },
    window,
    group.map(({ parameters }) => parameters),
    [group[0]!.barriers],
  );

export function trialFailure(error: unknown): TrialFailure {
  if (isAppError(error)) return { error: error.message, code: error.code };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { error: text, code: 'STRATEGY_FAILED' };
}
