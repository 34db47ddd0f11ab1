// gridmill data instruments: lists of steps and smallest orders, one per exchange.
import type { Command } from 'commander';
import { asCalled } from './called-as.ts';
import { type CommandContext, examples } from './command.ts';
import type { Host } from './host.ts';
import { runContext } from './run-context.ts';

interface ImportOptions {
  readonly exchange: string;
  readonly json?: boolean;
}

interface ShowOptions {
  readonly symbol?: string;
  readonly json?: boolean;
}

export function defineInstruments(command: Command, { host, action }: CommandContext): void {
  const group = command
    .command('instruments')
    .description('Steps of price and size and smallest orders, as grids of Hummingbot controllers use them.')
    .addHelpText(
      'after',
      examples(
        [
          "Binance's own list, as its API gives it",
          'gridmill data instruments import exchangeInfo.json --exchange binance',
        ],
        [
          'A list of your own: symbol,tick_size,step_size,min_notional,min_amount',
          'gridmill data instruments import my.csv --exchange kraken',
        ],
        ['What is stored for a pair', 'gridmill data instruments show binance --symbol WLD-USDT'],
      ),
    );
  group
    .command('import')
    .description("Store the list of an exchange: Binance's exchangeInfo, JSON or CSV. It replaces the one before.")
    .argument('<file>', 'the list')
    .requiredOption('--exchange <name>', 'as connector_name has it: binance serves binance and binance_perpetual')
    .option('--json', 'print one JSON object')
    .action(action((file: string, options: ImportOptions) => importList(file, options, host)));
  group
    .command('show')
    .description('Show what is stored.')
    .argument('[exchange]', 'all exchanges when left out')
    .option('--symbol <name>', 'one pair: WLDUSDT or WLD-USDT')
    .option('--json', 'print one JSON array')
    .action(action((exchange: string | undefined, options: ShowOptions) => show(exchange, options, host)));
}

async function importList(file: string, { exchange, json }: ImportOptions, host: Host): Promise<undefined> {
  const { importInstruments } = await import('../runs/instrument-rules.ts');
  const { stored, notes } = await importInstruments(file, exchange, runContext(host));
  const { instruments, hash } = stored;
  if (json === true) {
    host.stdout.write(`${JSON.stringify({ exchange, instruments: instruments.length, hash, notes })}\n`);
    return;
  }
  const lines = [
    `${exchange}: ${instruments.length === 1 ? '1 instrument' : `${instruments.length.toLocaleString('en')} instruments`}, hash ${hash.slice(0, 12)}`,
    ...notes,
  ];
  host.stdout.write(`${lines.join('\n')}\n`);
}

async function show(exchange: string | undefined, { symbol, json }: ShowOptions, host: Host): Promise<undefined> {
  const { storedInstruments } = await import('../runs/instrument-rules.ts');
  const lists = storedInstruments(exchange, symbol, host.storeRoot);
  if (json === true) {
    host.stdout.write(`${JSON.stringify(lists)}\n`);
    return;
  }
  if (lists.length === 0) {
    host.stdout.write(
      asCalled(
        'Nothing is stored yet. gridmill data instruments import FILE --exchange NAME puts a list there.\n',
        host,
      ),
    );
    return;
  }
  const { instrumentsText } = await import('./instrument-output.ts');
  for (const list of lists) host.stdout.write(instrumentsText(list, host.stdout));
}
