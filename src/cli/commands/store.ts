// gridmill store: back up, restore and verify what the store folder holds.
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackupList } from '../../store/backup-archive.ts';
import { type CommandContext, type ExitCode, examples } from '../command.ts';
import type { Host } from '../host.ts';

interface JsonOption {
  readonly json?: boolean;
}

/** The check found something, as in the table of docs/cli.md. */
const FOUND = 7;

export function define(command: Command, { host, action }: CommandContext): void {
  command.addHelpText(
    'after',
    examples(
      [
        'Everything in one file that is written once and read through, also while the service runs',
        'gridmill store backup gridmill-2025-06-01.tar',
      ],
      [
        'Is a backup whole? Is the store itself?',
        'gridmill store verify gridmill-2025-06-01.tar && gridmill store verify',
      ],
      ['Into an empty folder', 'GRIDMILL_HOME=/srv/gridmill gridmill store restore gridmill-2025-06-01.tar'],
    ),
  );
  command
    .command('backup')
    .description('Write candles, results, studies and the queue to a new file.')
    .argument('<file>', 'a file that does not exist yet')
    .option('--json', 'print one JSON object')
    .action(action((file: string, options: JsonOption) => backup(file, options, host)));
  command
    .command('restore')
    .description('Put a backup into an empty store folder (GRIDMILL_HOME).')
    .argument('<file>', 'a backup')
    .option('--json', 'print one JSON object')
    .action(action((file: string, options: JsonOption) => restore(file, options, host)));
  command
    .command('verify')
    .description('Read a backup, or the store itself, through and check every byte.')
    .argument('[file]', 'a backup; the store when left out')
    .option('--json', 'print one JSON object')
    .action(action((file: string | undefined, options: JsonOption) => verify(file, options, host)));
}

async function backup(file: string, options: JsonOption, host: Host): Promise<undefined> {
  const { writeBackup } = await import('../../store/backup.ts');
  const { removeQueueCopy, copyQueue, QUEUE_DATABASE } = await import('../../jobs/queue-copy.ts');
  const target = resolve(host.folder, file);
  const copy = join(dirname(target), `.gridmill-queue-${host.newId()}.tmp`);
  try {
    const hasQueue = await copyQueue(host.storeRoot, copy);
    const list = writeBackup(
      {
        root: host.storeRoot,
        instead: new Map(hasQueue ? [[QUEUE_DATABASE, copy]] : []),
        engineVersion: host.version,
        createdAt: host.clock.wallMs(),
      },
      target,
    );
    tell(list, `written to ${file} and read through`, options, host);
  } finally {
    removeQueueCopy(copy);
  }
}

async function restore(file: string, options: JsonOption, host: Host): Promise<undefined> {
  const { restoreBackup } = await import('../../store/backup.ts');
  const list = restoreBackup(resolve(host.folder, file), host.storeRoot);
  tell(list, `restored to ${host.storeRoot}`, options, host);
}

async function verify(file: string | undefined, options: JsonOption, host: Host): Promise<ExitCode> {
  if (file !== undefined) {
    const { verifyBackup } = await import('../../store/backup.ts');
    tell(verifyBackup(resolve(host.folder, file)), `in ${file} are whole`, options, host);
    return;
  }
  const { checkStore } = await import('../store-check.ts');
  const { counts, damage } = await checkStore(host.storeRoot);
  if (options.json === true) host.stdout.write(`${JSON.stringify({ store: host.storeRoot, counts, damage })}\n`);
  else {
    const checked = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    host.stdout.write(
      `${checked.join(', ')} in ${host.storeRoot} read through: ${damage.length === 0 ? 'all whole' : `${damage.length} damaged`}.\n`,
    );
    for (const text of damage) host.stdout.write(`  ${text}\n`);
  }
  return damage.length === 0 ? undefined : FOUND;
}

function tell(list: BackupList, what: string, { json }: JsonOption, host: Host): void {
  const bytes = list.files.reduce((sum, file) => sum + file.bytes, 0);
  const createdAt = new Date(list.createdAt).toISOString();
  if (json === true) {
    host.stdout.write(
      `${JSON.stringify({ createdAt, engineVersion: list.engineVersion, files: list.files.length, bytes })}\n`,
    );
    return;
  }
  const count = list.files.length.toLocaleString('en');
  host.stdout.write(`${count} files of ${bytes.toLocaleString('en')} bytes, as of ${createdAt}, ${what}.\n`);
}
