// Puts the guards up in a thread, before it imports a strategy. They stop accidents; they are no security boundary.
import module, { createRequire } from 'node:module';
import { guardFiles, readChecker } from './guard-files.ts';
import { guardImports, poisonModules } from './guard-modules.ts';
import { guardGlobals, guardProcess, supplyGlobals } from './guard-process.ts';
import { createSupplied, type Supplied, supply } from './supplied.ts';

/** Folders that strategy code may read. */
export interface GuardFolders {
  readonly strategyFolder: string;
  /** The candle store. */
  readonly storeRoot: string;
  readonly readOnlyFolders: readonly string[];
}

export interface GuardOptions extends GuardFolders {
  /** Folder of the engine's compiled code, as a URL. */
  readonly engineUrl: string;
  /** Hears one sentence per call site that asked for chance or time. */
  readonly onFlag: (sentence: string) => void;
}

/** What stands in this thread: guards go up once, and a second strategy adds its folders. */
let installed: { readonly supplied: Supplied; readonly allow: (folders: readonly string[]) => void } | undefined;

/**
 * For the whole thread and for good: no network, processes, threads, writes or native code; reads in the given folders;
 * an empty environment; random numbers and a clock that depend on the variant alone. A deed that is refused ends in
 * STRATEGY_FORBIDDEN, by the way its call gives errors. What the engine needs of Node it must have imported before.
 */
export function installGuards(options: GuardOptions): Supplied {
  const { strategyFolder, storeRoot, readOnlyFolders, engineUrl, onFlag } = options;
  const folders = [strategyFolder, storeRoot, ...readOnlyFolders];
  if (installed !== undefined) {
    installed.allow(folders);
    return installed.supplied;
  }
  const { check, allow } = readChecker(folders);
  const supplied = createSupplied(onFlag);
  const require = createRequire(import.meta.url);
  const sync = module.syncBuiltinESMExports;
  // Node opens these on first use, with what is about to be taken away.
  void [process.stdout, process.stderr];
  poisonModules();
  guardFiles(check);
  guardGlobals();
  guardProcess();
  supplyGlobals(supplied, require('node:crypto') as object);
  guardImports(check, engineUrl);
  supply(supplied);
  sync();
  installed = { supplied, allow };
  return supplied;
}
