// gridmill run: one backtest in full, of a variant, of a ranked row, or of ready-made signals.
import { type Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { ExecutionSelection } from '../../runs/execution-selection.ts';
import type { FinishedRun } from '../../runs/single-run.ts';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import { deliverRun, type RunOutputOptions } from '../deliver-run.ts';
import { refuseOptions } from '../given-options.ts';
import type { Host } from '../host.ts';
import { wholeNumber } from '../option-values.ts';
import {
  addDataOptions,
  addExecutionOptions,
  addGridOptions,
  barrierNotes,
  type DataOptions,
  type GridOptions,
  modelMemoryOption,
  riskAxes,
} from '../options.ts';
import { runContext, windowSelection } from '../run-context.ts';

interface RunOptions extends DataOptions, ExecutionSelection, GridOptions, RunOutputOptions {
  readonly result?: string;
  readonly row?: number;
  readonly cell?: number;
  readonly signals?: string;
  readonly sparse?: boolean;
  readonly modelMemory?: number;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command.argument(
    '[strategy]',
    "a built-in name, a .ts/.js file, or a Hummingbot controller's .yml; none with --result or --signals",
  );
  addDataOptions(command);
  addGridOptions(command);
  addExecutionOptions(command);
  command
    .optionsGroup('Source and output:')
    .option('--result <id>', 'run a ranked row of this result again (an id, its beginning, a file, or latest)')
    .option('--row <n>', 'the row of --result (default: 1)', wholeNumber('--row', 1))
    .option('--cell <n>', 'of a sweep over many markets and windows: the cell to run it in', wholeNumber('--cell', 1))
    .option('--signals <file>', 'run ready-made signals: times with 1/0/-1, LONG/NEUTRAL/SHORT, or entry/exit columns')
    .option(
      '--sparse',
      'with --signals: bars the file does not list count as 0, which is flat in a signal column and no signal in others',
    )
    .addOption(modelMemoryOption())
    .option('--equity', 'with --json: the equity at each close; else a chart of it')
    .addOption(new Option('--trades <n|all>', 'trades listed').default('20'))
    .option('--json', 'print one JSON object with all trades')
    .addHelpText(
      'after',
      examples(
        ['One variant', 'gridmill run sma-cross --data btc-1m.csv.gz --timeframe 5m --set fast=10 --set slow=50'],
        [
          'With costs and a stop, as JSON with the equity curve',
          'gridmill run sma-cross --data btc-1m.csv.gz --set fast=10 --set slow=50 --fee 0.1% --stop-loss 0.02 --equity --json',
        ],
        ['The best row of the last sweep, again', 'gridmill run --result latest --row 1'],
        ['Signals made elsewhere', 'gridmill run --signals my-signals.csv --data btc-1h.csv --fee 0.1%'],
      ),
    )
    .action(
      action((strategy: string | undefined, options: RunOptions, own: Command) => {
        checkOptions(strategy, options, own);
        return run(strategy, options, host);
      }),
    );
}

/** What a reproduction takes besides the row it is asked for. */
const REPRODUCTION_OPTIONS = new Set(['result', 'modelMemory', 'row', 'cell', 'equity', 'trades', 'json', 'debug']);

/** A run has one source, and takes no option that this source could not obey. Errors: REQUEST_INVALID. */
function checkOptions(strategy: string | undefined, { result, signals }: RunOptions, command: Command): void {
  const sources = [strategy, result, signals].filter((source) => source !== undefined).length;
  if (sources !== 1) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A run needs exactly one of: a strategy, --result, --signals.',
      found: sources === 0 ? 'none of them.' : 'several of them.',
      todo: 'See gridmill run --help.',
    });
  }
  if (result !== undefined) {
    refuseOptions(command, (name) => REPRODUCTION_OPTIONS.has(name), {
      rule: 'With --result a row runs again exactly as it was scored.',
      todo: 'Leave them out, or name the strategy and its --set values to run something else.',
    });
  } else if (signals !== undefined) {
    refuseOptions(command, (name) => !['set', 'coldStart', 'row', 'cell'].includes(name), {
      rule: 'Ready-made signals have no parameters, indicators or rows.',
      todo: 'Leave them out, or name a strategy instead of --signals.',
    });
  } else {
    refuseOptions(command, (name) => !['sparse', 'row', 'cell'].includes(name), {
      rule: '--row and --cell belong to --result, and --sparse to --signals.',
      todo: 'Leave them out.',
    });
  }
}

async function run(strategy: string | undefined, options: RunOptions, host: Host): Promise<undefined> {
  const context = runContext(host, options);
  for (const text of barrierNotes(options)) host.stderr.write(`note: ${text}\n`);
  const finished = await finish(strategy, options, host);
  await writeNotes(finished, host);
  await deliverRun(finished, options, context, host);
}

async function writeNotes({ loadedStrategy, execution }: FinishedRun, host: Host): Promise<void> {
  if (loadedStrategy?.strategy.program === undefined) return;
  const { controllerNotes } = await import('../../runs/controller-notes.ts');
  for (const text of controllerNotes(loadedStrategy.strategy, execution)) {
    host.stderr.write(asCalled(`note: ${text}\n`, host));
  }
}

async function finish(strategy: string | undefined, options: RunOptions, host: Host): Promise<FinishedRun> {
  const context = runContext(host, options);
  const { result, signals } = options;
  if (result !== undefined) {
    const { loadResult } = await import('../../runs/saved-results.ts');
    const { reproduceRow } = await import('../../runs/reproduce.ts');
    const { recordToRun } = await import('../../runs/many-record.ts');
    return reproduceRow(recordToRun(loadResult(result, context).record, options.cell), options.row ?? 1, context);
  }
  const window = await windowSelection(options);
  if (signals !== undefined) {
    const { runSignalFile } = await import('../../runs/signal-run.ts');
    return runSignalFile(
      { path: signals, window, execution: options, risk: riskAxes(options), sparse: options.sparse === true },
      context,
    );
  }
  const { runStrategy } = await import('../../runs/single-run.ts');
  return runStrategy(
    { strategy: strategy!, window, execution: options, parameters: options.set, risk: riskAxes(options) },
    context,
  );
}
