// Loads a strategy by built-in name, from a TypeScript or JavaScript file, or from a controller's YAML or JSON file.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ENTRY_SYMBOL } from '../core/entry-symbol.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { hashJson, type Json, sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { createSupplied, suppliedEntry, supply } from '../isolation/supplied.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { isStrategy, type Strategy } from '../strategy/strategy.ts';
import { bundleStrategy } from './bundle.ts';
import { type AttachedModel, attachModels } from './model-files.ts';
import { strategyFailure } from './strategy-failure.ts';

export interface LoadedStrategy {
  readonly strategy: Strategy;
  /** SHA-256 over the user's files and the models they name, of a controller over what its file says, or `built-in`. */
  readonly strategyHash: string;
  /** URL from which another thread imports the same compiled module; undefined for a built-in and for a controller. */
  readonly moduleUrl?: string;
  /** Absolute path of the file; undefined for a built-in. */
  readonly path?: string;
  /** Text of the file; undefined for a built-in. */
  readonly source?: string;
  /** The model files that it names. */
  readonly models?: readonly AttachedModel[];
}

export interface LoaderOptions {
  /** Where relative paths start. */
  readonly folder: string;
  /** Compiled modules are kept here, named by content hash. */
  readonly cacheFolder: string;
  /** Imports the running package's entry: what `import … from 'gridmill'` means in a strategy. */
  readonly entry: () => Promise<Readonly<Record<string, unknown>>>;
  /** Hears, one sentence per place, where the strategy asked for chance or time. */
  readonly onFlag?: (sentence: string) => void;
  /** Most bytes of models in memory at once; LIMITS.modelMemoryBytes when left out. */
  readonly modelBytesMax?: number | undefined;
  /** The reference is a name that others gave: it means a file of `folder` itself, never one elsewhere. */
  readonly confined?: boolean | undefined;
}

const FILE_NAME = /\.([cm]?[jt]s|ya?ml|json)$/;
/** No part of it leads to another folder. */
const PLAIN_NAME = /^[^./\\:\0][^/\\:\0]*$/;
const CONTROLLER_NAME = /\.(ya?ml|json)$/;

/** A strategy file, compiled and not run. */
export interface CompiledStrategy {
  readonly moduleUrl: string;
  readonly path: string;
  readonly source: string;
  /** Absolute paths of the user's files in it. */
  readonly files: readonly string[];
}

/**
 * A built-in name wins over a file of that name; write ./name to mean the file.
 * Errors: STRATEGY_NOT_FOUND, STRATEGY_INVALID, STRATEGY_FORBIDDEN, STRATEGY_FAILED, LIMIT_EXCEEDED, and those of attachModels.
 */
export async function loadStrategy(reference: string, options: LoaderOptions): Promise<LoadedStrategy> {
  const codeless = await codelessStrategy(reference, options);
  if (codeless !== undefined) return codeless;
  const entry = await options.entry();
  const { files, ...compiled } = await compileStrategy(reference, options);
  const supplied = createSupplied(options.onFlag ?? (() => undefined));
  supply(supplied);
  (globalThis as Record<symbol, unknown>)[Symbol.for(ENTRY_SYMBOL)] = suppliedEntry(entry, supplied);
  const loaded = await importModule(compiled.moduleUrl, files);
  if (!isStrategy(loaded.default)) throw noStrategy(reference, loaded);
  return withModels(loaded.default, { ...compiled, files }, options.modelBytesMax);
}

/** Finds the models that a strategy names, and takes the hash of all. Errors: those of attachModels. */
export function withModels(
  strategy: Strategy,
  { files, ...compiled }: CompiledStrategy,
  modelBytesMax: number | undefined,
): LoadedStrategy {
  const models = attachModels(strategy, dirname(compiled.path), modelBytesMax);
  return { strategy, strategyHash: sourceHash(compiled.path, files, models), models, ...compiled };
}

/** A strategy that brings no code of the user's: a built-in, or a controller. Errors: as loadStrategy. */
export async function codelessStrategy(reference: string, options: LoaderOptions): Promise<LoadedStrategy | undefined> {
  if (Object.hasOwn(BUILT_IN_STRATEGIES, reference)) {
    return { strategy: BUILT_IN_STRATEGIES[reference]!, strategyHash: 'built-in' };
  }
  const path = strategyPath(reference, options);
  return CONTROLLER_NAME.test(path) ? loadController(path) : undefined;
}

/** Bundles a strategy file into the cache; none of its code runs. Errors: those of loadStrategy but STRATEGY_FAILED. */
export async function compileStrategy(reference: string, options: LoaderOptions): Promise<CompiledStrategy> {
  const path = strategyPath(reference, options);
  const bundle = await bundleStrategy(path, Object.keys(await options.entry()));
  if (bundle.bytes > LIMITS.strategyBytesMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: 'A strategy file with what it imports must stay small.',
      found: `${bundle.bytes.toLocaleString('en')} bytes; the limit is ${LIMITS.strategyBytesMax.toLocaleString('en')}.`,
      todo: 'Import less; read large data as candles instead.',
    });
  }
  return {
    moduleUrl: cachedModuleUrl(bundle.code, options.cacheFolder),
    path,
    source: readFileSync(path, 'utf8'),
    files: bundle.files,
  };
}

