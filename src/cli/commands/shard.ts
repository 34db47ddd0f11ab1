// gridmill shard: cuts a sweep into shards, scores them, and merges them.
import { type Command, Option } from 'commander';
import { LIMITS } from '../../core/limits.ts';
import { type CommandContext, examples } from '../command.ts';
import { addForecastOptions } from '../forecast-options.ts';
import type { Host } from '../host.ts';
import { bytes, duration, numberAtLeast, wholeNumber } from '../option-values.ts';
import { addDataOptions, addExecutionOptions, addGridOptions, modelMemoryOption } from '../options.ts';
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
      [
        'What would it take on 1 to 1,000 containers of Fargate Spot? Nothing is sent',
        'gridmill shard plan sma-cross --data binance/BTCUSDT/1m --set fast=5..200 --set slow=50..900 --simulate 1,10,100,1000',
      ],
      ['What is missing?', 'gridmill shard status --manifest file:///shared/runs/ID/manifest.json'],
      ['The result of all', 'gridmill shard merge --manifest file:///shared/runs/ID/manifest.json'],
    ),
  );
  const plan = command
    .command('plan')
    .description('Cut a sweep into shards, and put all they need into a place that the machines share.')
    .argument('[strategy]', "a built-in name (gridmill strategies), a .ts/.js file, or a Hummingbot controller's .yml");
  addDataOptions(plan);
  addGridOptions(plan);
  addExecutionOptions(plan);
  addRankingOptions(plan);
  plan
    .optionsGroup('Shards:')
    .option('--place <uri>', 'what the machines share: file:///folder or s3://bucket/prefix')
    .option(
      '--shards <n>',
      'shards of about equal work (default: one for two predicted minutes of one core)',
      wholeNumber('--shards', 2, LIMITS.shardsMax),
    )
    .option('--memory <bytes>', 'most memory of the process of one shard: 512MB, 2GB', bytes('--memory'))
    .option(...WORKERS);
  addForecastOptions(plan);
  plan
    .option('--json', 'print one JSON object')
    .addHelpText('after', PLACES)
    .action(
      action(async (strategy, options) => {
        if (options.simulate === undefined) return planShards(strategy, options, host);
        const { forecastShards } = await import('../shard-forecast.ts');
        return forecastShards(strategy, options, host);
      }),
    );
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
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXITS)
    .action(action((options) => mergeShards(options, host)));
  addKubernetes(command, host, action);
}

function addKubernetes(command: Command, host: Host, action: CommandContext['action']): void {
  command
    .command('kubernetes')
    .description('Write the Jobs that have a Kubernetes cluster score all shards and merge them (docs/kubernetes.md).')
    .requiredOption(...MANIFEST)
    .requiredOption('--image <reference>', 'image with this version of Gridmill, by its digest: REPOSITORY@sha256:…')
    .option('--parallelism <n>', 'pods that score at once', wholeNumber('--parallelism', 1, LIMITS.shardsMax), 100)
    .option(
      '--tasks <n>',
      'so many pods share all shards (default: one for each)',
      wholeNumber('--tasks', 1, LIMITS.shardsMax),
    )
    .option('--cpu <n>', 'processors of one pod, each a scoring thread', numberAtLeast('--cpu', 0.1), 1)
    .option('--memory <bytes>', 'memory of one pod (default: that of the plan, else 2 GiB)', bytes('--memory'))
    .option('--deadline <duration>', 'end of the whole Job', duration('--deadline'), DAY_MS)
    .option('--namespace <name>', 'namespace of the Jobs')
    .option('--service-account <name>', '… that may read and write the bucket')
    .option('--secret <name>', '… or a Secret with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION')
    .option('--place-claim <name>', 'PersistentVolumeClaim of a place that is a folder')
    .option('--store-claim <name>', 'PersistentVolumeClaim of the store that keeps the result of the merge')
    .addOption(new Option('--only <part>', 'one of the two Jobs').choices(['shards', 'merge']))
    .action(
      action(async (options) => {
        const { writeKubernetes } = await import('../shard-kubernetes.ts');
        return writeKubernetes(options, host);
      }),
    );
}

const DAY_MS = 86_400_000;

const PLACES = `
For s3:// the package @aws-sdk/client-s3 must be installed; credentials and region come from where its client looks for them
(environment, profile, role of the machine), another server from GRIDMILL_S3_ENDPOINT.
`;

const EXITS = `
Exit codes: 0 done, now or before; 75 try again (interrupted, the shared place does not answer, shards are missing); 64 trying again is of no use.
SIGTERM saves progress to the shared place and ends with 75.
`;
