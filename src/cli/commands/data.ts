// gridmill data: list, check, resample, export and remove candles.
import type { Command } from 'commander';
import { asCalled } from '../called-as.ts';
import { type CommandContext, type ExitCode, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { addPolicyOptions, type DataOptions } from '../options.ts';
import { runContext } from '../run-context.ts';

interface JsonOption {
  readonly json?: boolean;
}

interface ResampleOptions extends JsonOption {
  readonly timeframe: string;
  readonly replace?: boolean;
}

type PolicyOptions = Pick<DataOptions, 'gaps' | 'policy' | 'timeframe'>;
type ExportOptions = PolicyOptions & JsonOption & Pick<DataOptions, 'from' | 'to'> & { readonly out: string };

export function define(command: Command, context: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      ['What is stored', 'gridmill data list'],
      ['Is a stored series sound, or a file fit to be imported', 'gridmill data check binance/BTCUSDT/1m other.csv.gz'],
      ['Hourly candles from minutes, stored beside them', 'gridmill data resample binance/BTCUSDT/1m --timeframe 1h'],
      [
        'One quarter as Parquet',
        'gridmill data export binance/BTCUSDT/1h --from 2024-01 --to 2024-04 --out q1.parquet',
      ],
    ),
  );
  defineList(command, context);
  defineCheck(command, context);
  defineResample(command, context);
  defineExport(command, context);
  defineRemove(command, context);
}

function defineList(command: Command, { host, action }: CommandContext): void {
  command
    .command('list', { isDefault: true })
    .description('List stored candles.')
    .option('--json', 'print one JSON array')
    .action(action((options: JsonOption) => list(options, host)));
}

function defineCheck(command: Command, { host, action }: CommandContext): void {
  const leaf = command
    .command('check')
    .description('Check stored candles or files: checksums, content hash, gaps, duplicates, ranges, spikes.')
    .argument('[names...]', 'keys or files; all stored candles when left out')
    .option('--timeframe <timeframe>', 'timeframe of a file whose times do not tell it');
  addPolicyOptions(leaf);
  leaf
    .option('--json', 'print one JSON object')
    .addHelpText('after', `\n${POLICY_HELP}`)
    .action(action((names: string[], options: PolicyOptions & JsonOption) => check(names, options, host)));
}

const POLICY_HELP = `Kinds of defect and what can be done about them (the default first):
  not-finite             reject repair   a time or price that is no number; repair removes the candle
  non-positive-price     reject repair   repair removes the candle
  inconsistent-range     reject repair   high below, or low above, open or close; repair widens them
  negative-volume        reject repair   repair sets 0
  missing-volume         repair reject   repair sets 0
  out-of-order           repair reject   repair sorts
  duplicate              repair reject   the same candle twice; repair removes one
  conflicting-duplicate  reject repair   one time, different values; repair keeps the last
  wrong-timeframe        reject keep     the usual step is another than the timeframe
  misaligned             reject keep     times off the grid of the timeframe
  gap                    keep reject     missing candles; never filled
  zero-volume-filler     keep reject     the last close repeated without volume
  spike                  keep reject     a move many times that of its neighbours
`;

function defineResample(command: Command, { host, action }: CommandContext): void {
  command
    .command('resample')
    .description('Store candles of a longer timeframe, built from stored ones.')
    .argument('<key>', 'exchange/symbol/timeframe')
    .requiredOption('--timeframe <timeframe>', 'a multiple of the stored one: 5m, 1h, 1d')
    .option('--replace', 'replace candles of that timeframe even when they were not resampled from these')
    .option('--json', 'print one JSON object')
    .action(action((key: string, options: ResampleOptions) => resample(key, options, host)));
}

function defineExport(command: Command, { host, action }: CommandContext): void {
  const leaf = command
    .command('export')
    .description('Write candles as CSV, Parquet or Arrow.')
    .argument('<data>', 'a key or a file')
    .requiredOption('-o, --out <file>', 'file to write; its ending names the format: .csv, .parquet, .arrow')
    .option('--timeframe <timeframe>', 'resample to this first')
    .option('--from <time>', 'first open time, inclusive')
    .option('--to <time>', 'end, exclusive');
  addPolicyOptions(leaf);
  leaf
    .option('--json', 'print one JSON object')
    .action(action((data: string, options: ExportOptions) => exportCandles(data, options, host)));
}