function strategyPath(reference: string, { folder, confined = false }: LoaderOptions): string {
  if (confined && !PLAIN_NAME.test(reference)) {
    throw new AppError('PATH_FORBIDDEN', {
      rule: 'A strategy is named by a built-in name, or by a file of the strategies folder without any path.',
      found: `${JSON.stringify(reference.slice(0, 80))}.`,
      todo: 'Name the file alone, such as my-strategy.ts.',
    });
  }
  const path = isAbsolute(reference) ? reference : resolve(folder, reference);
  if (!existsSync(path)) throw notFound(reference);
  if (statSync(path).isDirectory() || !FILE_NAME.test(path)) {
    throw new AppError('STRATEGY_NOT_FOUND', {
      found: `"${reference}", which is no strategy file.`,
      todo: 'Name a .ts, .mts, .js or .mjs file, or the .yml of a Hummingbot controller.',
    });
  }
  return path;
}

async function loadController(path: string): Promise<LoadedStrategy> {
  const { size } = statSync(path);
  if (size > LIMITS.controllerBytesMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: 'A controller file must stay small.',
      found: `${size.toLocaleString('en')} bytes; the limit is ${LIMITS.controllerBytesMax.toLocaleString('en')}.`,
      todo: 'Check that the file is a controller configuration.',
    });
  }
  const source = readFileSync(path, 'utf8');
  const { parseControllerYaml } = await import('../controllers/controller-yaml.ts');
  const { controllerStrategy } = await import('../controllers/controller-strategy.ts');
  try {
    // As plain data, so that it can be sent to threads and hashed.
    const given = JSON.parse(JSON.stringify(parseControllerYaml(source))) as Readonly<Record<string, Json>>;
    return { strategy: controllerStrategy(given), strategyHash: hashJson(given), path, source };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { code, rule, found, todo } = error;
    throw new AppError(code, { rule, found: `${relative('.', path) || path}: ${found}`, todo, cause: error });
  }
}

function notFound(reference: string): AppError {
  const known = Object.keys(BUILT_IN_STRATEGIES);
  const isPath = FILE_NAME.test(reference) || /[\\/]/.test(reference);
  return new AppError('STRATEGY_NOT_FOUND', {
    found: isPath ? `no file at "${reference}".` : `"${reference}".${didYouMean(reference, known)}`,
    todo: isPath
      ? 'Check the path; `gridmill init` writes a strategy file to start from.'
      : `Built in are ${known.join(', ')}. A file needs its ending, such as my-strategy.ts.`,
  });
}

function noStrategy(reference: string, loaded: { readonly default?: unknown }): AppError {
  const named = Object.entries(loaded).find(([name, value]) => name !== 'default' && isStrategy(value))?.[0];
  const other = loaded.default === undefined ? 'no default export' : 'a default export that is no strategy';
  return new AppError('STRATEGY_INVALID', {
    found: `${reference} has ${other}.`,
    todo:
      named === undefined
        ? 'Write: export default defineStrategy({ ... }).'
        : `Write "export default" before the strategy exported as ${named}.`,
  });
}

async function importModule(moduleUrl: string, files: readonly string[]): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(/* @vite-ignore */ moduleUrl)) as { default?: unknown };
  } catch (error) {
    throw strategyFailure('while it was loaded', error, files);
  }
}

/** Writes module text to a file named by its hash; where the folder cannot be written, the URL holds the text itself. */
function cachedModuleUrl(code: string, cacheFolder: string): string {
  const file = join(cacheFolder, `${sha256Hex(code)}.mjs`);
  if (existsSync(file) && readFileSync(file, 'utf8') === code) return pathToFileURL(file).href;
  try {
    mkdirSync(cacheFolder, { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, code);
    renameSync(temporary, file);
    return pathToFileURL(file).href;
  } catch {
    // A cache that cannot be written only costs the compile step of the next run.
    return `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
  }
}

/** SHA-256 over relative path and content of each file, sorted, and over the models; nothing of the machine's folders enters. */
/** The hash of a strategy file that names no models, before any of its code has run. */
export const compiledHash = ({ path, files }: CompiledStrategy): string => sourceHash(path, files, []);

function sourceHash(path: string, files: readonly string[], models: readonly AttachedModel[]): string {
  const parts = files
    .map((file) => ({ name: portableName(dirname(path), file), content: readFileSync(file) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const modelHashes = models.map(({ hash }) => `model ${hash}\n`).sort();
  return sha256Hex(...parts.flatMap(({ name, content }) => [`${name} ${content.length}\n`, content]), ...modelHashes);
}

/** Files of packages are named from their node_modules on, wherever that folder lies; others from the strategy's. */
function portableName(folder: string, file: string): string {
  const at = file.lastIndexOf(`${sep}node_modules${sep}`);
  const name = at < 0 ? relative(folder, file) : file.slice(at + 1);
  return name.split(sep).join('/');
}
