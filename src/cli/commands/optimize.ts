// gridmill optimize: searches a space of parameters and prints the best.
import { type Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { MODES } from '../../optimise/study.ts';
import { ACROSS, DEFAULT_ACROSS } from '../../sweep/many-across.ts';
import { DEFAULT_TOP } from '../../sweep/request.ts';
import { type CommandContext, examples } from '../command.ts';
import { refuseOptions } from '../given-options.ts';
import type { OptimizeOptions } from '../optimize-options.ts';
import { axis, bytes, duration, numberAtLeast, share, shareAxis, wholeNumber } from '../option-values.ts';
import { addDataOptions, addExecutionOptions, isolateOption } from '../options.ts';
import { collectSearchAxes, searchAxis } from '../search-axes.ts';

/** What says how fast a study runs and where it goes, never what it finds: these may change when it is resumed. */
const HOST_OPTIONS = [
  'resume',
  'server',
  'turbo',
  'workers',
  'batchSize',
  'isolate',
  'memory',
  'deadline',
  'top',
  'report',
  'save',
  'json',
  'debug',
];

/** What only this process can do. */
const OWN_OPTIONS = ['isolate', 'batchSize', 'gaps', 'policy', 'instruments'];

export function define(command: Command, { host, action }: CommandContext): void {
  command.argument('[strategy]', 'a built-in name (gridmill strategies) or a .ts/.js file');
  addDataOptions(command, 'many');
  command
    .option('--days <n>', 'the last so many days of the candles (or before --to)', numberAtLeast('--days', 0, true))
    .option(
      '--holdout <share>',
      'keep the last part of the window from the search, and show the best rows there: 20%',
      share('--holdout'),
    )
    .addOption(
      new Option('--across <rule>', 'several markets: what a trial is worth over all of them')
        .choices(ACROSS)
        .default(DEFAULT_ACROSS),
    );
  addSpaceOptions(command);
  addExecutionOptions(command);
  addSearchOptions(command);
  addHostOptions(command);
  command.addHelpText('after', EXAMPLES).action(
    action(async (strategy: string | undefined, options: OptimizeOptions) => {
      if (options.resume !== undefined) {
        refuseOptions(command, (name) => HOST_OPTIONS.includes(name), {
          rule: 'A study goes on as it was begun: --resume takes only options of speed and output beside it.',
          todo: 'Leave them out, or begin another study.',
        });
      }
      refuseUnused(strategy, options);
      const { server } = options;
      if (server !== undefined) {
        refuseOptions(command, (name) => !OWN_OPTIONS.includes(name), {
          rule: 'A service runs strategies and stored candles of its own, as its settings say.',
          todo: 'Leave them out with --server.',
        });
        const { optimizeRemotely } = await import('../optimize-remote.ts');
        return optimizeRemotely(strategy, { ...options, server }, host);
      }
      const { optimize } = await import('../optimize.ts');
      return optimize(strategy, options, host);
    }),
  );
}

function addSpaceOptions(command: Command): void {
  command
    .optionsGroup('Space:')
    .addOption(
      new Option(
        '--set <name=values>',
        'values of a parameter: fast=5..50:5, fast=5,8,13, or width=0.5..2.5 (repeatable)',
      )
        .argParser(collectSearchAxes(axis))
        .default({}, 'the strategy’s own'),
    )
    .option(
      '--stop-loss <values>',
      'stop-loss as a share of the entry price: 0,1%,2% or 0.5%..5% (0 = off)',
      searchAxis(shareAxis('--stop-loss')),
    )
    .option('--take-profit <values>', 'take-profit likewise', searchAxis(shareAxis('--take-profit')))
    .option('--trailing <values>', 'trailing stop likewise', searchAxis(shareAxis('--trailing')))
    .option(
      '--time-limit <bars>',
      'bars after entry at which a trade is closed: 60 or 30,60,120',
      axis('--time-limit'),
    );
}

function addSearchOptions(command: Command): void {
  command
    .optionsGroup('Search:')
    .addOption(new Option('--mode <mode>', 'how trials are chosen').choices(MODES).default('discovery'))
    .option('--iter <n>', 'trials at most', wholeNumber('--iter', 1, LIMITS.studyTrialsMax))
    .option(
      '--rank <metrics>',
      'metric to make best; several, as in sharpe,maxDrawdown, keep the Pareto front',
      'totalReturn',
    )
    .addOption(
      new Option(
        '--objective <expression>',
        'instead: "sharpe - 0.5*maxDrawdown", to be large; repeat it for a Pareto front',
      )
        .argParser((text: string, earlier: readonly string[]) => [...earlier, text])
        .default([], 'none'),
    )
    .option(
      '--where <conditions>',
      'rank only what meets these, and search towards them: "trades>=30, maxDrawdown<=30%"',
    )
    .option('--seed <n>', 'seed of every draw', wholeNumber('--seed', 0), 1)
    .option('--patience <n>', 'end after so many trials without a better one', wholeNumber('--patience', 1))
    .option('--target <value>', 'end when the objective is as good as this', signed('--target'))
    .option('--around <study>', 'mode refine: begin at the best of this study')
    .option('--anchors <n>', '… at so many of them', wholeNumber('--anchors', 1, 100), 8)
    .option(
      '--lag <n>',
      'trials in flight that the next one does not know of (default: 64; part of the study)',
      wholeNumber('--lag', 1, LIMITS.studyLagMax),
    )
    .option('--study <name>', 'name of the study; the same command goes on with it (default: made from the request)')
    .option('--resume <study>', 'go on with a study as it was begun');
}

function addHostOptions(command: Command): void {
  command
    .optionsGroup('Speed:')
    .option('--turbo', 'run on all cores, in workers that stay; results never depend on it')
    .option('--workers <n>', 'with --turbo: so many workers', wholeNumber('--workers', 1, LIMITS.workersMax))
    .option(
      '--batch-size <n>',
      'with --turbo: trials handed to a worker at once (default: by their time)',
      wholeNumber('--batch-size', 1, LIMITS.batchTrialsMax),
    )
    .addOption(isolateOption())
    .option('--server <url>', 'let the service there run it, on its strategies and candles (GRIDMILL_TOKEN is sent)')
    .option('--memory <bytes>', 'refuse rather than exceed this: 512MB, 2GB', bytes('--memory'))
    .option('--deadline <time>', 'stop then and print what there is: 60s, 5m; --resume goes on', duration('--deadline'))
    .optionsGroup('Output:')
    .option('--top <n>', 'ranked rows kept', wholeNumber('--top', 1, LIMITS.topMax), DEFAULT_TOP)
    .option('--report <file>', 'also write an HTML report')
    .option('--no-save', 'keep no result in the store (the study itself is kept)')
    .option('--json', 'print one JSON object');
}

function signed(option: string) {
  return (text: string): number => {
    const match = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(%?)$/i.exec(text.trim());
    if (match !== null) return Number(match[1]) / (match[2] === '%' ? 100 : 1);
    throw new AppError('REQUEST_INVALID', {
      rule: `${option} must be a number.`,
      found: `"${text}".`,
      todo: 'Write for example 2.5 or 30%.',
    });
  };
}

function refuseUnused(strategy: string | undefined, options: OptimizeOptions): void {
  const { turbo, workers, batchSize, resume, mode, around } = options;
  const refuse = (rule: string, found: string, todo: string): never => {
    throw new AppError('REQUEST_INVALID', { rule, found, todo });
  };
  if (turbo !== true && (workers !== undefined || batchSize !== undefined)) {
    refuse('--workers and --batch-size belong to --turbo.', 'no --turbo.', 'Add --turbo, or leave them out.');
  }
  if ((strategy === undefined) === (resume === undefined)) {
    const found = strategy === undefined ? 'neither.' : 'both.';
    refuse(
      'A study needs a strategy, or --resume with the name of one.',
      found,
      'Write for example gridmill optimize sma-cross --data FILE --iter 1000.',
    );
  }
  if (resume !== undefined) return;
  if (around !== undefined && mode !== 'refine') {
    refuse('--around belongs to --mode refine.', `--mode ${mode}.`, 'Add --mode refine, or leave it out.');
  }
  if (mode !== 'grid' && options.iter === undefined && options.deadline === undefined) {
    refuse(
      `The mode ${mode} needs to know when to end.`,
      'neither --iter nor --deadline.',
      'Add --iter 1000, or --deadline 10m.',
    );
  }
}

const EXAMPLES = examples(
  [
    'A thousand trials over the last 90 days, short windows first, on all cores; the last fifth is kept for the proof',
    'gridmill optimize sma-cross --data btc-1m.csv.gz --timeframe 5m --set fast=3..60 --set slow=20..400 --mode discovery --days 90 --iter 1000 --holdout 20% --turbo',
  ],
  [
    'A weighted objective with conditions, stops among the axes',
    'gridmill optimize rsi-reversion --data binance/BTCUSDT/1h --mode tpe --iter 2000 --objective "sharpe - 0.5*maxDrawdown" --where "trades>=30" --stop-loss 0.5%..5%',
  ],
  [
    'On several coins: the median over all of them',
    'gridmill optimize sma-cross --data "binance/*/1h" --mode tpe --iter 500 --rank sharpe',
  ],
  [
    'Around the best of that study, until 200 trials bring nothing better',
    'gridmill optimize sma-cross --data btc-1h.csv --mode refine --around my-study --deadline 10m --patience 200',
  ],
  [
    'Where a service has the memory of this machine: it runs the study, this command follows it',
    'gridmill optimize sma-cross --data binance/BTCUSDT/1h --iter 1000 --server http://127.0.0.1:8080',
  ],
  ['After an interrupt, a crash or a deadline', 'gridmill optimize --resume my-study --turbo'],
);
