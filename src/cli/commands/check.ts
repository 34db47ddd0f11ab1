// gridmill check: takes the future away and looks what changes.
import type { Command } from 'commander';
import { createStopSource } from '../../core/cancel.ts';
import { ERRORS } from '../../core/errors.ts';
import type { AuditReport } from '../../sweep/audit.ts';
import { type CommandContext, type ExitCode, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { duration, wholeNumber } from '../option-values.ts';
import { addDataOptions, type DataOptions, type GridOptions, modelMemoryOption, parameterOption } from '../options.ts';
import { createProgressLine } from '../progress.ts';
import { EXIT_CODE, runContext, windowSelection } from '../run-context.ts';

interface CheckOptions extends DataOptions, Pick<GridOptions, 'set'> {
  readonly profile: string;
  readonly variants: number;
  readonly cuts: number;
  readonly seed: number;
  readonly modelMemory?: number;
  readonly deadline?: number;
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command.argument('<strategy>', 'a built-in name or a .ts/.js file');
  addDataOptions(command);
  command
    .addOption(parameterOption())
    .option('--profile <name>', 'profile whose indicator arithmetic is used', 'close')
    .option('--variants <n>', 'variants of the grid to try, drawn by --seed', wholeNumber('--variants', 1, 10_000), 5)
    .option('--cuts <n>', 'places per variant at which the future is taken away', wholeNumber('--cuts', 1, 10_000), 8)
    .option('--seed <n>', 'seed of variants and places', wholeNumber('--seed', 0), 1)
    .addOption(modelMemoryOption())
    .option('--deadline <time>', 'stop then and print what was found: 60s, 5m', duration('--deadline'))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Everything is computed again with the candles after some bar cut off, blanked, and replaced by nonsense. A value at or
before that bar that changes has looked ahead. Without --data the candles are synthetic. Exit code 7: it looks ahead.
${examples(
  ['A strategy of your own', 'gridmill check ./my-strategy.ts'],
  ['On real candles, more places', 'gridmill check ./my-strategy.ts --data btc-1m.csv.gz --cuts 50'],
)}`,
    )
    .action(action((strategy: string, options: CheckOptions) => check(strategy, options, host)));
}

async function check(strategy: string, options: CheckOptions, host: Host): Promise<ExitCode> {
  const stop = createStopSource(host.clock, options.deadline);
  const { auditNamed } = await import('../../runs/audit-run.ts');
  const progress = createProgressLine(host.stderr, host.clock);
  const window = options.data === undefined ? undefined : await windowSelection(options);
  progress.update(() => `checking ${strategy} ...`);
  const { cuts, seed, variants, profile, set: parameters } = options;
  // No handler of Ctrl-C here: the audit never lets go of the thread, and half an audit is worth nothing.
  const { report, name, market, bars } = await auditNamed(
    { strategy, window, parameters, profile, variants, cuts, seed, stop },
    runContext(host, options),
  );
  progress.clear();
  if (options.json === true) {
    host.stdout.write(`${JSON.stringify({ strategy: name, market, bars, ...report })}\n`);
  } else {
    host.stdout.write(checkText(name, market, bars, report));
  }
  if (report.lookAhead.length > 0) return ERRORS.LOOK_AHEAD.exitCode;
  return report.stopped ? EXIT_CODE.deadline : 0;
}

function checkText(name: string, market: string, bars: number, report: AuditReport): string {
  const { lookAhead, warmUp, variants, withoutSignal, cuts, valuesCompared, stopped } = report;
  const count = (value: number): string => value.toLocaleString('en');
  const lines = [
    `${name} on ${market}, ${count(bars)} bars`,
    `${count(variants)} variants, ${count(cuts)} times without the future, ${count(valuesCompared)} values compared.`,
    '',
  ];
  for (const { where, method, parameters, bar, cut, withFuture, withoutFuture } of lookAhead) {
    lines.push(
      `LOOK-AHEAD in ${where}`,
      `  variant ${paramsText(parameters)}`,
      `  bar ${count(bar)} is ${withFuture}, and ${withoutFuture} when bars from ${count(cut)} on are ${method}`,
      '',
    );
  }
  for (const { parameters, warmUp: declared, settled } of warmUp) {
    lines.push(
      `Long memory: ${paramsText(parameters)}`,
      `  signals depend on where the history begins until bar ${count(settled)}${declared === null ? '' : `; the first value is at bar ${count(declared)}`}`,
      '',
    );
  }
  lines.push(lookAhead.length > 0 ? 'The strategy looks ahead: its results cannot be traded.' : 'No look-ahead found.');
  if (withoutSignal > 0) lines.push(withoutSignalText(withoutSignal, variants));
  if (warmUp.length > 0) lines.push('Give such variants more history before --from than their first value needs.');
  if (stopped) lines.push('Stopped before the end: not everything was checked.');
  return `${lines.join('\n')}\n`;
}

function withoutSignalText(without: number, variants: number): string {
  const advice = 'Check the conditions, or give other candles with --data.';
  return without === variants
    ? `No variant has any signal on these candles, so little was tested. ${advice}`
    : `${without} of ${variants} variants have no signal on these candles.`;
}

const paramsText = (parameters: Readonly<Record<string, number>>): string =>
  Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
