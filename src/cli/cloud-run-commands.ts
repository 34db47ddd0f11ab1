// Options of gridmill cloud submit, status, cancel and merge.
import type { Command } from 'commander';
import { LIMITS } from '../core/limits.ts';
import { addBatchOptions, batchOptions } from './batch-options.ts';
import { REGION_OPTION, STACK_OPTION } from './cloud-stack-commands.ts';
import { type CommandContext, examples } from './command.ts';
import { wholeNumber } from './option-values.ts';
import { addDataOptions, addExecutionOptions, addGridOptions, modelMemoryOption } from './options.ts';
import { addRankingOptions } from './sweep-options.ts';

const JSON_OPTION = ['--json', 'print one JSON object'] as const;
const RUN = ['<run>', 'id of the run, as "gridmill cloud submit" printed it'] as const;

export function defineRunCommands(command: Command, context: CommandContext): void {
  defineSubmit(command, context);
  defineStatus(command, context);
  defineEnds(command, context);
}

function defineSubmit(command: Command, { host, action }: CommandContext): void {
  const submit = command
    .command('submit')
    .description('Cut a sweep, send what machines need, and have AWS Batch score and merge it.')
    .argument('<strategy>', "a built-in name (gridmill strategies), a .ts/.js file, or a Hummingbot controller's .yml");
  addDataOptions(submit);
  addGridOptions(submit);
  addExecutionOptions(submit);
  addRankingOptions(submit);
  submit
    .optionsGroup('Cloud:')
    .requiredOption(...STACK_OPTION)
    .option(...REGION_OPTION)
    .option(
      '--shards <n>',
      'so many shards (default: one for two predicted minutes of one core)',
      wholeNumber('--shards', 2, LIMITS.shardsMax),
    )
    .option('--estimate', 'say what it would cost, and stop')
    .option(...JSON_OPTION)
    .addOption(modelMemoryOption());
  addBatchOptions(submit.optionsGroup('Tasks:'));
  submit
    .addHelpText(
      'after',
      examples(
        [
          'What would it cost?',
          'gridmill cloud submit sma-cross --data binance/BTCUSDT/1m --set fast=5..200 --set slow=50..900 --stack research --estimate',
        ],
        [
          'Larger tasks, on demand',
          'gridmill cloud submit mine.ts --data binance/BTCUSDT/1m --stack research --vcpus 4 --memory 8GB --queue on-demand',
        ],
      ),
    )
    .action(
      action(async (strategy: string, options) => {
        const { cloudSubmit } = await import('./cloud-sweep.ts');
        const { memory: _, ...rest } = options;
        return cloudSubmit(strategy, rest, batchOptions(options), host);
      }),
    );
}

function defineStatus(command: Command, { host, action }: CommandContext): void {
  command
    .command('status')
    .description('Say what is handed in, what Batch says of the tasks, and, when all have ended, what they cost.')
    .argument(...RUN)
    .requiredOption(...STACK_OPTION)
    .option(...REGION_OPTION)
    .option('--cost', 'also say what it cost so far')
    .option('--prices <file>', 'prices instead of the included, dated ones (docs/scaling.md)')
    .option(...JSON_OPTION)
    .action(
      action(async (run: string, options) => (await import('./cloud-status.ts')).cloudStatus(run, options, host)),
    );
}

function defineEnds(command: Command, { host, action }: CommandContext): void {
  command
    .command('cancel')
    .description('End all tasks of a run. What is handed in stays.')
    .argument(...RUN)
    .requiredOption(...STACK_OPTION)
    .option(...REGION_OPTION)
    .option(...JSON_OPTION)
    .action(
      action(async (run: string, options) => (await import('./cloud-status.ts')).cloudCancel(run, options, host)),
    );
  command
    .command('merge')
    .description('Print and store the result: the one that the merge of the cloud handed in, else merged here.')
    .argument(...RUN)
    .requiredOption(...STACK_OPTION)
    .option(...REGION_OPTION)
    .option('--here', 'merge here in any case')
    .option('--report <file>', 'also write an HTML report; merges here')
    .option('--no-save', 'keep no result in the store')
    .option('--workers <n>', 'threads of a merge here', wholeNumber('--workers', 1, LIMITS.workersMax))
    .option(...JSON_OPTION)
    .action(action(async (run: string, options) => (await import('./cloud-status.ts')).cloudMerge(run, options, host)));
}
