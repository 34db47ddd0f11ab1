// A folder of strategies on its way into an image: what loads, and exactly the files that it needs.
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { compileStrategy, type LoadedStrategy, type LoaderOptions, loadStrategy } from '../loader/load-strategy.ts';

export interface ImageStrategy {
  /** As the strategy names itself. */
  readonly name: string;
  /** Its file, from the folder. */
  readonly file: string;
  /** Its strategyHash, which manifests of shards ask for. */
  readonly hash: string;
}

export interface ContextFile {
  /** From the folder, with `/`. */
  readonly name: string;
  readonly content: Uint8Array;
}

export interface StrategyFolder {
  /** By file. */
  readonly strategies: readonly ImageStrategy[];
  /** What these need and nothing else, by name; packages come by the lockfile. */
  readonly files: readonly ContextFile[];
  /** package.json and package-lock.json, where there is a lockfile. */
  readonly packages: readonly ContextFile[];
}

type Loader = Omit<LoaderOptions, 'folder'> & {
  /** Looks a loaded strategy through, as a run would before its first bar. */
  readonly check: (strategy: LoadedStrategy['strategy']) => void;
};

/** Files directly in the folder that are strategies by their ending; not declarations, tests and settings of tools. */
const CANDIDATE = /^(?!.*\.(?:d|test|spec|config)\.[cm]?[jt]s$)[^.].*\.(?:[cm]?[jt]s|ya?ml)$/;
const PACKAGES = 'node_modules';

/**
 * Loads every strategy directly in `folder`. A file that one of them imports may be shared code; any other must be a strategy.
 * Errors: those of loadStrategy; PATH_FORBIDDEN for symbolic links, hidden files and files elsewhere; REQUEST_INVALID for a
 * folder without strategies and for packages without a lockfile; LIMIT_EXCEEDED.
 */
export async function readStrategyFolder(folder: string, loader: Loader): Promise<StrategyFolder> {
  const root = checkedFolder(folder);
  refuseLinks(root);
  const names = readdirSync(root).filter((name) => CANDIDATE.test(name) && lstatSync(join(root, name)).isFile());
  if (names.length > LIMITS.strategyFilesMax) {
    throw tooMany(`${names.length} strategies; the limit is ${LIMITS.strategyFilesMax}.`);
  }
  const { strategies, paths } = await loadAll(root, names.sort(), loader);
  if (strategies.length === 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'An image of strategies holds at least one.',
      found: `no strategy file directly in ${folder}.`,
      todo: 'Name a folder of .ts, .js or .yml files; "gridmill init" writes one.',
    });
  }
  const packages = lockedPackages(root);
  const own: string[] = [];
  for (const path of paths) {
    if (!path.split(sep).includes(PACKAGES)) own.push(nameBelow(root, path));
    else if (packages.length === 0) throw noLock(path);
  }
  return { strategies, files: contents(root, own.sort()), packages };
}

interface Loaded {
  readonly strategies: readonly ImageStrategy[];
  /** Absolute, of all that the strategies consist of. */
  readonly paths: ReadonlySet<string>;
}

async function loadAll(root: string, names: readonly string[], loader: Loader): Promise<Loaded> {
  const strategies: ImageStrategy[] = [];
  const paths = new Set<string>();
  const failed: { readonly path: string; readonly error: AppError }[] = [];
  for (const file of names) {
    const path = join(root, file);
    try {
      const loaded = await loadStrategy(path, { ...loader, folder: root });
      loader.check(loaded.strategy);
      strategies.push({ name: loaded.strategy.name, file, hash: loaded.strategyHash });
      for (const part of await filesOf(path, loaded, { ...loader, folder: root })) paths.add(part);
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code !== 'STRATEGY_INVALID') throw inFile(error, file);
      failed.push({ path, error: inFile(error, file) });
    }
  }
  // Code that strategies share need not be one.
  const broken = failed.find(({ path }) => !paths.has(path));
  if (broken !== undefined) throw broken.error;
  return { strategies, paths };
}

/** Of many files, the one at fault. */
function inFile(error: AppError, file: string): AppError {
  const { code, rule, found, todo } = error;
  return found.includes(file) ? error : new AppError(code, { rule, found: `${file}: ${found}`, todo, cause: error });
}

