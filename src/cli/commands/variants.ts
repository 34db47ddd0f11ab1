// gridmill variants: ranked rows kept under names: list, save, show, run and remove them.
import { type Command, Option } from 'commander';
import { LIMITS } from '../../core/limits.ts';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import { deliverRun, type RunOutputOptions } from '../deliver-run.ts';
import type { Host } from '../host.ts';
import { wholeNumber } from '../option-values.ts';
import { runContext } from '../run-context.ts';

interface JsonOption {
  readonly json?: boolean;
}

interface SaveOptions extends JsonOption {
  readonly result: string;
  readonly row: number;
  readonly cell?: number;
  readonly note?: string;
  readonly replace?: boolean;
}

interface RunOptions extends RunOutputOptions {
  readonly current?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      ['Keep the best row of the last sweep', 'gridmill variants save btc-trend --note "first to look at"'],
      ['What is kept, newest first', 'gridmill variants'],
      ['Run it again as it was scored; its result may be deleted by then', 'gridmill variants run btc-trend'],
      ['Run it on the candles that have come since', 'gridmill variants run btc-trend --current'],
    ),
  );
  command
    .command('list', { isDefault: true })
    .description('List named variants, newest first.')
    .option('--json', 'print one JSON array')
    .action(action((options: JsonOption) => list(options, host)));
  command
    .command('save')
    .description('Keep a ranked row under a name, with everything it takes to run it again.')
    .argument('<name>', 'a name: A-Z a-z 0-9 . _ -')
    .option('--result <id>', 'an id, its beginning, a result file, or latest', 'latest')
    .option('--row <n>', 'the ranked row', wholeNumber('--row', 1), 1)
    .option('--cell <n>', 'of a result over many markets and windows: the cell', wholeNumber('--cell', 1))
    .option('--note <text>', 'a note for people')
    .option('--replace', 'replace another variant of that name')
    .option('--json', 'print the variant')
    .action(action((name: string, options: SaveOptions) => save(name, options, host)));
  command
    .command('show')
    .description('Print a named variant.')
    .argument('<name>', 'its name')
    .option('--json', 'print one JSON object')
    .action(action((name: string, options: JsonOption) => show(name, options, host)));
  command
    .command('run')
    .description('Run a named variant again: metrics, trades, equity.')
    .argument('<name>', 'its name')
    .option('--current', 'on the candles that there are now, in place of those it was scored on')
    .option('--equity', 'with --json: the equity at each close; else a chart of it')
    .addOption(new Option('--trades <n|all>', 'trades listed').default('20'))
    .option('--json', 'print one JSON object with all trades')
    .action(action((name: string, options: RunOptions) => run(name, options, host)));
  command
    .command('remove')
    .description('Remove named variants.')
    .argument('<names...>', 'names')
    .option('--json', 'print the removed names')
    .action(action((names: string[], options: JsonOption) => remove(names, options, host)));
}

async function list({ json }: JsonOption, host: Host): Promise<undefined> {
  const { listVariants } = await import('../../runs/named-variants.ts');
  const { variants } = listVariants(host.storeRoot, { offset: 0, limit: LIMITS.variantsMax });
  if (json === true) {
    host.stdout.write(`${JSON.stringify(variants)}\n`);
    return;
  }
  const { variantsTable } = await import('../variants-output.ts');
  host.stdout.write(asCalled(`${variantsTable(variants, host.stdout)}\n`, host));
}

async function save(
  name: string,
  { result, row, cell, note, replace, json }: SaveOptions,
  host: Host,
): Promise<undefined> {
  const { saveVariant } = await import('../../runs/named-variants.ts');
  const order = { name, result, rank: row, cell, note, replace: replace === true };
  const { variant, isNew } = saveVariant(order, host);
  host.stdout.write(
    json === true
      ? `${JSON.stringify(variant)}\n`
      : `${isNew ? 'Saved' : 'Replaced'} ${name}: row ${variant.rank} of result ${variant.resultId}.\n`,
  );
}

async function show(name: string, { json }: JsonOption, host: Host): Promise<undefined> {
  const { findVariant } = await import('../../runs/named-variants.ts');
  const variant = findVariant(name, host.storeRoot);
  if (json === true) {
    host.stdout.write(`${JSON.stringify(variant)}\n`);
    return;
  }
  const { variantText } = await import('../variants-output.ts');
  host.stdout.write(asCalled(`${variantText(variant, host.stdout)}\n`, host));
}

async function run(name: string, options: RunOptions, host: Host): Promise<undefined> {
  const { runVariantNamed } = await import('../../runs/named-variants.ts');
  const context = runContext(host);
  const finished = await runVariantNamed(name, options.current === true, context);
  await deliverRun(finished, options, context, host);
}

async function remove(names: readonly string[], { json }: JsonOption, host: Host): Promise<undefined> {
  const { removeVariants } = await import('../../runs/named-variants.ts');
  const removed = removeVariants(names, host.storeRoot);
  host.stdout.write(json === true ? `${JSON.stringify({ removed })}\n` : `Removed ${removed.join(', ')}\n`);
}
