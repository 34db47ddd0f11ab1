// gridmill demo: the main job in one command, a sweep over a year of minutes with a table and a report.
import type { Command } from 'commander';
import { createStopSource } from '../../core/cancel.ts';
import { type CommandContext, type ExitCode, examples } from '../command.ts';
import { deliverSweep } from '../deliver.ts';
import type { Host } from '../host.ts';
import { duration, wholeNumber } from '../option-values.ts';
import { createProgressLine, note } from '../progress.ts';
import { runContext, stoppable } from '../run-context.ts';

interface DemoOptions {
  readonly data?: string;
  readonly offline?: boolean;
  readonly timeframe?: string;
  readonly workers?: number;
  readonly deadline?: number;
  readonly report: string;
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .option('--data <file|key>', 'your candles (default: BTCUSDT of Binance, downloaded once; else synthetic)')
    .option('--offline', 'do not try to download')
    .option('--timeframe <timeframe>', 'run on candles of this length instead of those of the data')
    .option('--workers <n>', 'scoring threads', wholeNumber('--workers', 1))
    .option('--deadline <time>', 'stop then and show what there is: 60s', duration('--deadline'))
    .option('--report <file>', 'where the report goes', 'gridmill-report.html')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Sweeps the crossing of two moving averages, with and without stops, at 10 bps of fees over a year of 1-minute candles, prints the best
variants and writes a report that opens in any browser.
${examples(['Everything by itself', 'gridmill demo'], ['On your own candles', 'gridmill demo --data btc-1m.csv.gz'])}`,
    )
    .action(action((options: DemoOptions) => demo(options, host)));
}

async function demo(options: DemoOptions, host: Host): Promise<ExitCode> {
  const stop = createStopSource(host.clock, options.deadline);
  const { finishSweep, prepareSweepOn } = await import('../../runs/sweep-run.ts');
  const { checkStoreWritable, outputPath } = await import('../../runs/output-file.ts');
  const { demoCandles, demoSweep } = await import('../../runs/demo-sweep.ts');
  const report = outputPath(host.folder, options.report);
  checkStoreWritable(host.storeRoot);
  const context = runContext(host);
  const progress = createProgressLine(host.stderr, host.clock);
  const onNote = note(progress, host);
  const loaded = await demoCandles(options, context, {
    onNote,
    onProgress: (text) => progress.update(() => text),
  });
  const prepared = await prepareSweepOn(loaded, demoSweep(loaded.candles.timeframe), context);
  const { sweepProgressTexts } = await import('../sweep-progress.ts');
  const progressText = sweepProgressTexts(prepared.request.rank);
  const finished = await stoppable(host, stop, (token) =>
    finishSweep(
      prepared,
      {
        stop: token,
        workers: options.workers ?? host.cores,
        onNote,
        keepAllRows: false,
        onProgress: (at) => progress.update(() => progressText(at)),
      },
      context,
    ),
  );
  progress.clear();
  return deliverSweep(prepared, finished, { report, save: true, json: options.json === true }, host);
}
