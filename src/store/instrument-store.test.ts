// The store of instruments: what is written is read, any damage is refused, exchanges are names.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { openInstrumentStore } from './instrument-store.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-instruments-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const list = (exchange: string, tickSize = '0.1') => ({
  exchange,
  source: 'list.csv',
  storedAt: 1_700_000_000_000,
  instruments: [{ exchange, symbol: 'AB', tickSize, stepSize: '1', minNotional: '5', minAmount: null, quoteRates: [] }],
});
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return isAppError(error) ? error.code : 'BUG';
  }
};

test('a list is read as it was written, and the next one replaces it', () => {
  const store = openInstrumentStore(root);
  expect(store.list()).toEqual([]);
  expect(store.read('binance')).toBeUndefined();
  const first = store.write(list('binance'));
  expect(store.read('binance')).toEqual(first);
  const second = store.write(list('binance', '0.2'));
  expect(second.hash).not.toBe(first.hash);
  expect(store.read('binance')).toEqual(second);
  store.write(list('kraken'));
  expect(store.list()).toEqual(['binance', 'kraken']);
});

test('every single changed, added or missing byte is found', () => {
  const store = openInstrumentStore(root);
  store.write(list('okx'));
  const path = join(root, 'instruments', 'okx.json');
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 1;
    writeFileSync(path, changed);
    expect(
      codeOf(() => store.read('okx')),
      `byte ${at}`,
    ).toBe('INSTRUMENTS_CORRUPT');
  }
  for (const other of [whole.subarray(0, -1), whole.subarray(0, 50), Buffer.alloc(0), Buffer.concat([whole, whole])]) {
    writeFileSync(path, other);
    expect(codeOf(() => store.read('okx'))).toBe('INSTRUMENTS_CORRUPT');
  }
});

test('an exchange is a name, never a path', () => {
  const store = openInstrumentStore(root);
  expect(codeOf(() => store.write(list('../x')))).toBe('PATH_FORBIDDEN');
  expect(codeOf(() => store.read('a/b'))).toBe('PATH_FORBIDDEN');
});
