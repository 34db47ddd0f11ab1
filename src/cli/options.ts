// Option groups that several commands share, each with the shape of what it gives.
import { type Command, Option } from 'commander';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { parseTimeframe, timeframeMs } from '../market/timeframe.ts';
import { type Axis, choice } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { ACROSS, DEFAULT_ACROSS } from '../sweep/many-across.ts';
import { axis, bytes, numberAtLeast, share, shareAxis, wholeNumber } from './option-values.ts';

/** Which candles, which part of them, and what to do about their defects. */
export interface DataOptions {
  readonly data?: string;
  readonly timeframe?: string;
  readonly from?: string;
  readonly to?: string;
  readonly coldStart?: boolean;
  readonly gaps?: 'reject' | 'keep';
  readonly policy: Readonly<Record<string, string>>;
}

/** `many` takes --data again and again, as a list. */
export function addDataOptions(command: Command, markets: 'one' | 'many' = 'one'): void {
  const data = 'candles: a file (CSV, JSON, Parquet, Arrow), or a stored exchange/symbol/timeframe';
  command
    .optionsGroup('Candles:')
    .addOption(
      markets === 'one'
        ? new Option('--data <file|key>', data).argParser(onlyOnce)
        : new Option(
            '--data <files|keys>',
            `${data}; several markets: repeat it, or a,b,c, a folder, "binance/*/1h"`,
          ).argParser((text, earlier: readonly string[] = []) => [...earlier, text]),
    )
    .option('--timeframe <timeframe>', 'run on candles of this length, resampled when it is longer: 5m, 1h, 1d')
    .option('--from <time>', 'first open time that may trade, inclusive: 2024-01-01 or 2024-01-01T12:00Z (UTC)')
    .option('--to <time>', 'end of the window, exclusive')
    .option('--cold-start', 'indicators too begin at --from; by default they read the candles before it');
  addPolicyOptions(command);
}

function onlyOnce(text: string, earlier: string | undefined): string {
  if (earlier === undefined) return text;
  throw new AppError('REQUEST_INVALID', {
    rule: 'This command takes one market.',
    found: `--data ${earlier} and --data ${text}.`,
    todo: 'Leave one of them out; gridmill sweep takes several.',
  });
}

/** Several windows, and how variants are ranked across markets and windows. */
export function addManyOptions(command: Command): void {
  command
    .optionsGroup('Many markets and windows:')
    .option(
      '--windows <periods>',
      'windows that each market is tried in: 2023,2024, 2024-H1,2024-H2 or FROM..TO,FROM..TO',
    )
    .option(
      '--split <n>',
      'as many equal windows of the time that all markets have (or of --from to --to)',
      wholeNumber('--split', 2, LIMITS.cellsMax),
    )
    .addOption(
      new Option(
        '--across <rule>',
        `rank by this over all cells, a market in a window each; profitable is the share of cells with a gain (default: ${DEFAULT_ACROSS})`,
      ).choices(ACROSS),
    );
}

/** Most bytes of the models that a strategy names. */
export function modelMemoryOption(): Option {
  const standard = `${LIMITS.modelMemoryBytes / 1e6}MB`;
  return new Option(
    '--model-memory <bytes>',
    `most bytes of prediction models in memory (default: ${standard})`,
  ).argParser(bytes('--model-memory'));
}

/** How code of the user's is kept apart. */
export const isolateOption = (): Option =>
  new Option('--isolate <how>', 'run a strategy file behind guards against accidents, or in fenced processes')
    .choices(['thread', 'process'])
    .default('thread');

export function addPolicyOptions(command: Command): void {
  command
    .addOption(new Option('--gaps <policy>', 'missing candles').choices(['reject', 'keep']))
    .addOption(
      new Option(
        '--policy <defect=policy>',
        'what to do about a kind of defect (gridmill data check --help lists them)',
      )
        .argParser(collectPairs('--policy'))
        .default({}, 'by kind'),
    );
}