function defineRemove(command: Command, { host, action }: CommandContext): void {
  command
    .command('remove')
    .description('Remove stored candles.')
    .argument('<keys...>', 'exchange/symbol/timeframe')
    .option('--json', 'print one JSON object')
    .action(action((keys: string[], options: JsonOption) => remove(keys, options, host)));
}

async function list({ json }: JsonOption, host: Host): Promise<undefined> {
  const { openCandleStore } = await import('../../store/candle-store.ts');
  const { keyText } = await import('../../market/candle-key.ts');
  const entries = openCandleStore(host.storeRoot).list();
  if (json === true) {
    const items = entries.map(({ key, path, bytes, header, damage }) => ({
      key: keyText(key),
      path,
      bytes,
      ...(header === undefined
        ? { damage }
        : {
            bars: header.barCount,
            from: new Date(header.firstTime).toISOString(),
            to: new Date(header.lastTime).toISOString(),
            contentHash: header.contentHash,
            source: header.source,
          }),
    }));
    host.stdout.write(`${JSON.stringify(items)}\n`);
    return;
  }
  const { candlesTable } = await import('../data-output.ts');
  host.stdout.write(asCalled(`${candlesTable(entries, host.stdout)}\n`, host));
}

async function check(names: readonly string[], options: PolicyOptions & JsonOption, host: Host): Promise<ExitCode> {
  const { checkData } = await import('../../runs/check-data.ts');
  const { parsePolicies } = await import('../../runs/candle-source.ts');
  const policies = parsePolicies(options.policy, options.gaps);
  const checked = await checkData(names, { timeframe: options.timeframe, policies }, runContext(host));
  const failed = checked.find((one) => one.error !== undefined)?.error;
  if (options.json === true) {
    const items = checked.map(({ error, ...rest }) => ({
      ...rest,
      ok: error === undefined,
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    }));
    host.stdout.write(`${JSON.stringify({ checked: items })}\n`);
  } else {
    const { qualityText } = await import('../quality-output.ts');
    for (const { name, report, contentHash, notes, error } of checked) {
      host.stdout.write(
        report === undefined
          ? `${name}\n  ${error?.code}: ${error?.message}\n\n`
          : `${qualityText(name, report, notes, contentHash, host.stdout)}\n`,
      );
    }
    if (checked.length === 0)
      host.stdout.write(asCalled('Nothing is stored yet. gridmill import FILE puts candles there.\n', host));
  }
  return failed?.exitCode;
}

async function resample(text: string, { timeframe, replace, json }: ResampleOptions, host: Host): Promise<undefined> {
  const { resampleStored } = await import('../../runs/stored-candles.ts');
  const made = resampleStored(text, timeframe, host.storeRoot, host.clock, replace === true);
  const lost = made.replaced && `, in place of ${made.replaced.bars.toLocaleString('en')} from ${made.replaced.source}`;
  host.stdout.write(
    json === true
      ? `${JSON.stringify(made)}\n`
      : `${made.key}: ${made.bars.toLocaleString('en')} candles from ${made.fromBars.toLocaleString('en')}${lost ?? ''}\n`,
  );
}

async function exportCandles(data: string, options: ExportOptions, host: Host): Promise<undefined> {
  const { outputPath, writeOutput } = await import('../../runs/output-file.ts');
  const { parsePolicies } = await import('../../runs/candle-source.ts');
  const { loadWindow } = await import('../../runs/window-selection.ts');
  const { candleFormat, encodeCandles } = await import('../../runs/export-candles.ts');
  const path = outputPath(host.folder, options.out);
  const format = candleFormat(path);
  const { timeframe, from, to } = options;
  const policies = parsePolicies(options.policy, options.gaps);
  const { window } = await loadWindow({ data, timeframe, from, to, policies }, runContext(host));
  writeOutput(path, [await encodeCandles(window.candles, format)]);
  const bars = window.candles.barCount;
  host.stdout.write(
    options.json === true
      ? `${JSON.stringify({ path, format, bars, timeframe: window.candles.timeframe })}\n`
      : `${bars.toLocaleString('en')} candles of ${window.candles.timeframe}: ${path}\n`,
  );
}

async function remove(keys: readonly string[], { json }: JsonOption, host: Host): Promise<undefined> {
  const { removeStored } = await import('../../runs/stored-candles.ts');
  const removed = removeStored(keys, host.storeRoot);
  host.stdout.write(json === true ? `${JSON.stringify({ removed })}\n` : `Removed ${removed.join(', ')}\n`);
}
