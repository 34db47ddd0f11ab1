// Scores trials in the calling thread: each fails by itself, and what a market needs is prepared once.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Candles } from '../market/candles.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { engineFor } from '../sweep/fast-settings.ts';
import { RISK_PARAMETERS } from '../sweep/grid.ts';
import { giveUpWhenStopped, metricsOf } from '../sweep/score.ts';
import { createValueScorer, type ValueScorer } from '../sweep/value-scorer.ts';
import { createVariantRunner, type VariantRunner } from '../sweep/variant-runner.ts';
import { createWindow, type Window } from '../sweep/window.ts';
import type { TrialExecution, TrialFailure, TrialOutcome, TrialSpec } from './trial.ts';

export interface TrialScorerOptions extends TrialExecution {
  readonly strategy: Strategy;
  /** The whole candles of a market. */
  readonly candlesOf: (market: string) => Candles;
  /** Most bytes of finished columns kept, over all cells that are open at a time. */
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
  /** Of signal strategies that the fast engine covers … */
  readonly values: ValueScorer | undefined;
  /** … and of all others. */
  readonly runner: VariantRunner | undefined;
}

export function createTrialScorer(options: TrialScorerOptions): TrialScorer {
  const { execution } = options;
  const cellBytes = options.cacheBytes / Math.min(options.cells.length, LIMITS.openCellsMax);
  /** The one used longest ago comes first. */
  const open = new Map<number, OpenCell>();
  const cellAt = (number: number): OpenCell => {
    const cell = open.get(number) ?? openCell(options, number, cellBytes);
    open.delete(number);
    open.set(number, cell);
    if (open.size > LIMITS.openCellsMax) open.delete(open.keys().next().value!);
    return cell;
  };
  const alone = (trial: TrialSpec): TrialOutcome => {
    try {
      const { window, runner } = cellAt(trial.cell);
      runner!.select(trial.parameters);
      const simulation = runner!.run(trial.barriers);
      const metrics = metricsOf(simulation, execution, window);
      const own = options.ownMetrics === true ? runner!.profileMetrics(simulation) : undefined;
      return own === undefined ? { metrics } : { metrics, profileMetrics: own };
    } catch (error) {
      return trialFailure(error);
    }
  };
  return {
    score(trials, onTrial = () => undefined, { onOutcome = () => undefined, stop = NEVER_STOP } = {}) {
      const outcomes: TrialOutcome[] = new Array(trials.length);
      const settle = (index: number, outcome: TrialOutcome): void => {
        outcomes[index] = outcome;
        onOutcome(index, outcome);
      };
      for (const indices of byCell(trials)) {
        const { values, thrown } = opened(() => cellAt(trials[indices[0]!]!.cell));
        if (values !== undefined) {
          const group = indices.map((index) => trials[index]!);
          const results = values.score(group, stop, (n) => onTrial(indices[n]!));
          for (const [n, result] of results.entries()) {
            settle(indices[n]!, 'thrown' in result ? trialFailure(result.thrown) : { metrics: result });
          }
          continue;
        }
        for (const index of indices) {
          giveUpWhenStopped(stop);
          onTrial(index);
          settle(index, thrown === undefined ? alone(trials[index]!) : trialFailure(thrown.error));
        }
      }
      return outcomes;
    },
  };
}

/** What a cell scores with, or why it does not open. */
function opened(open: () => OpenCell): Partial<OpenCell> & { readonly thrown?: { readonly error: unknown } } {
  try {
    return open();
  } catch (error) {
    return { thrown: { error } };
  }
}

function openCell(options: TrialScorerOptions, number: number, cacheBytes: number): OpenCell {
  const { strategy, execution } = options;
  const cell = options.cells[number];
  if (cell === undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A trial names a cell of its study.',
      found: `cell ${number}; there are ${options.cells.length}.`,
      todo: 'Count from 0.',
    });
  }
  const window = createWindow(options.candlesOf(cell.market), cell);
  // Barriers of trials are of every kind: what is fast under all of them is fast.
  const riskAxes = RISK_PARAMETERS.map((name) => ({ name, values: [] }));
  if (engineFor({ ...execution, strategy }, { riskAxes }, window.candles).engine === 'fast') {
    return { window, values: createValueScorer({ strategy, execution, window, cacheBytes }), runner: undefined };
  }
  const equity = new Float64Array(window.candles.barCount);
  return {
    window,
    values: undefined,
    runner: createVariantRunner({ strategy, execution, window, cacheBytes, equity }),
  };
}

/** Places of the trials of each cell, which share columns and market tables. */
function byCell(trials: readonly TrialSpec[]): Iterable<readonly number[]> {
  const cells = new Map<number, number[]>();
  for (const [index, { cell }] of trials.entries()) {
    const indices = cells.get(cell);
    if (indices === undefined) cells.set(cell, [index]);
    else indices.push(index);
  }
  return cells.values();
}

export function trialFailure(error: unknown): TrialFailure {
  if (isAppError(error)) return { error: error.message, code: error.code };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { error: text, code: 'STRATEGY_FAILED' };
}
