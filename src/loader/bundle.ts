// Bundles a strategy file with what it imports into one module text, with esbuild.
import { dirname, extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Message, Metafile, Plugin } from 'esbuild';
import { ENTRY_SYMBOL } from '../core/entry-symbol.ts';
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { deniedModule } from '../isolation/denied-modules.ts';
import { type ForbiddenKind, forbidden } from '../isolation/forbidden.ts';
import { SUPPLIED_BANNER, SUPPLIED_DEFINES } from '../isolation/supplied.ts';

export interface Bundle {
  /** ECMAScript module text with an inline source map. */
  readonly code: string;
  /** Absolute paths of the user's files in the bundle, sorted. */
  readonly files: readonly string[];
  readonly bytes: number;
}

const NAMESPACE = 'gridmill-entry';

/**
 * Bundles `path` for Node. `gridmill` becomes the names of `exportNames`, read from the running package, so that a
 * strategy and the engine share one instance; other packages are found from the strategy's folder; Node's own modules
 * stay imports, but for those that strategies may not have. Chance and clock become those that the engine supplies.
 * Errors: STRATEGY_INVALID and STRATEGY_FORBIDDEN with file, line and column.
 */
export async function bundleStrategy(path: string, exportNames: readonly string[]): Promise<Bundle> {
  const { build } = await import('esbuild');
  const folder = dirname(path);
  try {
    const result = await build({
      entryPoints: [path],
      absWorkingDir: folder,
      outfile: resolve(folder, 'strategy.mjs'),
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      // The module is run from a cache folder: its map must still lead to the user's files.
      sourceRoot: `${pathToFileURL(folder).href}/`,
      charset: 'utf8',
      logLevel: 'silent',
      define: {
        'import.meta.url': JSON.stringify(pathToFileURL(path).href),
        'import.meta.filename': JSON.stringify(path),
        'import.meta.dirname': JSON.stringify(folder),
        ...SUPPLIED_DEFINES,
      },
      banner: { js: SUPPLIED_BANNER },
      plugins: [entryPlugin(exportNames), DENY_PLUGIN],
    });
    return {
      code: withRequire(result.outputFiles[0]!.text, path),
      files: inputFiles(result.metafile, folder),
      bytes: Object.values(result.metafile.inputs).reduce((sum, input) => sum + input.bytes, 0),
    };
  } catch (error) {
    throw invalidSource(error, path, exportNames);
  }
}

/** Resolves `gridmill` to a module that hands out the running package's exports under their own names. */
function entryPlugin(exportNames: readonly string[]): Plugin {
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^gridmill$/ }, () => ({ path: 'gridmill', namespace: NAMESPACE, sideEffects: false }));
      onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
        contents: [
          `const entry = globalThis[Symbol.for(${JSON.stringify(ENTRY_SYMBOL)})];`,
          ...exportNames.map((name) => `export const ${name} = entry.${name};`),
        ].join('\n'),
        loader: 'js',
      }));
    },
  };
}

/** Refuses imports of denied modules; esbuild names the line. */
const DENY_PLUGIN: Plugin = {
  name: 'gridmill-deny',
  setup({ onResolve }) {
    onResolve({ filter: /^(node:)?[a-z0-9_]+(\/promises)?$/ }, ({ path }) => {
      const kind = deniedModule(path);
      return kind && { errors: [{ text: `an import of ${path}`, detail: kind }] };
    });
  },
};

/** CommonJS packages reach Node's modules through `require`, which a module has to make for itself. */
function withRequire(code: string, path: string): string {
  if (!code.includes('__require(')) return code;
  const from = JSON.stringify(pathToFileURL(path).href);
  // On one line with what follows, so that the source map's line numbers shift by exactly none.
  return `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${from}); ${code}`;
}

function inputFiles(metafile: Metafile, folder: string): string[] {
  return Object.keys(metafile.inputs)
    .filter((input) => !input.startsWith(`${NAMESPACE}:`))
    .map((input) => resolve(folder, input))
    .sort();
}

function invalidSource(error: unknown, path: string, exportNames: readonly string[]): AppError {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) {
    return new AppError('STRATEGY_INVALID', {
      rule: 'A strategy file must compile.',
      found: `${path}: ${String(error)}.`,
      todo: 'Check the file.',
      cause: error,
    });
  }
  // Set by DENY_PLUGIN alone.
  const denied = first.detail as ForbiddenKind | undefined;
  if (denied !== undefined) return forbidden(denied, located(first, dirname(path)));
  return new AppError('STRATEGY_INVALID', {
    rule: 'A strategy file must compile.',
    found: `${located(first, dirname(path))}\n`,
    todo: todoFor(first, exportNames),
    cause: error,
  });
}

/** `file:line:column: text`, and the line itself with a mark under the place. Lines and columns count from 1. */
function located({ text, location }: Message, folder: string): string {
  if (location === null) return text;
  const { file, line, column, length, lineText } = location;
  const shown = relative('.', resolve(folder, file)) || file;
  const gutter = `  ${line} | `;
  // The column is in bytes of UTF-8; the mark must stand under the character.
  const before = Buffer.from(lineText).subarray(0, column).toString();
  const pad = before.replace(/[^\t]/g, ' ');
  const mark = '^'.repeat(Math.max(1, Math.min(length, lineText.length - before.length)));
  const blank = ' '.repeat(gutter.length - 2);
  return `${shown}:${line}:${before.length + 1}: ${text}\n\n${gutter}${lineText}\n${blank}| ${pad}${mark}\n`;
}

function todoFor({ text }: Message, exportNames: readonly string[]): string {
  const missing = /No matching export in "gridmill.*" for import "(.+)"/.exec(text)?.[1];
  if (missing !== undefined) return `gridmill has no export "${missing}".${didYouMean(missing, exportNames)}`;
  const unresolved = /Could not resolve "(.+)"/.exec(text)?.[1];
  if (unresolved?.startsWith('gridmill/')) return 'Everything is exported by "gridmill" itself.';
  if (unresolved !== undefined) {
    const meant = didYouMean(unresolved, ['gridmill']);
    if (meant !== '') return `${meant.trim()} It needs no install.`;
    return /^[./]/.test(unresolved)
      ? `There is no such file beside the importing one${extname(unresolved) === '' ? '; check the name' : ''}.`
      : `Install it in the strategy's folder: npm install ${unresolved}`;
  }
  return 'Correct this line.';
}
