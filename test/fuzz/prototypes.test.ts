// Names that reach into prototypes, in everything with names that is read: uploads, configuration files and bodies of requests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/api/config.ts';
import { parseJsonBody } from '../../src/api/json-body.ts';
import { isAppError } from '../../src/core/errors.ts';
import { readCandleFile } from '../../src/feeds/candle-file.ts';

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
const COLUMNS = ['time', 'open', 'high', 'low', 'close', 'volume'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-prototypes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Every object has only what it had. */
afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(typeof {}.toString).toBe('function');
});

async function readOrRefuse(name: string, text: string): Promise<Float64Array | undefined> {
  const path = join(folder, name);
  writeFileSync(path, text);
  try {
    return (await readCandleFile(path, {})).columns.close;
  } catch (error) {
    expect(isAppError(error), String(error)).toBe(true);
    return undefined;
  }
}

describe('the header of an uploaded file', () => {
  test.each(NAMES)('with a column %s beside the others: they are read as without it', async (name) => {
    for (const at of [0, 3, COLUMNS.length]) {
      const header = COLUMNS.toSpliced(at, 0, name).join(',');
      const rows = [1, 2, 3].map((n) =>
        [60_000 * n, 100, 101, 99, 100 + n / 10, 5].map(String).toSpliced(at, 0, 'polluted').join(','),
      );
      const close = await readOrRefuse('a.csv', [header, ...rows, ''].join('\n'));
      if (close !== undefined) expect([...close]).toEqual([100.1, 100.2, 100.3]);
    }
  });

  test.each(NAMES)('with %s in place of a column: it is refused', async (name) => {
    for (const missing of ['time', 'close']) {
      const header = COLUMNS.map((column) => (column === missing ? name : column)).join(',');
      expect(await readOrRefuse('b.csv', `${header}\n60000,100,101,99,100,5\n`)).toBeUndefined();
    }
  });

  test.each(NAMES)('of JSON with members %s', async (name) => {
    const row = `{"time":60000,"open":100,"high":101,"low":99,"close":100.1,"volume":5,"${name}":{"polluted":1}}`;
    await readOrRefuse('c.json', `[${row}]`);
    await readOrRefuse('d.json', `{"${name}":{"polluted":1},"data":[[60000,100,101,99,100.1,5]]}`);
  });
});

describe('a configuration file', () => {
  const read = (text: string) =>
    readConfig({ file: { path: 'gridmill.yaml', content: parse(text) as unknown }, environment: {}, flags: {} });

  test.each(NAMES)('with %s, at its top and within a section, is refused as unknown', (name) => {
    for (const text of [`${name}: {polluted: 1}`, `server: {${name}: {polluted: 1}}`, `backtest: {sync: {${name}: 1}}`])
      expect(() => read(text), text).toThrow(/known settings only/);
  });

  test('that refers to itself or merges is read without following further', () => {
    expect(() => read('server: &a {port: 1, <<: *a}')).toThrow();
    expect(() => read('a: &a [1]\nserver: *a')).toThrow();
  });
});

describe('a body', () => {
  test('with such a name at any depth, however it is spelled, is refused', () => {
    let tried = 0;
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      for (let depth = 0; depth < 15; depth++) {
        for (const spelled of [name, `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`]) {
          const inner = `{"${spelled}":{"polluted":1}}`;
          const lists = `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;
          const objects = `${'{"a":'.repeat(depth)}${inner}${'}'.repeat(depth)}`;
          for (const text of [lists, objects]) {
            expect(() => parseJsonBody(Buffer.from(text)), text).toThrow(`the name ${name}`);
            tried++;
          }
        }
      }
    }
    expect(tried).toBe(180);
  });

  test('is where the danger lies: the parser of the language lets the name through, and copies install it', () => {
    const parsed = JSON.parse('{"__proto__":{"polluted":1}}') as object;
    expect((Object.assign({}, parsed) as { polluted?: number }).polluted).toBe(1);
  });
});
