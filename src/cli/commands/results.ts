// gridmill results: list, show, compare, delete and prune stored results.
import type { Command } from 'commander';
import { LIMITS } from '../../core/limits.ts';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { wholeNumber } from '../option-values.ts';

interface JsonOption {
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      ['What there is, newest first', 'gridmill results list'],
      ['The ranked table of the last sweep again', 'gridmill results show latest'],
      ['What differs between two, and do they agree on what is good?', 'gridmill results compare 3f2a91 latest'],
      ['Keep the newest hundred', 'gridmill results prune --keep 100'],
    ),
  );
  command
    .command('list', { isDefault: true })
    .description('List stored results, newest first.')
    .option('--json', 'print one JSON array')
    .action(action((options: JsonOption) => list(options, host)));
  command
    .command('show')
    .description('Print a stored result.')
    .argument('[result]', 'an id, its beginning, a result file, or latest', 'latest')
    .option('--source', 'print the source of its strategy file instead')
    .option('--json', 'print the whole record')
    .action(
      action((result: string, options: JsonOption & { readonly source?: boolean }) => show(result, options, host)),
    );
  command
    .command('compare')
    .description('Print two results side by side: differing settings, best rows, agreement of their orders.')
    .argument('<a>', 'an id, its beginning, a result file, or latest')
    .argument('<b>', 'another')
    .option('--rows <n>', 'best rows of each', wholeNumber('--rows', 0, LIMITS.comparedRowsMax), 10)
    .option('--json', 'print one JSON object')
    .action(
      action((a: string, b: string, options: JsonOption & { readonly rows: number }) => compare(a, b, options, host)),
    );
  command
    .command('delete')
    .description('Delete stored results.')
    .argument('<results...>', 'ids, their beginnings, or latest')
    .option('--json', 'print the deleted ids')
    .action(action((results: string[], options: JsonOption) => remove(results, options, host)));
  command
    .command('prune')
    .description('Delete all but the newest results.')
    .requiredOption('--keep <n>', 'results to keep', wholeNumber('--keep', 0, LIMITS.resultsMax))
    .option('--json', 'print the deleted ids')
    .action(action((options: JsonOption & { readonly keep: number }) => prune(options, host)));
}

async function list({ json }: JsonOption, host: Host): Promise<undefined> {
  const { openResultStore } = await import('../../store/result-store.ts');
  const entries = openResultStore(host.storeRoot).list();
  if (json === true) {
    const items = entries.map(({ id, bytes, head, damage }) => ({
      id,
      bytes,
      ...(head === undefined ? { damage } : { createdAt: new Date(head.createdAt).toISOString(), ...head.summary }),
    }));
    host.stdout.write(`${JSON.stringify(items)}\n`);
    return;
  }
  const { resultsTable } = await import('../results-output.ts');
  host.stdout.write(asCalled(`${resultsTable(entries, host.stdout)}\n`, host));
}

async function show(
  reference: string,
  options: JsonOption & { readonly source?: boolean },
  host: Host,
): Promise<undefined> {
  const { loadResult } = await import('../../runs/saved-results.ts');
  const { id, record } = loadResult(reference, host);
  if (options.source === true) {
    host.stdout.write(record.strategy.source ?? `// ${record.strategy.name} is built in.\n`);
    return;
  }
  if (options.json === true) {
    const printed = { ...record, heatmap: undefined };
    host.stdout.write(`${JSON.stringify({ resultId: id, ...printed })}\n`);
    return;
  }
  const { recordText } = await import('../deliver.ts');
  host.stdout.write(
    `${await recordText(record, host.stdout)}Result ${id}, ${record.createdAt}, hash ${record.resultHash}\n`,
  );
}

async function compare(
  a: string,
  b: string,
  { json, rows }: JsonOption & { readonly rows: number },
  host: Host,
): Promise<undefined> {
  const { loadResult } = await import('../../runs/saved-results.ts');
  const { compareResults } = await import('../../runs/compare-results.ts');
  const comparison = compareResults(loadResult(a, host), loadResult(b, host), rows);
  if (json === true) {
    host.stdout.write(`${JSON.stringify(comparison)}\n`);
    return;
  }
  const { resultComparisonText } = await import('../comparison-output.ts');
  host.stdout.write(`${resultComparisonText(comparison, host.stdout)}\n`);
}

async function remove(references: readonly string[], { json }: JsonOption, host: Host): Promise<undefined> {
  const { removeResults } = await import('../../runs/saved-results.ts');
  const deleted = removeResults(references, host.storeRoot);
  host.stdout.write(json === true ? `${JSON.stringify({ deleted })}\n` : `Deleted ${deleted.join(', ')}\n`);
}

async function prune({ keep, json }: JsonOption & { readonly keep: number }, host: Host): Promise<undefined> {
  const { openResultStore } = await import('../../store/result-store.ts');
  const deleted = openResultStore(host.storeRoot).prune(keep);
  host.stdout.write(
    json === true ? `${JSON.stringify({ deleted })}\n` : `Deleted ${deleted.length}, kept ${keep} at most.\n`,
  );
}
