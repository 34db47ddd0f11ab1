// Does a backup hold everything or fail, and does a restore bring back the same bytes or nothing?
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkStore } from '../../src/cli/store-check.ts';
import { AppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { checkQueue, copyQueue, QUEUE_DATABASE } from '../../src/jobs/queue-copy.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { restoreBackup, verifyBackup, writeBackup } from '../../src/store/backup.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';
import { type Disk, REAL_DISK } from '../../src/store/disk.ts';
import { openResultStore } from '../../src/store/result-store.ts';
import { readTarHeader, TAR_BLOCK, tarHeader } from '../../src/store/tar-format.ts';
import { SQLITE_MISSING } from '../fixtures/jobs/stores.ts';
import { faultLoop } from './fault-disk.ts';

const SEED = Number(process.env['GRIDMILL_SEED'] ?? 20260);
const timeframe = parseTimeframe('1h');
const meta = { source: 'synthetic', importedAt: 0, quality: null };

let folder: string;
let root: string;
let archive: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-backup-'));
  root = join(folder, 'store');
  archive = join(folder, 'backup.tar');
  fill(root);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Two series, a result, a study's log, a job's progress, and what does not belong into a backup. */
function fill(into: string): void {
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
    const candles = syntheticCandles({ seed: 1, timeframe, barCount: 50, startTime: 0, startPrice: 100 });
    openCandleStore(into).write({ exchange: 'test', symbol, timeframe }, candles, meta);
  }
  const result = { format: 'gridmill-result' as const, createdAt: 1, summary: { kind: 'sweep' }, body: { rows: 3 } };
  openResultStore(into).write(result, 'a'.repeat(64));
  const others = {
    'studies/mine/trials.log': 'log',
    'studies/mine/lock': '{}',
    'jobs/progress/j1/sweep.checkpoint': 'so far',
    'running/7.json': '{}',
    'uploads/x/part': 'half',
    'cache/bundle.js': 'code',
    'candles/test/.BTCUSDT.1-0-0.tmp': 'temporary',
  };
  for (const [path, text] of Object.entries(others)) {
    mkdirSync(join(into, path, '..'), { recursive: true });
    writeFileSync(join(into, path), text);
  }
}

const backup = (disk?: Disk, instead = new Map<string, string>()) =>
  writeBackup({ root, instead, engineVersion: '1', createdAt: 5 }, archive, disk);

const digests = (of: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(of, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(of, path)).isFile())
      .sort()
      .map((path) => [
        path,
        createHash('sha256')
          .update(readFileSync(join(of, path)))
          .digest('hex'),
      ]),
  );

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

const KEPT = [
  'candles/test/BTCUSDT/1h.arrow',
  'candles/test/ETHUSDT/1h.arrow',
  'jobs/progress/j1/sweep.checkpoint',
  'results/aaaaaaaaaaaaaaaa.json',
  'studies/mine/trials.log',
];

describe('a backup', () => {
  test('holds the data of the store and nothing that passes, and comes back as the same bytes', () => {
    expect(backup().files.map(({ path }) => path)).toEqual(KEPT);
    const back = join(folder, 'back');
    restoreBackup(archive, back);
    const before = digests(root);
    expect(digests(back)).toEqual(Object.fromEntries(KEPT.map((path) => [path, before[path]])));
  });

  test('is a tar file that other programs read', () => {
    backup();
    const listed = spawnSync('tar', ['-tf', archive], { encoding: 'utf8' });
    expect(listed.stdout.trim().split('\n')).toEqual([...KEPT, 'backup.json']);
  });

  test('is a new file: one that is there stays as it is', () => {
    writeFileSync(archive, 'precious');
    expect(codeOf(() => backup())).toBe('BACKUP_EXISTS');
    expect(readFileSync(archive, 'utf8')).toBe('precious');
  });

  test('with any byte flipped or any end cut off is refused, or says the same', () => {
    const list = backup();
    const bytes = readFileSync(archive);
    const prng = createPrng(SEED);
    const bent = join(folder, 'bent.tar');
    const target = join(folder, 'target');
    const end = bytes.length - 2 * TAR_BLOCK;
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const at = prng.nextBelow(end);
      const damaged = Buffer.from(i % 3 === 0 ? bytes.subarray(0, at) : bytes);
      if (i % 3 !== 0) damaged[at]! ^= 1 << prng.nextBelow(8);
      writeFileSync(bent, damaged);
      const code = codeOf(() => expect(verifyBackup(bent)).toEqual(list));
      if (code === undefined) continue;
      expect(code, `GRIDMILL_SEED=${SEED}: byte ${at}`).toBe('BACKUP_CORRUPT');
      refused++;
      if (refused % 25 !== 0) continue;
      expect(codeOf(() => restoreBackup(bent, target))).toBe('BACKUP_CORRUPT');
      expect(readdirSync(target)).toEqual([]);
    }
    // Padding alone may be bent unseen.
    expect(refused).toBeGreaterThan(200);
  });

  test('of another program that leads out of the store is refused', () => {
    const evil = Buffer.concat([tarHeader({ path: '../evil', bytes: 0 })!, Buffer.alloc(2 * TAR_BLOCK)]);
    writeFileSync(archive, evil);
    expect(codeOf(() => restoreBackup(archive, join(folder, 'x')))).toBe('BACKUP_CORRUPT');
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });

  test('when the n-th disk operation fails there is a whole backup or none, and no temporary file', () => {
    const faults = faultLoop(
      ['ENOSPC', 'EIO'],
      (disk) => {
        rmSync(archive, { force: true });
        backup(disk);
      },
      (_, thrown, plan) => {
        if (thrown !== undefined) expect(thrown, JSON.stringify(plan)).toBeInstanceOf(AppError);
        if (thrown === undefined || existsSync(archive)) {
          if (statSync(archive).size > 0) verifyBackup(archive);
          else expect(plan.mode, JSON.stringify(plan)).toBe('forever');
        }
        for (const name of readdirSync(folder)) {
          if (!name.endsWith('.tmp')) continue;
          expect(plan.mode, `${JSON.stringify(plan)} leaves ${name}`).toBe('forever');
          rmSync(join(folder, name));
        }
      },
    );
    expect(faults).toBeGreaterThan(80);
  });

  test('beside a writer that replaces candles between its steps holds old or new ones, each whole', () => {
    const key = { exchange: 'test', symbol: 'BTCUSDT', timeframe };
    const store = openCandleStore(root);
    const versions = [10, 3_000, 20].map((barCount) =>
      syntheticCandles({ seed: 2, timeframe, barCount, startTime: 0, startPrice: 100 }),
    );
    const hashes = new Set([store.verify(key)]);
    let turn = 0;
    const replacing: Disk = {
      ...REAL_DISK,
      read(handle, target, position) {
        hashes.add(store.write(key, versions[turn++ % versions.length]!, meta));
        return REAL_DISK.read(handle, target, position);
      },
    };
    backup(replacing);
    expect(turn).toBeGreaterThan(5);
    restoreBackup(archive, join(folder, 'back'));
    expect(hashes).toContain(openCandleStore(join(folder, 'back')).verify(key));
  });
});

