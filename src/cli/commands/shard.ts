// gridmill shard: cuts a sweep into shards, scores them, and merges them.
import type { Command } from 'commander';
import { LIMITS } from '../../core/limits.ts';
import { type CommandContext, examples } from '../command.ts';
import { bytes, wholeNumber } from '../option-values.ts';
import { addDataOptions, addExecutionOptions, addGridOptions, addManyOptions, modelMemoryOption } from '../options.ts';
import { mergeShards, planShards, runShards, shardStatus } from '../shard-work.ts';
import { addRankingOptions } from '../sweep-options.ts';

const MANIFEST = ['--manifest <uri>', 'what "shard plan" printed: PLACE/runs/ID/manifest.json'] as const;
const WORKERS = [
  '--workers <n>',
  'scoring threads (default: one per core); results never depend on it',
  wholeNumber('--workers', 1, LIMITS.workersMax),
] as const;

export function define(command: Command, { host, action }: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      [
        'Cut a sweep into 8 shards, in a folder that all machines mount',
        'gridmill shard plan sma-cross --data binance/BTCUSDT/1m --set fast=5..200 --set slow=50..900 --shards 8 --place file:///shared',
      ],
      [
        'Score one of them, on any machine, as often as you like',
        'gridmill shard run --manifest file:///shared/runs/ID/manifest.json --index 3',
      ],
      ['What is missing?', 'gridmill shard status --manifest file:///shared/runs/ID/manifest.json'],
      ['The result of all', 'gridmill shard merge --manifest file:///shared/runs/ID/manifest.json'],
    ),
  );
  const plan = command
    .command('plan')
    .description('Cut a sweep into shards, and put all they need into a place that the machines share.')
    .argument('<strategy>', "a built-in name (gridmill strategies), a .ts/.js file, or a Hummingbot controller's .yml");
  addDataOptions(plan, 'many');
  addGridOptions(plan);
  addExecutionOptions(plan);
  addManyOptions(plan);
  addRankingOptions(plan);
  plan
    .optionsGroup('Shards:')
    .requiredOption('--place <uri>', 'what the machines share: file:///folder or s3://bucket/prefix')
    .option(
      '--shards <n>',
      'shards of about equal work (default: one for two predicted minutes of one core)',
      wholeNumber('--shards', 2, LIMITS.shardsMax),
    )
    .option('--memory <bytes>', 'most memory of the process of one shard: 512MB, 2GB', bytes('--memory'))
    .option(...WORKERS)
    .addOption(modelMemoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', PLACES)
    .action(action((strategy, options) => planShards(strategy, options, host)));
  command
    .command('run')
    .description('Score one shard and hand it in. Run again, it goes on where it was, or finds that it is done.')
    .requiredOption(...MANIFEST)
    .option(
      '--index <n>',
      'which shard (default: the index of an array job of Slurm, AWS Batch or Kubernetes, else 0)',
      wholeNumber('--index', 0),
    )
    .option(
      '--tasks <n>',
      'this many tasks share all shards: score every n-th from the index on',
      wholeNumber('--tasks', 1),
    )
    .option(...WORKERS)
    .addOption(modelMemoryOption())
    .addHelpText('after', EXITS)
    .action(action((options) => runShards(options, host)));
  command
    .command('status')
    .description('Say which shards have been handed in.')
    .requiredOption(...MANIFEST)
    .option('--json', 'print one JSON object')
    .action(action((options) => shardStatus(options, host)));
  command
    .command('merge')
    .description('Put all shards together into the result that one machine would have made.')
    .requiredOption(...MANIFEST)
    .option('--memory <bytes>', 'most memory of this process: 512MB, 2GB', bytes('--memory'))
    .option('--report <file>', 'also write an HTML report')
    .option('--no-save', 'keep no result in the store')
    .option('--hand-in', 'also put the result into the shared place, for "gridmill cloud merge"')
    .option(...WORKERS)
    .addOption(modelMemoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXITS)
    .action(action((options) => mergeShards(options, host)));
}

const PLACES = `
For s3:// the package @aws-sdk/client-s3 must be installed; credentials and region come from where its client looks for them
(environment, profile, role of the machine), another server from GRIDMILL_S3_ENDPOINT.
`;

const EXITS = `
Exit codes: 0 done, now or before; 75 try again (interrupted, the shared place does not answer, shards are missing); 64 trying again is of no use.
SIGTERM saves progress to the shared place and ends with 75.
`;
