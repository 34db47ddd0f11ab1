// gridmill init: writes a strategy file to start from, in any folder. Nothing that exists is changed.
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { asCalled } from '../called-as.ts';
import { type CommandContext, examples } from '../command.ts';
import type { Host } from '../host.ts';
import { starterFiles } from '../starter-files.ts';

interface InitOptions {
  readonly name?: string;
  readonly bars?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, { host, action }: CommandContext): void {
  command
    .argument('[folder]', 'folder to write into; made when it is missing', '.')
    .option('--name <name>', 'name of the strategy (default: my-strategy, or the name of the folder)')
    .option('--bars', 'a strategy that places orders bar by bar, instead of one of signals')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        ['A new folder with a strategy, types for the editor and a short guide', 'gridmill init my-strategy'],
        ['One that places orders bar by bar', 'gridmill init my-orders --bars'],
        ['Another strategy in the folder you are in', 'gridmill init --name dip-buyer'],
      ),
    )
    .action(action((folder: string, options: InitOptions) => init(folder, options, host)));
}

async function init(folder: string, { name, bars, json }: InitOptions, host: Host): Promise<undefined> {
  const path = resolve(host.folder, folder);
  const strategyName = checkedName(name ?? (folder === '.' ? 'my-strategy' : nameOf(path)));
  const { writeOutput } = await import('../../runs/output-file.ts');
  const strategyPath = join(path, `${strategyName}.ts`);
  if (existsSync(strategyPath)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A file that exists is never overwritten.',
      found: `${strategyPath}.`,
      todo: 'Choose another --name or folder.',
    });
  }
  makeFolder(path);
  const files: { readonly path: string; readonly written: boolean }[] = [];
  for (const file of starterFiles(strategyName, host.entryTypes, bars === true ? 'bars' : 'signals')) {
    const target = join(path, file.name);
    const exists = existsSync(target);
    if (!exists) writeOutput(target, file.content);
    files.push({ path: target, written: !exists });
  }
  if (json === true) {
    host.stdout.write(`${JSON.stringify({ strategy: strategyName, path: strategyPath, files })}\n`);
    return;
  }
  const lines = files.map(
    ({ path: target, written }) => `${written ? 'written' : 'kept   '}  ${relative(host.folder, target) || target}`,
  );
  const shown = relative(host.folder, strategyPath);
  const reference = shown.startsWith('..') || shown.startsWith('/') ? strategyPath : `./${shown}`;
  lines.push('', 'Next:', `  gridmill check ${reference}`, `  gridmill sweep ${reference} --data FILE`);
  host.stdout.write(asCalled(`${lines.join('\n')}\n`, host));
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new AppError('STORE_UNWRITABLE', {
      rule: 'The folder must be writable.',
      found: `${path}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      todo: 'Choose another folder.',
      cause,
    });
  }
}

/** A folder called `My Ideas` gives my-ideas. */
function nameOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return name === '' ? 'my-strategy' : name.slice(0, 64);
}

function checkedName(name: string): string {
  if (/^[a-z][a-z0-9-]{0,63}$/.test(name)) return name;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A strategy is named in lower case letters, digits and dashes.',
    found: `"${name}".`,
    todo: 'Write for example --name dip-buyer.',
  });
}
