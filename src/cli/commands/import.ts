// gridmill import: checks candle files and puts them into the store.
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { addPolicyOptions, type DataOptions } from '../options.ts';
import { createProgressLine } from '../progress.ts';

interface ImportOptions extends Pick<DataOptions, 'gaps' | 'policy' | 'timeframe'> {
  readonly exchange?: string;
  readonly symbol?: string;
  readonly append?: boolean;
  readonly mixed?: boolean;
  readonly replace?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .argument('<files...>', 'CSV, CSV.gz, Binance zip, freqtrade JSON, Parquet, Arrow or Feather; told by content')
    .option('--exchange <name>', 'exchange of the key (default: from the file name, else local)')
    .option('--symbol <name>', 'symbol of the key (default: from the file name)')
    .option('--timeframe <timeframe>', 'timeframe of the key (default: from the times)')
    .addOption(
      new Option('--append', 'join with what is stored under the key instead of replacing it').conflicts('replace'),
    )
    .option('--mixed', 'with --append: join candles even when the names of the files tell another market')
    .option('--replace', 'replace candles of the key even when they came from another market or source');
  addPolicyOptions(command);
  command
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        ['One file; the key is told from its name', 'gridmill import bitfinex_BTCUSD_1m_2019.csv.gz'],
        ['Monthly archives, joined into one series', 'gridmill import BTCUSDT-1m-2024-*.zip --exchange binance'],
        [
          'Be strict about gaps, and let bad ranges be repaired',
          'gridmill import eth.csv --symbol ETHUSD --gaps reject --policy inconsistent-range=repair',
        ],
      ),
    )
    .action(action((files: string[], options: ImportOptions) => importCandles(files, options, host)));
}

async function importCandles(files: readonly string[], options: ImportOptions, host: Host): Promise<undefined> {
  const { importFiles } = await import('../../runs/import-files.ts');
  const { parsePolicies } = await import('../../runs/candle-source.ts');
  const { checkStoreWritable } = await import('../../runs/output-file.ts');
  checkStoreWritable(host.storeRoot);
  const progress = createProgressLine(host.stderr, host.clock);
  const imported = await importFiles(
    {
      files: files.map((file) => resolve(host.folder, file)),
      exchange: options.exchange,
      symbol: options.symbol,
      timeframe: options.timeframe,
      policies: parsePolicies(options.policy, options.gaps),
      append: options.append === true,
      mixed: options.mixed === true,
      replace: options.replace === true,
    },
    host.storeRoot,
    host.clock,
    (path) => progress.update(() => `reading ${path} ...`),
  );
  progress.clear();
  if (options.json === true) {
    host.stdout.write(`${JSON.stringify({ imported })}\n`);
    return;
  }
  const { qualityText } = await import('../quality-output.ts');
  for (const { key, contentHash, report, notes: fileNotes, replaced } of imported) {
    const lost =
      replaced === undefined ? [] : [`replaced ${replaced.bars.toLocaleString('en')} candles from ${replaced.source}`];
    const notes = [...lost, ...fileNotes];
    host.stdout.write(`${qualityText(key, report, notes, contentHash, host.stdout)}\n`);
  }
  host.stdout.write(asCalled(`Use it: gridmill sweep sma-cross --data ${imported[0]!.key}\n`, host));
}
