// A runner is taken for dead when its lock is free, and only then: not while it is stopped, and not for want of a file.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SQLITE_MISSING } from '../../test/fixtures/jobs/stores.ts';
import { type OwnerLocks, openOwnerLocks } from './owner-locks.ts';
import { loadSqlite, type OpenSqlite } from './sqlite-driver.ts';

const HOLDER = `import { openOwnerLocks } from './owner-locks.ts';
await openOwnerLocks(process.argv[2], process.argv[3]);
console.log('held');
setInterval(() => {}, 1000);`;

describe.skipIf(SQLITE_MISSING !== undefined)('the lock of a runner', () => {
  const cache = join(import.meta.dirname, '../../.cache');
  const children: ChildProcess[] = [];
  let program: string;
  let folder: string;
  let locks: OwnerLocks;

  const start = async (name: string): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [program, folder, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout!, 'data');
    return child;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const pathOf = (name: string): string => join(folder, 'runners', `${name}.lock`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gridmill-locks-'));
    mkdirSync(cache, { recursive: true });
    // Inside the repository, so that packages are found.
    program = join(mkdtempSync(join(cache, 'locks-')), 'holder.mjs');
    await build({
      stdin: { contents: HOLDER, resolveDir: import.meta.dirname, loader: 'ts' },
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    });
    locks = await openOwnerLocks(folder, 'self');
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    locks?.close();
    for (const path of [folder, join(program, '..')]) rmSync(path, { recursive: true, force: true });
  });

  test('is held while its process lives, also while it is stopped, and free once it was killed', async () => {
    const child = await start('other');
    expect(locks.isFree('other')).toBe(false);
    child.kill('SIGSTOP');
    expect(locks.isFree('other')).toBe(false);
    await end(child);
    expect(locks.isFree('other')).toBe(true);
    // Whoever looks does not take it.
    expect(locks.isFree('other')).toBe(true);
    expect(statSync(pathOf('other')).size).toBe(0);
  });

  test('says nothing of oneself, of a name without a file, and of a file that is no lock', async () => {
    expect(locks.isFree('self')).toBe(false);
    expect(locks.isFree('stranger')).toBe(false);
    expect(existsSync(pathOf('stranger'))).toBe(false);
    writeFileSync(join(folder, 'outside.lock'), '');
    expect(locks.isFree('../outside')).toBe(false);
    writeFileSync(pathOf('damaged'), 'x'.repeat(5_000));
    expect(locks.isFree('damaged')).toBe(false);
    rmSync(pathOf('damaged'));
  });

  test('is removed at an orderly end, and by the next start when its leases were taken', async () => {
    const orderly = await openOwnerLocks(folder, 'orderly');
    orderly.close();
    const [lives, dead, owes] = [await start('lives'), await start('dead'), await start('owes')];
    await Promise.all([end(dead), end(owes)]);
    locks.tidy(new Set(['owes']));
    expect(readdirSync(join(folder, 'runners')).sort()).toEqual(['lives.lock', 'owes.lock', 'self.lock']);
    await end(lives);
  });

  test('that cannot be had makes nobody dead', async () => {
    writeFileSync(join(folder, 'file'), '');
    const unlocked = await openOwnerLocks(join(folder, 'file'), 'other');
    expect(unlocked.isFree('self')).toBe(false);
    unlocked.tidy(new Set());
    unlocked.close();
  });

  test('that fails when its file is there already leaves no file behind, which would be proof of an end', async () => {
    const real = await loadSqlite();
    const failing: OpenSqlite = (path, options) => {
      const handle = real(path, options);
      const exec = (sql: string): void => {
        if (sql.startsWith('BEGIN')) throw new Error('database is locked');
        handle.exec(sql);
      };
      return { ...handle, exec, all: handle.all.bind(handle), close: handle.close.bind(handle) };
    };
    const unlocked = await openOwnerLocks(folder, 'unlucky', failing);
    expect(locks.isFree('unlucky')).toBe(false);
    unlocked.close();
  });
});