async function filesOf(path: string, { moduleUrl, models = [] }: LoadedStrategy, options: LoaderOptions) {
  const { files } = moduleUrl === undefined ? { files: [] } : await compileStrategy(path, options);
  return [path, ...files, ...models.map((model) => resolve(dirname(path), model.path))];
}

function checkedFolder(folder: string): string {
  if (existsSync(folder) && lstatSync(realpathSync(folder)).isDirectory()) return realpathSync(folder);
  throw new AppError('REQUEST_INVALID', {
    rule: 'Strategies for an image lie in a folder.',
    found: `no folder at ${folder}.`,
    todo: 'Check the path.',
  });
}

/** What a link leads to would be copied in its place, wherever that is. */
function refuseLinks(root: string): void {
  let seen = 0;
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      // Neither is ever copied.
      if (entry.name === PACKAGES || entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (++seen > LIMITS.imageFolderEntriesMax) {
        throw tooMany(`more than ${LIMITS.imageFolderEntriesMax.toLocaleString('en')} files in ${root}.`);
      }
      if (entry.isSymbolicLink()) throw forbidden(`a symbolic link: ${path}.`, 'Put the file itself there.');
      if (entry.isDirectory()) open.push(path);
    }
  }
}

function nameBelow(root: string, path: string): string {
  const name = relative(root, path).split(sep).join('/');
  if (name.startsWith('../') || name === '' || resolve(root, name) !== path) {
    throw forbidden(`a strategy needs ${path}, which lies outside of ${root}.`, 'Move it into the folder.');
  }
  if (name.split('/').some((part) => part.startsWith('.'))) {
    throw forbidden(`a strategy needs ${name}, a hidden file.`, 'Keep secrets out of strategies; rename it otherwise.');
  }
  return name;
}

function lockedPackages(root: string): ContextFile[] {
  const lock = join(root, 'package-lock.json');
  if (!existsSync(lock)) return [];
  const files = contents(
    root,
    ['package.json', 'package-lock.json'].filter((name) => existsSync(join(root, name))),
  );
  const entries = Object.entries(parsedLock(readFileSync(lock, 'utf8'), lock));
  const local = entries.find(([, entry]) => entry.dev !== true && (entry.link === true || isLocal(entry.resolved)));
  if (local !== undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Packages of an image come from a registry.',
      found: `${JSON.stringify(local[0])} in ${lock}, which lies on this machine.`,
      todo: 'Make it a development dependency when only the editor needs it; else publish it, or copy its code.',
    });
  }
  return files;
}

interface LockEntry {
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly resolved?: string;
}

const isLocal = (resolved: string | undefined): boolean => resolved?.startsWith('file:') === true;

function parsedLock(text: string, path: string): Readonly<Record<string, LockEntry>> {
  try {
    return (JSON.parse(text) as { readonly packages?: Record<string, LockEntry> }).packages ?? {};
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A lockfile is that of npm.',
      found: `${path}, which is no JSON.`,
      todo: 'Run: npm install',
      cause,
    });
  }
}

function contents(root: string, names: readonly string[]): ContextFile[] {
  let bytes = 0;
  return names.map((name) => {
    const content = readFileSync(join(root, name));
    bytes += content.length;
    if (bytes > LIMITS.imageContextBytesMax) {
      throw tooMany(`files of more than ${LIMITS.imageContextBytesMax.toLocaleString('en')} bytes.`);
    }
    return { name, content };
  });
}

const forbidden = (found: string, todo: string): AppError =>
  new AppError('PATH_FORBIDDEN', { rule: 'An image holds files of its own folder only.', found, todo });

const tooMany = (found: string): AppError =>
  new AppError('LIMIT_EXCEEDED', {
    rule: 'What goes into an image must stay within the limits.',
    found,
    todo: 'Use a folder of its own for strategies.',
  });

function noLock(path: string): AppError {
  const name = path.slice(path.lastIndexOf(`${sep}${PACKAGES}${sep}`) + PACKAGES.length + 2);
  return new AppError('REQUEST_INVALID', {
    rule: 'Packages of strategies are pinned by a package-lock.json beside them.',
    found: `${name}, and no lockfile.`,
    todo: 'Run in the folder: npm install --save <package>',
  });
}