describe('a restore', () => {
  test('refuses a store that holds anything', () => {
    backup();
    const before = digests(root);
    expect(codeOf(() => restoreBackup(archive, root))).toBe('STORE_NOT_EMPTY');
    expect(digests(root)).toEqual(before);
  });
});

describe.skipIf(SQLITE_MISSING !== undefined)('the queue in a backup', () => {
  test('is a copy as of one moment: every job that was accepted before, none half, while others submit', async () => {
    const queue = await openSqliteStore(join(root, 'jobs'), { newId: () => 'q' });
    try {
      for (let i = 0; i < 20; i++) await queue.submit({ id: `before-${i}`, kind: 'k', request: 'x'.repeat(500) }, 0);
      let isOver = false;
      const submitting = (async () => {
        for (let i = 0; !isOver; i++) {
          await queue.submit({ id: `during-${i}`, kind: 'k', request: 'y'.repeat(500) }, 0);
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const copy = join(folder, 'copy.db');
      expect(await copyQueue(root, copy)).toBe(true);
      const list = backup(undefined, new Map([[QUEUE_DATABASE, copy]]));
      isOver = true;
      await submitting;
      expect(list.files.map(({ path }) => path).filter((path) => path.startsWith('jobs/queue'))).toEqual([
        'jobs/queue.json',
        'jobs/queue.db',
      ]);
      restoreBackup(archive, join(folder, 'back'));
    } finally {
      await queue.close();
    }
    expect(await checkQueue(join(folder, 'back'))).toBe(true);
    const restored = await openSqliteStore(join(folder, 'back', 'jobs'), { newId: () => 'other' });
    const { jobs } = await restored.list({ limit: 1000 });
    await restored.close();
    expect(jobs.filter(({ id }) => id.startsWith('before-'))).toHaveLength(20);
  });
});

describe('verification of a store', () => {
  test('finds nothing in a sound one and names each damaged file', async () => {
    rmSync(join(root, 'studies'), { recursive: true });
    expect(await checkStore(root)).toMatchObject({ counts: { candles: 2, results: 1 }, damage: [] });
    const candles = join(root, 'candles/test/ETHUSDT/1h.arrow');
    const bytes = readFileSync(candles);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(candles, bytes);
    const result = join(root, 'results/aaaaaaaaaaaaaaaa.json');
    writeFileSync(result, readFileSync(result, 'utf8').replace('"rows":3', '"rows":4'));
    const { damage } = await checkStore(root);
    expect(damage).toHaveLength(2);
    expect(damage[0]).toContain('ETHUSDT/1h.arrow');
    expect(damage[1]).toContain('aaaaaaaaaaaaaaaa.json');
  });

  test('headers of tar files say what they were given', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.nat(8 ** 11 - 1), (parts, bytes) => {
        const entry = { path: parts.join('/'), bytes };
        const header = tarHeader(entry);
        if (header !== undefined) expect(readTarHeader(header)).toEqual(entry);
        else expect(entry.path.length).toBeGreaterThan(100);
      }),
    );
  });
});
