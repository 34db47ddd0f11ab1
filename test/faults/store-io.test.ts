// Does the store keep the old or the new file, and nothing else, when any disk operation fails?
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError, isAppError } from '../../src/core/errors.ts';
import type { CandleKey } from '../../src/market/candles.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';
import type { Disk } from '../../src/store/disk.ts';
import { durableWrite } from '../../src/store/durable-write.ts';
import type { StoredResult } from '../../src/store/result-file.ts';
import { openResultStore } from '../../src/store/result-store.ts';
import { createFaultDisk, faultLoop } from './fault-disk.ts';

const CODES = ['ENOSPC', 'EIO', 'EACCES'];
const timeframe = parseTimeframe('1m');
const key: CandleKey = { exchange: 'test', symbol: 'BTCUSDT', timeframe };
const meta = { source: 'synthetic', importedAt: 0, quality: null };
const make = (seed: number) => syntheticCandles({ seed, timeframe, barCount: 50, startTime: 0, startPrice: 100 });
const [before, after] = [make(1), make(2)];
const OLD = Uint8Array.of(1, 2, 3, 4, 5);
const NEW = Uint8Array.of(6, 7, 8, 9, 10, 11);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-store-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const temps = (): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));

describe('when the n-th disk operation fails', () => {
  test('replacing candles leaves the old or the new ones and no temporary file', () => {
    const reference = openCandleStore(root);
    const oldHash = reference.write(key, before, meta);
    const path = reference.list()[0]!.path;
    const oldBytes = readFileSync(path);
    let untouched = 0;
    const faults = faultLoop(
      CODES,
      (disk) => {
        writeFileSync(path, oldBytes);
        openCandleStore(root, { disk }).write(key, after, meta);
      },
      (_, thrown, plan) => {
        if (thrown === undefined) untouched++;
        else expect(thrown, JSON.stringify(plan)).toBeInstanceOf(AppError);
        // After a single fault the writer itself can still clean up; with a dead disk only recovery can.
        if (plan.mode === 'once') expect(temps(), JSON.stringify(plan)).toEqual([]);
        const hash = reference.verify(key);
        if (thrown === undefined) expect(hash).not.toBe(oldHash);
        reference.recover();
        expect(temps()).toEqual([]);
        expect(reference.list().map(({ damage }) => damage)).toEqual([undefined]);
      },
    );
    expect(faults).toBeGreaterThan(80);
    expect(untouched).toBeGreaterThanOrEqual(2 * CODES.length);
  });

  test('the first write of candles leaves them or nothing', () => {
    const reference = openCandleStore(root);
    faultLoop(
      ['EIO'],
      (disk) => {
        rmSync(root, { recursive: true, force: true });
        openCandleStore(root, { disk }).write(key, after, meta);
      },
      (_, thrown) => {
        if (thrown === undefined || reference.has(key)) reference.verify(key);
        else expect(thrown).toBeInstanceOf(AppError);
        reference.recover();
      },
    );
    expect(temps()).toEqual([]);
  });

  test('reading and listing answer the candles or a typed error', () => {
    openCandleStore(root).write(key, before, meta);
    faultLoop(
      CODES,
      (disk) => {
        const store = openCandleStore(root, { disk });
        const { candles } = store.read(key);
        expect([...candles.close]).toEqual([...before.close]);
        expect(store.list()).toHaveLength(1);
      },
      (_, thrown) => {
        if (thrown !== undefined) expect(isAppError(thrown)).toBe(true);
      },
    );
  });

  test('replacing and removing results leave the old, the new or none', () => {
    const stored = (createdAt: number): StoredResult => ({
      format: 'gridmill-result',
      createdAt,
      summary: { strategy: 'sma-cross' },
      body: { rows: [createdAt] },
    });
    const hash = 'ab'.repeat(32);
    const reference = openResultStore(root);
    const path = join(root, 'results', `${reference.write(stored(1), hash)}.json`);
    const oldBytes = readFileSync(path);
    const check = (_: unknown, thrown: unknown): void => {
      if (thrown !== undefined) expect(thrown).toBeInstanceOf(AppError);
      reference.recover();
      expect(temps()).toEqual([]);
      expect(reference.list().every(({ damage }) => damage === undefined)).toBe(true);
    };
    const write = (disk: Disk): void => {
      writeFileSync(path, oldBytes);
      openResultStore(root, { disk }).write(stored(2), hash);
    };
    faultLoop(['EIO'], write, (disk, thrown) => {
      check(disk, thrown);
      expect([1, 2]).toContain(reference.read('ab').result.createdAt);
    });
    const remove = (disk: Disk): void => {
      writeFileSync(path, oldBytes);
      openResultStore(root, { disk }).remove('ab');
    };
    faultLoop(['EIO'], remove, check);
  });

  test('a full disk is STORE_FULL and any other fault STORE_UNWRITABLE', () => {
    const path = join(root, 'file');
    const codeOf = (code: string): string => {
      try {
        durableWrite(createFaultDisk({ failAt: 2, mode: 'once', code }), path, [NEW]);
      } catch (error) {
        if (error instanceof AppError) return error.code;
      }
      return 'none';
    };
    expect(codeOf('ENOSPC')).toBe('STORE_FULL');
    expect(codeOf('EDQUOT')).toBe('STORE_FULL');
    expect(codeOf('EIO')).toBe('STORE_UNWRITABLE');
    expect(codeOf('EROFS')).toBe('STORE_UNWRITABLE');
  });
});

