// What a damaged, lost, full or locked queue database leads to: a typed error, never a queue that forgot its jobs.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { loadSqlite, type OpenSqlite } from '../../src/jobs/sqlite-driver.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { SQLITE_MISSING } from '../fixtures/jobs/stores.ts';

const JOBS = 8;
const SEED = Number(process.env['GRIDMILL_SEED'] ?? 20260);

describe.skipIf(SQLITE_MISSING !== undefined)('a queue database', () => {
  let root: string;
  let count = 0;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'gridmill-queue-faults-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const newFolder = (): string => join(root, String(++count));
  const open = (folder: string, driver?: OpenSqlite) =>
    openSqliteStore(folder, { newId: () => `q${count}`, open: driver });
  const submit = (store: JobStore, id: string) => store.submit({ id, kind: 'k', request: 'x'.repeat(200) }, 0);
  const ids = async (store: JobStore): Promise<string[]> => (await store.list({})).jobs.map(({ id }) => id).reverse();
  const all = Array.from({ length: JOBS }, (_, i) => `j${i}`);

  /** A folder with JOBS jobs, closed in order: everything lies in the database file. */
  const filled = async (): Promise<string> => {
    const folder = newFolder();
    const store = await open(folder);
    for (const id of all) await submit(store, id);
    await store.close();
    return folder;
  };
  /** The same as a killed process leaves it: the last jobs lie in the log. */
  const killed = async (): Promise<string> => {
    const from = newFolder();
    const store = await open(from);
    for (const id of all) await submit(store, id);
    const folder = newFolder();
    cpSync(from, folder, { recursive: true });
    await store.close();
    return folder;
  };
  /** Opens and reads everything: the ids, or the code of the error. */
  const outcome = async (folder: string): Promise<readonly string[] | string> => {
    let store: JobStore | undefined;
    try {
      store = await open(folder);
      return await ids(store);
    } catch (error) {
      if (!isAppError(error)) throw error;
      return error.code;
    } finally {
      await store?.close();
    }
  };

  test('keeps what it accepted when a process is killed before it closes', async () => {
    expect(await outcome(await killed())).toEqual(all);
  });

  test('is an error when it is gone, empty, cut short, or another one', async () => {
    const damages: Record<string, (path: string) => void> = {
      gone: (path) => rmSync(path),
      empty: (path) => truncateSync(path, 0),
      'cut within the first page': (path) => truncateSync(path, 1_000),
      'cut by pages': (path) => truncateSync(path, 8_192),
      'zeros in front': (path) => writeAt(path, 0, new Uint8Array(4_096)),
      text: (path) => writeFileSync(path, 'not a database'),
    };
    for (const [what, damage] of Object.entries(damages)) {
      const folder = await filled();
      damage(join(folder, 'queue.db'));
      expect(await outcome(folder), what).toBe('QUEUE_CORRUPT');
      // Looking at it makes it no better and no worse.
      expect(await outcome(folder), what).toBe('QUEUE_CORRUPT');
    }
    const [one, other] = [await filled(), await filled()];
    copyFileSync(join(one, 'queue.db'), join(other, 'queue.db'));
    expect(await outcome(other)).toBe('QUEUE_CORRUPT');
  });

  test('without its marker goes on, and a marker that says nothing is an error', async () => {
    const folder = await filled();
    rmSync(join(folder, 'queue.json'));
    expect(await outcome(folder)).toEqual(all);
    expect(existsSync(join(folder, 'queue.json'))).toBe(true);
    writeFileSync(join(folder, 'queue.json'), '{');
    expect(await outcome(folder)).toBe('QUEUE_CORRUPT');
  });

  test('without the marker a lost database would be taken for a new one', async () => {
    const folder = await filled();
    rmSync(join(folder, 'queue.db'));
    rmSync(join(folder, 'queue.json'));
    expect(await outcome(folder)).toEqual([]);
  });

  test('a database of another version is refused', async () => {
    const folder = await filled();
    const handle = (await loadSqlite())(join(folder, 'queue.db'));
    handle.exec(`UPDATE gridmill_queue SET value = '2' WHERE name = 'version'`);
    handle.close();
    expect(await outcome(folder)).toBe('QUEUE_CORRUPT');
  });

  test('with any page overwritten never answers fewer jobs: all of them, or an error', async () => {
    const prng = createPrng(SEED);
    let errors = 0;
    const whole = await filled();
    const bytes = readFileSync(join(whole, 'queue.db'));
    for (let page = 0; page < bytes.length / 4_096; page++) {
      const folder = newFolder();
      cpSync(whole, folder, { recursive: true });
      const noise = Uint8Array.from({ length: 4_096 }, () => prng.nextBelow(256));
      writeAt(join(folder, 'queue.db'), page * 4_096, noise);
      const found = await outcome(folder);
      if (typeof found === 'string') errors++;
      else expect(found, `page ${page}, GRIDMILL_SEED=${SEED}`).toEqual(all);
    }
    expect(errors).toBeGreaterThan(bytes.length / 4_096 / 2);
  });

  test('cut anywhere never answers fewer jobs: all of them, or an error', async () => {
    const whole = await filled();
    const { size } = statSync(join(whole, 'queue.db'));
    for (let bytes = 512; bytes < size; bytes += 3_072) {
      const folder = newFolder();
      cpSync(whole, folder, { recursive: true });
      truncateSync(join(folder, 'queue.db'), bytes);
      const found = await outcome(folder);
      if (typeof found !== 'string') expect(found, `cut at ${bytes}`).toEqual(all);
    }
  });

  test('a result or checkpoint with a flipped bit is an error, not a number', async () => {
    const folder = newFolder();
    const store = await open(folder);
    for (const id of ['done', 'half']) await submit(store, id);
    const claim = async (claimId: string) => (await store.claim({ owner: { runner: 'r' }, claimId, kinds: ['k'] }, 0))!;
    await store.complete((await claim('a')).lease, { sharpe: 1.25 }, 0);
    const half = await claim('b');
    await store.checkpoint(half.lease, { sequence: 1, value: { sharpe: 1.25 } });
    await store.release(half.lease, 0);
    await store.close();
    const path = join(folder, 'queue.db');
    const bytes = readFileSync(path, 'latin1');
    expect(bytes.match(/"sharpe":1\.25/g)).toHaveLength(2);
    writeFileSync(path, bytes.replaceAll('"sharpe":1.25', '"sharpe":3.25'), 'latin1');
    const again = await open(folder);
    const read = [again.result('done'), again.claim({ owner: { runner: 'r' }, claimId: 'c', kinds: ['k'] }, 0)];
    for (const answer of read) {
      const error = await answer.catch((reason: unknown) => reason);
      expect(isAppError(error, 'QUEUE_CORRUPT') && error.found).toContain('SHA-256');
    }
    await again.close();
  });

  test('reports damage that appears while it is open', async () => {
    const folder = await filled();
    const driver = await loadSqlite();
    const store = await open(folder, (path) => {
      const handle = driver(path);
      return {
        ...handle,
        all(sql, values) {
          if (sql.startsWith('SELECT * FROM gridmill_jobs')) {
            throw Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT_INDEX' });
          }
          return handle.all(sql, values);
        },
      };
    });
    const error = await store.get('j1').catch((reason: unknown) => reason);
    expect(isAppError(error, 'QUEUE_CORRUPT')).toBe(true);
    await store.close();
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
    'on a full disk says so, keeps what it has, and goes on when there is room',
    async () => {
      const folder = newFolder();
      mkdirSync(folder);
      const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', folder], { encoding: 'utf8' });
      if (mount.status !== 0) {
        process.stderr.write(`full disk not tested: ${mount.stderr}\n`);
        return;
      }
      try {
        const store = await open(folder);
        const accepted: string[] = [];
        const first = await submitUntilFull(store, accepted);
        expect(first).toBe('STORE_FULL');
        expect(accepted.length).toBeGreaterThan(3);
        expect(await ids(store)).toEqual(accepted);
        spawnSync('mount', ['-o', 'remount,size=8m', folder]);
        await submit(store, 'later');
        expect(await ids(store)).toEqual([...accepted, 'later']);
        await store.close();
        expect(await outcome(folder)).toEqual([...accepted, 'later']);
      } finally {
        spawnSync('umount', ['-l', folder]);
      }
    },
  );

  async function submitUntilFull(store: JobStore, accepted: string[]): Promise<string> {
    for (let i = 0; i < 1_000; i++) {
      try {
        await store.submit({ id: `f${i}`, kind: 'k', request: 'x'.repeat(20_000) }, 0);
        accepted.push(`f${i}`);
      } catch (error) {
        return isAppError(error) ? error.code : String(error);
      }
    }
    return 'never full';
  }

  test('held by another process is a passing trouble', async () => {
    const folder = await filled();
    const store = await open(folder);
    const other = (await loadSqlite())(join(folder, 'queue.db'));
    other.exec('BEGIN IMMEDIATE');
    const error = await submit(store, 'late').catch((reason: unknown) => reason);
    expect(isAppError(error, 'QUEUE_UNREACHABLE') && error.retryable).toBe(true);
    other.exec('ROLLBACK');
    other.close();
    await submit(store, 'late');
    expect(await ids(store)).toEqual([...all, 'late']);
    await store.close();
  });

  test('in a folder nobody may write is an error with the path', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    const error = await open(join(file, 'queue')).catch((reason: unknown) => reason);
    expect(isAppError(error, 'STORE_UNWRITABLE') && error.found).toContain(file);
  });

  test('is opened by several at once', async () => {
    const folder = newFolder();
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(folder)));
    await Promise.all(stores.map((store, i) => submit(store, `s${i}`)));
    expect((await ids(stores[0]!)).sort()).toEqual(['s0', 's1', 's2', 's3']);
    for (const store of stores) await store.close();
  });
});

function writeAt(path: string, offset: number, bytes: Uint8Array): void {
  const whole = readFileSync(path);
  whole.set(bytes.subarray(0, whole.length - offset), offset);
  writeFileSync(path, whole);
}
