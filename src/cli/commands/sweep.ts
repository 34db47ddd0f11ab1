// gridmill sweep: backtests a grid and prints the ranked variants.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createStopSource } from '../../core/cancel.ts';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { SweepSelection } from '../../runs/sweep-run.ts';
import { addClusterOptions, checkClusterOptions } from '../cluster-options.ts';
import { type CommandContext, type ExitCode, examples } from '../command.ts';
import { deliverSweep } from '../deliver.ts';
import type { Host } from '../host.ts';
import { isolationNotes } from '../isolation-notes.ts';
import { isManySweep } from '../many-windows.ts';
import { memoryBudget } from '../memory-budget.ts';
import { bytes, duration, wholeNumber } from '../option-values.ts';
import {
  addDataOptions,
  addExecutionOptions,
  addGridOptions,
  addManyOptions,
  barrierNotes,
  isolateOption,
  modelMemoryOption,
} from '../options.ts';
import { createProgressLine, note } from '../progress.ts';
import { runContext, stoppable, windowSelection } from '../run-context.ts';
import type { SweepOptions } from '../sweep-command.ts';
import { addRankingOptions, gridSelection } from '../sweep-options.ts';

export function define(command: Command, { host, action }: CommandContext): void {
  command.argument(
    '<strategy>',
    "a built-in name (gridmill strategies), a .ts/.js file, or a Hummingbot controller's .yml",
  );
  addDataOptions(command, 'many');
  addGridOptions(command);
  addExecutionOptions(command);
  addManyOptions(command);
  addRankingOptions(command);
  addClusterOptions(command);
  command
    .optionsGroup('Output:')
    .option('--all-results <file>', 'also write every scored variant: .json, .csv or .parquet')
    .option('--report <file>', 'also write an HTML report')
    .option('--no-save', 'keep no result in the store')
    .optionsGroup('Limits and progress:')
    .option(
      '--workers <n>',
      'scoring threads (default: one per core); results never depend on it',
      wholeNumber('--workers', 1, LIMITS.workersMax),
    )
    .option(
      '--memory <bytes>',
      'refuse or slow down rather than exceed this: 512MB, 2GB (default: three quarters of what there is)',
      bytes('--memory'),
    )
    .addOption(isolateOption())
    .addOption(modelMemoryOption())
    .option('--estimate', 'say what the sweep would take, in variants, bytes and seconds, and stop')
    .option('--checkpoint <folder>', 'keep progress there; the same sweep started again goes on from it')
    .option('--deadline <time>', 'stop then and print what there is: 60s, 5m', duration('--deadline'))
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        [
          'Every pair of two averages on 5-minute candles',
          'gridmill sweep sma-cross --data btc-1m.csv.gz --timeframe 5m --set fast=5..50:5 --set slow=20..200:20',
        ],
        [
          'With costs, then stops and targets on the best 50',
          'gridmill sweep sma-cross --data binance/BTCUSDT/1h --fee 0.1% --slippage 2bps --stop-loss 0.01..0.05:0.01 --take-profit 0.02,0.04 --preselect 50',
        ],
        [
          'A strategy file of your own, one quarter, best Sharpe ratio first',
          'gridmill sweep ./my-strategy.ts --data btc-1m.csv.gz --from 2024-01-01 --to 2024-04-01 --rank sharpe --report report.html',
        ],
        [
          'Which averages work on every coin, and in each half year? The best by the median of all cells',
          'gridmill sweep sma-cross --data "binance/*/1h" --windows 2023-H1,2023-H2,2024-H1,2024-H2 --rank sharpe --across median',
        ],
        [
          'A Hummingbot controller, from its own configuration',
          'gridmill sweep bollinger.yml --set bb_length=50..200:25 --set stop_loss=0.01,0.02 --data btc-1m.csv.gz --fee 0.06%',
        ],
        ['For a script', 'gridmill sweep macd --data btc-1m.csv.gz --timeframe 1h --json | jq .top[0]'],
      ),
    )
    .action(action((strategy: string, options: SweepOptions) => sweep(strategy, options, host)));
}