// Anti-tests: the same loop must find a writer without the defence guilty.
describe('the same loop', () => {
  const thirdStates = (write: (disk: Disk, path: string) => void): number => {
    const path = join(root, 'file');
    let found = 0;
    faultLoop(
      ['EIO'],
      (disk) => {
        durableWrite(createFaultDisk({ failAt: Infinity, mode: 'once', code: '' }), path, [OLD]);
        write(disk, path);
      },
      (disk) => {
        const bytes = Buffer.alloc(16);
        let length = -1;
        if (disk.inspect(path) !== undefined) length = disk.read(disk.open(path), bytes, 0);
        const content = bytes.subarray(0, Math.max(length, 0));
        if (!content.equals(OLD) && !content.equals(NEW)) found++;
      },
    );
    return found;
  };

  test('finds no third state after a durable write', () => {
    expect(thirdStates((disk, path) => durableWrite(disk, path, [NEW]))).toBe(0);
  });

  test('finds third states after a write in place', () => {
    const writeInPlace = (disk: Disk, path: string): void => {
      disk.remove(path);
      const handle = disk.create(path);
      disk.write(handle, NEW);
      disk.close(handle);
    };
    expect(thirdStates(writeInPlace)).toBeGreaterThan(0);
  });
});

describe('short writes', () => {
  test('are continued until every byte is written', () => {
    const disk = createFaultDisk({ failAt: Infinity, mode: 'once', code: '', shortWrites: true });
    openCandleStore(root, { disk }).write(key, after, meta);
    expect([...openCandleStore(root).read(key).candles.close]).toEqual([...after.close]);
  });

  test('truncate a file whose writer ignores the count, which the size in the seal then shows', () => {
    const store = openCandleStore(root);
    store.write(key, after, meta);
    const path = store.list()[0]!.path;
    const whole = Buffer.alloc(store.list()[0]!.bytes);
    const disk = createFaultDisk({ failAt: Infinity, mode: 'once', code: '', shortWrites: true });
    disk.read(disk.open(path), whole, 0);
    disk.remove(path);
    disk.write(disk.create(path), whole);
    expect(() => store.read(key)).toThrow(expect.objectContaining({ code: 'CANDLE_FILE_CORRUPT' }));
  });
});

describe('temporary files', () => {
  test('of a dead process go and of a live one stay', () => {
    const store = openCandleStore(root);
    store.write(key, before, meta);
    const folder = join(root, 'candles/test/BTCUSDT');
    const disk = createFaultDisk({ failAt: Infinity, mode: 'once', code: '' });
    const dead = join(folder, '.1m.arrow.2147483646-0-0.tmp');
    const live = join(folder, `.1m.arrow.${process.ppid}-0-0.tmp`);
    for (const path of [dead, live]) disk.close(disk.create(path));
    expect(store.recover()).toBe(1);
    expect(disk.inspect(dead)).toBeUndefined();
    expect(disk.inspect(live)).toBeDefined();
  });
});
