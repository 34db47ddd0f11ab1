// gridmill studies: list, show, compare and remove studies.
import type { Command } from 'commander';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';

interface JsonOption {
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      ['What there is, newest first', 'gridmill studies'],
      ['How far one came, its best rows, where the best tenth lies', 'gridmill studies show my-study'],
      ['Did a longer search or another seed find the same?', 'gridmill studies compare my-study other-study'],
    ),
  );
  command
    .command('list', { isDefault: true })
    .description('List studies, newest first.')
    .option('--json', 'print one JSON array')
    .action(action((options: JsonOption) => list(options, host)));
  command
    .command('show')
    .description('Print a study.')
    .argument('<study>', 'its name')
    .option('--json', 'print one JSON object')
    .action(action((name: string, options: JsonOption) => show(name, options, host)));
  command
    .command('compare')
    .description('Print two studies side by side: what differs in the request, best rows, ranges of the best tenth.')
    .argument('<a>', 'name of a study')
    .argument('<b>', 'name of another')
    .option('--json', 'print one JSON object')
    .action(action((a: string, b: string, options: JsonOption) => compare(a, b, options, host)));
  command
    .command('remove')
    .description('Remove studies with their trials; results that they left stay.')
    .argument('<studies...>', 'names')
    .option('--json', 'print the removed names')
    .action(action((names: string[], options: JsonOption) => remove(names, options, host)));
}

async function list({ json }: JsonOption, host: Host): Promise<undefined> {
  const { openStudyStore } = await import('../../store/study-store.ts');
  const entries = openStudyStore(host.storeRoot).list();
  if (json === true) {
    const items = entries.map(({ name, study, damage }) =>
      study === undefined
        ? { name, damage }
        : {
            name,
            createdAt: new Date(study.createdAt).toISOString(),
            ...study.summary,
            status: 'begun',
            ...study.state?.summary,
          },
    );
    host.stdout.write(`${JSON.stringify(items)}\n`);
    return;
  }
  const { studiesTable } = await import('../studies-output.ts');
  host.stdout.write(`${studiesTable(entries, host.stdout)}\n`);
}

async function show(name: string, { json }: JsonOption, host: Host): Promise<undefined> {
  const { bodyOf, findStudy, stateOf } = await import('../../runs/study-files.ts');
  const study = findStudy(name, host.storeRoot);
  if (json === true) {
    const { selection, engineVersion, identity } = bodyOf(study);
    host.stdout.write(
      `${JSON.stringify({ name, engineVersion, identity, selection, state: stateOf(study) ?? null })}\n`,
    );
    return;
  }
  const { studyDetails } = await import('../studies-output.ts');
  host.stdout.write(`${studyDetails(study, host)}\n`);
}

async function compare(a: string, b: string, { json }: JsonOption, host: Host): Promise<undefined> {
  const { bodyOf, differencesOf, findStudy, stateOf } = await import('../../runs/study-files.ts');
  const [one, other] = [findStudy(a, host.storeRoot), findStudy(b, host.storeRoot)];
  const differences = differencesOf(bodyOf(one), bodyOf(other));
  const [left, right] = [stateOf(one) ?? null, stateOf(other) ?? null];
  const sameHash = left !== null && right !== null && left.studyHash === right.studyHash;
  if (json === true) {
    host.stdout.write(`${JSON.stringify({ sameHash, differences, a: left, b: right })}\n`);
    return;
  }
  const { comparisonText } = await import('../studies-output.ts');
  host.stdout.write(`${comparisonText(one, other, differences, host.stdout)}\n`);
}

async function remove(names: readonly string[], { json }: JsonOption, host: Host): Promise<undefined> {
  const { findStudy } = await import('../../runs/study-files.ts');
  const { openStudyStore } = await import('../../store/study-store.ts');
  const store = openStudyStore(host.storeRoot);
  // Nothing is removed when a name is mistyped.
  for (const name of names) findStudy(name, host.storeRoot);
  for (const name of new Set(names)) store.remove(name);
  host.stdout.write(json === true ? `${JSON.stringify({ removed: names })}\n` : `Removed ${names.join(', ')}\n`);
}