async function sweep(strategy: string, options: SweepOptions, host: Host): Promise<ExitCode> {
  checkClusterOptions(options);
  const stop = createStopSource(host.clock, options.deadline);
  const [{ prepareSweep, finishSweep }, { hostBytes }, { scoresApart }, { checkStoreWritable, outputPath }] =
    await Promise.all([
      import('../../runs/sweep-run.ts'),
      import('../../runs/sweep-host.ts'),
      import('../../runs/module-ref.ts'),
      import('../../runs/output-file.ts'),
    ]);
  const files = {
    report: options.report === undefined ? undefined : outputPath(host.folder, options.report),
    allResults: options.allResults === undefined ? undefined : outputPath(host.folder, options.allResults),
    checkpoint: options.checkpoint === undefined ? undefined : resolve(host.folder, options.checkpoint),
  };
  if (files.checkpoint !== undefined && files.allResults !== undefined) throw rowsAreNotKept();
  if (options.save) checkStoreWritable(host.storeRoot);
  if (files.allResults !== undefined) (await import('../../runs/all-results.ts')).checkRowFormat(files.allResults);
  const context = { ...runContext(host, options), isolate: options.isolate };
  const progress = createProgressLine(host.stderr, host.clock);
  const { listMarkets } = await import('../../runs/market-list.ts');
  const markets = listMarkets(options.data ?? [], context);
  const grid = await gridSelection(options);
  if (options.cluster !== undefined) {
    const { sweepOnCluster } = await import('../sweep-cluster.ts');
    return sweepOnCluster(strategy, options, host);
  }
  if (isManySweep(options, markets)) {
    const { sweepManyCommand } = await import('../sweep-many.ts');
    return sweepManyCommand({ strategy, markets, grid, options, files, stop, progress }, context, host);
  }
  const budgetBytes = memoryBudget(options.memory, host);
  const window = await windowSelection({ ...options, data: markets[0] });
  const selection: SweepSelection = { strategy, window, execution: options, grid };
  progress.update(() => `reading ${selection.window.data} ...`);
  host.boundHeap();
  const prepared = await prepareSweep(selection, context);
  const residentBytes = host.settleHeap();
  const fenceTexts = await isolationNotes(options, prepared.loadedStrategy);

  if (options.estimate === true) {
    progress.clear();
    const { estimateSweep } = await import('../../sweep/estimate.ts');
    const estimate = estimateSweep(prepared.request, {
      window: prepared.loadedWindow.window,
      clock: host.clock,
      budgetBytes,
      residentBytes,
      peakBytes: host.peakBytes,
      hostBytes: hostBytes(prepared.grid, files.allResults !== undefined),
      workers: options.workers ?? host.cores,
      apart: scoresApart(prepared.loadedStrategy),
    });
    const { printEstimate } = await import('../estimate-output.ts');
    printEstimate(estimate, options.json === true, host);
    return;
  }
  const { sweepProgressTexts } = await import('../sweep-progress.ts');
  const progressText = sweepProgressTexts(prepared.request.rank);
  const onNote = note(progress, host);
  for (const text of [...barrierNotes(options), ...fenceTexts]) onNote(text);
  const finished = await stoppable(host, stop, (token) =>
    finishSweep(
      prepared,
      {
        stop: token,
        budgetBytes,
        residentBytes,
        workers: options.workers ?? host.cores,
        onNote,
        checkpointFolder: files.checkpoint,
        keepAllRows: files.allResults !== undefined,
        onProgress(at) {
          host.boundHeap();
          progress.update(() => progressText(at));
        },
      },
      context,
    ),
  );
  progress.clear();
  return deliverSweep(prepared, finished, { ...files, save: options.save, json: options.json === true }, host);
}

function rowsAreNotKept(): AppError {
  return new AppError('REQUEST_INVALID', {
    rule: '--checkpoint keeps the ranked rows, not every row.',
    found: '--checkpoint together with --all-results.',
    todo: 'Leave one of them out; --offset and --limit write all rows part by part.',
  });
}
