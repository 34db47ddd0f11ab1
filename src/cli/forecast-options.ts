// Options of a forecast: how many machines, which, at what price, and what is assumed of them.
import type { Command } from 'commander';
import { Option } from 'commander';
import { PLATFORMS, type Platform } from '../cluster/platforms.ts';
import { AppError } from '../core/errors.ts';
import { wholeNumber } from './option-values.ts';

export interface ForecastOptions {
  readonly simulate?: readonly number[];
  readonly manifest?: string;
  readonly platform: Platform;
  readonly prices?: string;
  readonly assume?: string;
}

/** Containers of one forecast, and forecasts of one command. */
const NODES_MAX = 10_000;
const FORECASTS_MAX = 20;

export function addForecastOptions(command: Command): void {
  command
    .optionsGroup('Forecast:')
    .option(
      '--simulate <nodes>',
      'send nothing; tell what the run would take on so many containers at once: 100, or 1,10,100,1000 (docs/scaling.md)',
      nodeCounts,
    )
    .option('--manifest <uri>', '… of a run that was cut, by the time of the shards handed in, instead of a strategy')
    .addOption(
      new Option('--platform <name>', '… whose prices and delays').choices([...PLATFORMS]).default('fargate-spot'),
    )
    .option('--prices <file>', '… under a table of prices of your own')
    .option('--assume <list>', '… and other delays: start=20,launches=50,interruptions=0.1');
}

/** Errors: REQUEST_INVALID. */
function nodeCounts(text: string): readonly number[] {
  const counts = text.split(',').map((part) => wholeNumber('--simulate', 1, NODES_MAX)(part.trim()));
  if (counts.length <= FORECASTS_MAX) return counts;
  throw new AppError('REQUEST_INVALID', {
    rule: `One command forecasts at most ${FORECASTS_MAX} numbers of containers.`,
    found: `${counts.length}.`,
    todo: 'Give fewer.',
  });
}