export function addExecutionOptions(command: Command): void {
  command
    .optionsGroup('Execution:')
    .option(
      '--profile <name>',
      'execution profile: when and at what price orders fill (default: close; for a controller hummingbot-corrected)',
    )
    .addOption(new Option('--direction <side>', 'sides that may be held').choices(['long', 'short', 'both']))
    .option('--cash <amount>', 'initial cash (default: 100, or the profile’s)', numberAtLeast('--cash', 0, true))
    .option('--fee <share>', 'fee per fill as a share of notional: 0.001, 0.1% or 10bps', share('--fee'))
    .option('--fixed-fee <amount>', 'fee per fill in quote currency', numberAtLeast('--fixed-fee', 0))
    .option('--slippage <share>', 'adverse move of the fill price', share('--slippage'))
    .addOption(
      new Option('--sizing <kind>', 'what --size counts').choices(['equity-fraction', 'fixed-notional', 'fixed-units']),
    )
    .option('--size <number>', 'size of a position, by --sizing (default: all cash)', numberAtLeast('--size', 0, true))
    .option('--size-step <units>', 'round sizes down to a multiple of this', numberAtLeast('--size-step', 0))
    .option('--min-size <units>', 'skip smaller orders', numberAtLeast('--min-size', 0))
    .option('--min-notional <amount>', 'skip orders of less value', numberAtLeast('--min-notional', 0))
    .option('--close-at-end', 'close a position left at the end, with costs, instead of marking it')
    .option('--no-close-at-end', 'mark it, whatever the profile does by default')
    .addOption(
      new Option('--calendar <name>', 'bars per year for annualised metrics')
        .choices(['continuous', 'equity-sessions'])
        .default('continuous'),
    )
    .option(
      '--instruments <file>',
      'for grid_strike: steps and smallest orders of its pair (default: those stored for its exchange)',
    );
}

/** Axes of the grid. */
export interface GridOptions {
  readonly set: Readonly<Record<string, Axis>>;
  readonly stopLoss?: Axis;
  readonly takeProfit?: Axis;
  readonly trailing?: Axis;
  readonly timeLimit?: Axis;
}

export function parameterOption(): Option {
  return new Option('--set <name=values>', 'values of a parameter: fast=5..50:5 or fast=5,8,13 (repeatable)')
    .argParser(collectAxes)
    .default({}, 'the strategy’s own');
}

export function addGridOptions(command: Command): void {
  command
    .optionsGroup('Parameters and barriers:')
    .addOption(parameterOption())
    .option(
      '--stop-loss <values>',
      'stop-loss as a share of the entry price: 2%, 0.02, 1%..5%:1% or 0,0.02,0.05 (0 = off)',
      shareAxis('--stop-loss'),
    )
    .option('--take-profit <values>', 'take-profit likewise', shareAxis('--take-profit'))
    .option('--trailing <values>', 'trailing stop likewise', shareAxis('--trailing'))
    .option(
      '--time-limit <bars>',
      'bars after entry at which a trade is closed: 60 or 30,60,120',
      axis('--time-limit'),
    );
}

function splitPair(option: string, text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) {
    throw new AppError('REQUEST_INVALID', {
      rule: `${option} must be written name=value.`,
      found: `"${text}".`,
      todo: option === '--set' ? 'Write for example --set fast=5..50:5.' : 'Write for example --policy spike=reject.',
    });
  }
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function refuseRepeated(option: string, name: string, earlier: Readonly<Record<string, unknown>>): void {
  if (!Object.hasOwn(earlier, name)) return;
  throw new AppError('REQUEST_INVALID', {
    rule: `${option} names each thing once.`,
    found: `${option} ${name}=… more than once.`,
    todo: option === '--set' ? `Put all values into one: --set ${name}=5,8,13.` : 'Leave one of them out.',
  });
}

function collectAxes(text: string, earlier: Readonly<Record<string, Axis>>): Readonly<Record<string, Axis>> {
  const [name, values] = splitPair('--set', text);
  refuseRepeated('--set', name, earlier);
  if (name === 'interval') return { ...earlier, interval_minutes: intervalAxis(values) };
  return { ...earlier, [name]: axis(`--set ${name}`)(values) };
}

/** Candle lengths of a controller as the minutes they have: 1m,3m,1h. */
function intervalAxis(text: string): Axis {
  const minutes = text.split(',').map((part) => timeframeMs(parseTimeframe(part.trim())) / 60_000);
  return choice(...minutes);
}

function collectPairs(option: string) {
  return (text: string, earlier: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const [name, value] = splitPair(option, text);
    refuseRepeated(option, name, earlier);
    return { ...earlier, [name]: value };
  };
}

/** What a reader of --take-profit 5 may not have meant: five times the entry price. */
export function barrierNotes({ takeProfit }: Omit<GridOptions, 'set'>): string[] {
  const far = takeProfit?.values.find((value) => value > 1);
  if (far === undefined) return [];
  return [
    `--take-profit ${far} is a gain of ${formatted(far * 100)} %; ${formatted(far)} % is written ${formatted(far)}%.`,
  ];
}

const formatted = (value: number): string => String(Number(value.toPrecision(6)));

/** The barrier options under the names the engine uses. */
export function riskAxes({ stopLoss, takeProfit, trailing, timeLimit }: Omit<GridOptions, 'set'>): RiskAxes {
  return {
    ...(stopLoss === undefined ? {} : { stopLoss }),
    ...(takeProfit === undefined ? {} : { takeProfit }),
    ...(trailing === undefined ? {} : { trailingStop: trailing }),
    ...(timeLimit === undefined ? {} : { timeLimit }),
  };
}
