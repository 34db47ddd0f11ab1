// The command line: finds the subcommand, loads only its file, runs it, and turns the outcome into an exit code.
import { Command, CommanderError } from 'commander';
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { asCalled } from './called-as.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { COMMANDS } from './commands.ts';
import type { Host } from './host.ts';
import { reportError } from './report-error.ts';

const INTRO = 'Backtests trading strategies over candle history and ranks parameter grids.';

const OUTRO = `
Start here:
  # A whole sweep with a report, on downloaded or synthetic candles
  gridmill demo

  # Your own candles
  gridmill sweep sma-cross --data btc-1m.csv --timeframe 5m --set fast=5..50:5 --set slow=20..200:20

  # Your own strategy
  gridmill init my-strategy

Every command has --help with examples. Exit codes: 0 done, 1 a bug, 2 wrong usage, 3 data, 4 strategy,
5 a limit, 6 storage or network, 7 check found something, 124 deadline, 130 cancelled.
`;

/** Columns left for descriptions below which help is not wrapped: a terminal of 60 still wraps. */
const NARROWEST_HELP = 24;

/** Runs the command line `argv` (without node and script). Never throws: every outcome is an exit code. */
export async function runCli(argv: readonly string[], host: Host): Promise<number> {
  const asked = { json: argv.includes('--json'), debug: argv.includes('--debug') };
  try {
    let exitCode: ExitCode;
    const context: CommandContext = {
      host,
      action:
        (run) =>
        async (...args) => {
          exitCode = (await run(...args)) ?? undefined;
        },
    };
    const program = await buildProgram(argv, context);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode ?? 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportError(usageError(error, argv), host, asked);
  }
}

async function buildProgram(argv: readonly string[], context: CommandContext): Promise<Command> {
  const { host } = context;
  const program = new Command('gridmill');
  program
    .description(INTRO)
    .version(host.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ minWidthToWrap: NARROWEST_HELP })
    .configureOutput({
      writeOut: (text) => host.stdout.write(asCalled(text, host)),
      writeErr: (text) => host.stderr.write(asCalled(text, host)),
      // Errors are printed once, in one form, by reportError.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(host.stdout.columns, 110),
      getErrHelpWidth: () => Math.min(host.stderr.columns, 110),
      getOutHasColors: () => host.stdout.color,
      getErrHasColors: () => host.stderr.color,
    })
    .addHelpText('after', OUTRO);
  const called = argv.find((word) => !word.startsWith('-'));
  for (const { name, group, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary).description(capitalised(summary)).helpGroup(group);
    if (name !== called) continue;
    const { define } = await load();
    define(command, context);
    checkSubcommand(command, argv.slice(argv.indexOf(name) + 1));
    for (const leaf of [command, ...command.commands]) leaf.option('--debug', 'show the stack of an error');
  }
  if (called === undefined) {
    // A bare `gridmill` is a question, not a mistake.
    program.action(() => program.outputHelp());
  } else if (!COMMANDS.some(({ name }) => name === called)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A command must be one of those listed by `gridmill --help`.',
      found: `"${called}".${didYouMean(
        called,
        COMMANDS.map(({ name }) => name),
      )}`,
      todo: 'Run gridmill --help.',
    });
  }
  return program;
}

/** A word where a subcommand belongs must be one. Without this a default subcommand would take it for its argument. */
function checkSubcommand(command: Command, rest: readonly string[]): void {
  const known = command.helpCommand(false).commands.map((leaf) => leaf.name());
  const word = rest[0];
  if (known.length === 0 || word === undefined || word.startsWith('-') || known.includes(word)) return;
  throw new AppError('REQUEST_INVALID', {
    rule: `gridmill ${command.name()} has the subcommands ${known.join(', ')}.`,
    found: `"${word}".${didYouMean(word, known)}`,
    todo: `Run gridmill ${command.name()} --help.`,
  });
}

const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Mistakes that the option parser found, as an error of ours. */
function usageError(error: unknown, argv: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const found = error.message.replace(/^error: /, '').replace(/\n\(/, ' (');
  const choices = found.match(/argument '(.*)' is invalid\. Allowed choices are (.*)\.$/);
  const meant = choices === null ? '' : didYouMean(choices[1]!, choices[2]!.split(', '));
  const command = COMMANDS.find(({ name }) => argv.includes(name));
  return new AppError('REQUEST_INVALID', {
    found: `${/[.?!)]$/.test(found) ? found : `${found}.`}${meant}`,
    todo: `Run gridmill ${command === undefined ? '' : `${command.name} `}--help.`,
  });
}
