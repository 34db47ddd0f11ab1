// gridmill diff: a Hummingbot controller under Hummingbot's own rules and under the corrected ones, executor by executor.
import { type Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { DiffSelection } from '../../runs/controller-diff.ts';
import type { ExecutionSelection } from '../../runs/execution-selection.ts';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { share, wholeNumber } from '../option-values.ts';
import { addDataOptions, type DataOptions, type GridOptions, parameterOption } from '../options.ts';
import { createProgressLine } from '../progress.ts';
import { runContext, windowSelection } from '../run-context.ts';

interface DiffOptions extends DataOptions, Pick<GridOptions, 'set'>, Pick<ExecutionSelection, 'fee' | 'instruments'> {
  readonly profileA: string;
  readonly profileB: string;
  readonly limit: number;
  readonly sort: 'change' | 'time';
  readonly out?: string;
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command.argument('<controller>', "a Hummingbot controller's .yml or .json file");
  addDataOptions(command);
  command
    .optionsGroup('Comparison:')
    .addOption(parameterOption())
    .option('--profile-a <name>', 'what to compare', 'hummingbot')
    .option('--profile-b <name>', '… with what', 'hummingbot-corrected')
    .option('--fee <share>', 'fee per side as a share of notional: 0.0006, 0.06% or 6bps', share('--fee'))
    .option('--instruments <file>', 'for grid_strike: steps and smallest orders of its pair')
    .optionsGroup('Output:')
    .option('--limit <n>', 'differing executors listed', wholeNumber('--limit', 0), 20)
    .addOption(
      new Option('--sort <order>', 'largest change of P&L first, or in order of time')
        .choices(['change', 'time'])
        .default('change'),
    )
    .option('--out <file>', 'also write every differing executor: .csv, .json or .parquet')
    .option('--json', 'print one JSON object; --limit holds there too')
    .addHelpText(
      'after',
      `
Runs the controller under both profiles, and under the first with each fix alone, so that every difference has a cause.
${examples(
  [
    "How far is Hummingbot's back-test from fills that could have happened?",
    'gridmill diff bollinger.yml --data btc-1m.csv.gz --fee 0.06%',
  ],
  [
    'Every differing executor, for a spreadsheet',
    'gridmill diff pmm.yml --data btc-1m.csv.gz --fee 2bps --out diff.csv',
  ],
)}`,
    )
    .action(action((controller: string, options: DiffOptions) => diff(controller, options, host)));
}

async function diff(controller: string, options: DiffOptions, host: Host): Promise<undefined> {
  const { diffController, diffJson, diffRecords } = await import('../../runs/controller-diff.ts');
  const { controllerNotes } = await import('../../runs/controller-notes.ts');
  const out = options.out === undefined ? undefined : await outputFile(host, options.out);
  const context = runContext(host);
  const progress = createProgressLine(host.stderr, host.clock);
  const selection: DiffSelection = {
    strategy: controller,
    window: await windowSelection(options),
    execution: { fee: options.fee, instruments: options.instruments, calendar: 'continuous' },
    parameters: options.set,
    profileA: options.profileA,
    profileB: options.profileB,
  };
  progress.update(() => `reading ${selection.window.data} ...`);
  const finished = await diffController(selection, context, (done, all) =>
    progress.update(() => `${done} of ${all} runs ...`),
  );
  progress.clear();
  for (const text of controllerNotes(finished.loadedStrategy.strategy, finished.execution)) {
    host.stderr.write(asCalled(`note: ${text}\n`, host));
  }
  if (options.json === true) host.stdout.write(`${JSON.stringify(diffJson(finished, context, options))}\n`);
  else {
    const { diffText } = await import('../diff-output.ts');
    host.stdout.write(diffText(finished, options, host.stdout));
  }
  if (out === undefined) return;
  const { encodeRecords } = await import('../../runs/all-results.ts');
  const { writeOutput } = await import('../../runs/output-file.ts');
  writeOutput(out, await encodeRecords(out, diffRecords(finished)));
  const count = finished.compared.executors.length.toLocaleString('en');
  (options.json === true ? host.stderr : host.stdout).write(`All ${count} differing executors: ${out}\n`);
}

/** Refused before anything is run. Errors: STORE_UNWRITABLE, REQUEST_INVALID. */
async function outputFile(host: Host, name: string): Promise<string> {
  const { outputPath } = await import('../../runs/output-file.ts');
  if (!/\.(csv|json|parquet)$/i.test(name)) {
    throw new AppError('REQUEST_INVALID', {
      rule: '--out must name a .csv, .json or .parquet file.',
      found: `"${name}".`,
      todo: 'Write for example --out diff.csv.',
    });
  }
  return outputPath(host.folder, name);
}
