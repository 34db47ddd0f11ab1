// gridmill fetch: downloads candles into the store.
import { type Command, Option } from 'commander';
import type { Download } from '../../runs/fetch-candles.ts';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { addPolicyOptions, type DataOptions } from '../options.ts';
import { createProgressLine } from '../progress.ts';
import { runContext } from '../run-context.ts';

interface FetchOptions extends Pick<DataOptions, 'from' | 'to' | 'gaps' | 'policy'> {
  readonly timeframe: string;
  readonly market: Download['market'];
  readonly via?: Download['via'];
  readonly json?: boolean;
}

const YEAR_MS = 365 * 86_400_000;

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .argument('<exchange>', 'binance, or any exchange that ccxt knows')
    .argument('<symbol>', 'BTCUSDT or BTC/USDT')
    .option('--timeframe <timeframe>', 'length of the candles', '1m')
    .option('--from <time>', 'first open time, inclusive (default: a year ago)')
    .option('--to <time>', 'end, exclusive (default: now); only closed candles are kept')
    .addOption(
      new Option('--market <name>', 'spot, or usdm for futures in USD').choices(['spot', 'usdm']).default('spot'),
    )
    .addOption(
      new Option('--via <route>', 'archive files, or ccxt (default: archive for binance)').choices(['archive', 'ccxt']),
    );
  addPolicyOptions(command);
  command
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
What is stored under the key already is joined with what comes. A download that broke off is taken up by running it
again: files and pages already there are not fetched twice. ccxt is an optional package: npm install ccxt.
${examples(
  ['A year of minutes from the archives of Binance', 'gridmill fetch binance BTCUSDT --from 2024 --to 2025'],
  ['Hourly candles of another exchange', 'gridmill fetch kraken BTC/USD --timeframe 1h --from 2024-01'],
)}`,
    )
    .action(
      action((exchange: string, symbol: string, options: FetchOptions) =>
        fetchCandles(exchange, symbol, options, host),
      ),
    );
}

async function fetchCandles(exchange: string, symbol: string, options: FetchOptions, host: Host): Promise<undefined> {
  const { bestRoute, closedBefore } = await import('../../runs/fetch-candles.ts');
  const { fetchIntoStore } = await import('../../runs/fetch-into-store.ts');
  const { parsePolicies } = await import('../../runs/candle-source.ts');
  const { checkStoreWritable } = await import('../../runs/output-file.ts');
  const { parseTime } = await import('../../runs/time-text.ts');
  const { parseTimeframe } = await import('../../market/timeframe.ts');
  checkStoreWritable(host.storeRoot);
  const timeframe = parseTimeframe(options.timeframe);
  const now = closedBefore(host.clock.wallMs(), timeframe);
  const toMs = options.to === undefined ? now : Math.min(parseTime('--to', options.to), now);
  const fromMs = options.from === undefined ? toMs - YEAR_MS : parseTime('--from', options.from);
  const { market, via = bestRoute(exchange) } = options;
  const progress = createProgressLine(host.stderr, host.clock);
  progress.update(() => `asking ${exchange} ...`);
  const fetched = await fetchIntoStore(
    { exchange, market, symbol, timeframe, fromMs, toMs, via },
    parsePolicies(options.policy, options.gaps),
    runContext(host),
    (text) => progress.update(() => text),
  ).finally(progress.clear);
  if (options.json === true) {
    host.stdout.write(`${JSON.stringify(fetched)}\n`);
    return;
  }
  const { qualityText } = await import('../quality-output.ts');
  const { formatDuration } = await import('../../report/format.ts');
  const { key, report, notes, contentHash, downloadMs } = fetched;
  host.stdout.write(
    `${qualityText(key, report, notes, contentHash, host.stdout)}\nDownloaded in ${formatDuration(downloadMs)}.\n` +
      asCalled(`Use it: gridmill sweep sma-cross --data ${key}\n`, host),
  );
}
