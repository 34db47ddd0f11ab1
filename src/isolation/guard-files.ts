// Guards node:fs: reads inside the allowed folders, links followed; nothing else.
import fs from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppError } from '../core/errors.ts';
import { siteAbove } from './call-site.ts';
import { denier, guarded, type Manner, replace, subject } from './deny.ts';
import { forbidden } from './forbidden.ts';

/** Calls that read what a path names, without the ending Sync. */
const READS = [
  'readFile',
  'readdir',
  'stat',
  'lstat',
  'access',
  'exists',
  'realpath',
  'readlink',
  'opendir',
  'statfs',
  'createReadStream',
  'openAsBlob',
  'open',
];
/** Calls on what is open already, and values that are no calls. */
const HARMLESS = ['read', 'readv', 'fstat', 'close', 'Stats', 'Dirent', 'Dir', 'ReadStream', 'FileReadStream'];
const WRITE_FLAGS =
  fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC | fs.constants.O_APPEND;
/** Captured: the check must not run into itself. */
const realpath = fs.realpathSync.native;

/** `caller` is the function whose call is judged: errors name the place above it. */
export type CheckRead = (call: string, path: unknown, caller?: Caller) => AppError | undefined;
type Caller = Parameters<typeof siteAbove>[0];

/** Tells whether a path leads into one of `folders`, once links are followed. */
export function readChecker(folders: readonly string[]): {
  readonly check: CheckRead;
  /** Adds folders. */
  readonly allow: (folders: readonly string[]) => void;
} {
  const roots = folders.map(realPathOf);
  const check: CheckRead = (call, path, caller) => {
    // A number is a file that was opened under these rules.
    if (typeof path === 'number') return undefined;
    const real = realPathOf(textOf(path));
    if (roots.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)))
      return undefined;
    return forbidden(
      'read',
      `${call} of ${textOf(path)}${real === textOf(path) ? '' : ` (${real})`}`,
      caller && siteAbove(caller),
    );
  };
  return { check, allow: (more) => void roots.push(...more.map(realPathOf)) };
}

function textOf(path: unknown): string {
  if (path instanceof URL) return path.protocol === 'file:' ? fileURLToPath(path) : path.href;
  return Buffer.isBuffer(path) ? path.toString() : String(path);
}

/** The path with links followed as far as it exists. */
function realPathOf(path: string): string {
  const whole = resolve(path);
  try {
    return realpath(whole);
  } catch {
    const parent = dirname(whole);
    return parent === whole ? whole : join(realPathOf(parent), basename(whole));
  }
}

export function guardFiles(check: CheckRead): void {
  const promises = fs.promises;
  guardCalls(fs, 'fs', check);
  guardCalls(promises, 'fs.promises', check);
  replace(fs, 'promises', promises);
}

function guardCalls(target: object, module: string, check: CheckRead): void {
  for (const name of Object.keys(target)) {
    const original: unknown = Reflect.get(target, name);
    if (typeof original !== 'function') continue;
    const plain = name.replace(/Sync$/, '');
    if (HARMLESS.includes(plain) || name.startsWith('_')) continue;
    const call = `${module}.${name}`;
    const manner = mannerOf(module, name);
    const guard = READS.includes(plain)
      ? guarded(
          original as never,
          manner,
          (args, caller) => check(call, args[0], caller) ?? checkFlags(plain, call, args),
        )
      : denier(manner, (args, site) => forbidden('write', `${call}${subject(args)}`, site));
    // realpath.native is a call of its own.
    if (plain === 'realpath') Object.assign(guard, { native: guard });
    replace(target, name, guard);
  }
}

function mannerOf(module: string, name: string): Manner {
  if (module === 'fs.promises' || name === 'openAsBlob') return 'rejects';
  return name.endsWith('Sync') || /^(create|watch|[A-Z])/.test(name) ? 'throws' : 'calls-back';
}

/** Opening for writing is a write, whatever is done then. */
function checkFlags(plain: string, call: string, [path, flags = 'r']: readonly unknown[]): AppError | undefined {
  if (plain !== 'open' || typeof flags === 'function') return undefined;
  const reads =
    typeof flags === 'number' ? (flags & WRITE_FLAGS) === 0 : flags === 'r' || flags === 'rs' || flags === 'sr';
  return reads ? undefined : forbidden('write', `${call} of ${textOf(path)} for writing`);
}
