// Options of a sweep that say what is ranked, and the grid they select: of `sweep` itself and of what cuts one into shards.
import type { Command } from 'commander';
import { LIMITS } from '../core/limits.ts';
import type { GridSelection } from '../runs/sweep-run.ts';
import { DEFAULT_PRESELECT, DEFAULT_TOP } from '../sweep/request.ts';
import { wholeNumber } from './option-values.ts';
import { type GridOptions, riskAxes } from './options.ts';

export interface RankingOptions extends GridOptions {
  readonly rank: string;
  readonly top: number;
  readonly preselect: number;
  readonly sample?: number;
  readonly seed: number;
  readonly offset?: number;
  readonly limit?: number;
  readonly where?: string;
}

export function addRankingOptions(command: Command): void {
  command
    .optionsGroup('Search and ranking:')
    .option(
      '--rank <metrics>',
      'metric to rank by; several, as in sharpe,maxDrawdown, keep the Pareto front',
      'totalReturn',
    )
    .option('--top <n>', 'ranked variants kept', wholeNumber('--top', 1, LIMITS.topMax), DEFAULT_TOP)
    .option(
      '--preselect <n>',
      'with barriers: variants kept without them before they are varied; 0 = all of them',
      wholeNumber('--preselect', 0, LIMITS.preselectMax),
      DEFAULT_PRESELECT,
    )
    .option('--sample <n>', 'random search: draw this many variants', wholeNumber('--sample', 1, LIMITS.gridPointsMax))
    .option('--seed <n>', 'seed of the random search', wholeNumber('--seed', 0), 1)
    .option('--offset <n>', 'part of a grid: skip this many of its points', wholeNumber('--offset', 0))
    .option('--limit <n>', '… and visit at most this many of the rest', wholeNumber('--limit', 1))
    .option('--where <conditions>', 'rank only rows that meet these: "trades>=30, maxDrawdown<=30%"');
}

/** Errors: REQUEST_INVALID for metrics and conditions that are none. */
export async function gridSelection(options: RankingOptions): Promise<GridSelection> {
  const [{ parseObjectives }, { parseWhere }] = await Promise.all([
    import('../runs/metric-name.ts'),
    import('../runs/where-text.ts'),
  ]);
  const { top, preselect, sample, seed, offset, limit, where } = options;
  return {
    parameters: options.set,
    risk: riskAxes(options),
    ...parseObjectives('--rank', options.rank),
    top,
    preselect,
    sample,
    seed,
    offset,
    limit,
    where: where === undefined ? undefined : parseWhere(where),
  };
}
