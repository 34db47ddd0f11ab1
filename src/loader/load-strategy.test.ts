// Tests of the strategy loader on files in a folder of its own.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { type LoadedStrategy, loadStrategy } from './load-strategy.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-loader-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const entry = () => import('../index.ts');
const load = (name: string): Promise<LoadedStrategy> =>
  loadStrategy(name, { folder, cacheFolder: join(folder, 'cache'), entry });

function write(name: string, source: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), source);
  return name;
}

const strategy = (constraint = 'p.fast < 9') => `import { choice, close, defineStrategy, gt, sma } from 'gridmill';
export default defineStrategy({
  name: 'mine', parameters: { fast: choice(3, 5, 9) }, constraint: (p) => ${constraint},
  signals: (p) => ({ long: gt(close, sma(close, p.fast)) }),
});
`;

test('a built-in comes by name, and a file of that name needs a path', async () => {
  write('sma-cross.ts', strategy());
  expect(await load('sma-cross')).toMatchObject({ strategyHash: 'built-in', strategy: { name: 'sma-cross' } });
  expect((await load('./sma-cross.ts')).strategy.name).toBe('mine');
});

test('a name that others gave means a file of the folder itself, and nothing elsewhere', async () => {
  const outside = write('elsewhere/outside.ts', strategy());
  const inner = join(folder, 'inner');
  write('inner/own.ts', strategy());
  const confined = (name: string, root = inner) =>
    loadStrategy(name, { folder: root, cacheFolder: join(folder, 'cache'), entry, confined: true });
  expect((await confined('own.ts')).strategy.name).toBe('mine');
  const reaching = [
    '../elsewhere/outside.ts',
    join(folder, outside),
    './own.ts',
    'a/b.ts',
    'a\\b.ts',
    '..',
    'file:own.ts',
  ];
  for (const name of reaching) {
    const error = await confined(name).catch((thrown: unknown) => thrown);
    expect([name, isAppError(error, 'PATH_FORBIDDEN')]).toEqual([name, true]);
  }
  expect((await load('elsewhere/outside.ts')).strategy.name).toBe('mine');
});

test('a file shares the running engine: its constraint runs and its source is kept', async () => {
  const loaded = await load(write('own.ts', strategy()));
  expect(loaded.strategy.constraint!({ fast: 3 })).toBe(true);
  expect(loaded.strategy.constraint!({ fast: 9 })).toBe(false);
  expect(loaded.source).toBe(strategy());
});

test('compiles once per content, and compiles again when the content changes', async () => {
  const count = (): number => readdirSync(join(folder, 'cache')).length;
  await load(write('cached.ts', strategy('p.fast > 1')));
  const before = count();
  await load('cached.ts');
  expect(count()).toBe(before);
  const changed = await load(write('cached.ts', strategy('p.fast > 3')));
  expect(count()).toBe(before + 1);
  expect(changed.strategy.constraint!({ fast: 3 })).toBe(false);
});

test('finds packages from the folder of the strategy, CommonJS ones that use Node included', async () => {
  write('node_modules/lengths/package.json', '{"name":"lengths","version":"1.0.0","main":"index.js"}');
  write('node_modules/lengths/index.js', `const { EOL } = require('node:os'); exports.fast = EOL.length + 2;`);
  const source = `import { fast } from 'lengths';\n${strategy().replace('choice(3, 5, 9)', 'choice(fast)')}`;
  const loaded = await load(write('packaged.ts', source));
  expect(loaded.strategy.parameters['fast']!.values).toEqual([3]);
  const inner = await load(write('deep/packaged.ts', source));
  expect(inner.strategyHash).not.toBe('built-in');
});

test('the hash covers imported files and nothing of the machine', async () => {
  const source = `import { top } from './lib/top.ts';\n${strategy('p.fast < top')}`;
  const hashes: string[] = [];
  for (const [place, top] of [
    ['a', 9],
    ['b', 9],
    ['c', 5],
  ] as const) {
    write(`${place}/lib/top.ts`, `export const top = ${top};\n`);
    hashes.push((await load(write(`${place}/s.ts`, source))).strategyHash);
  }
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[2]).not.toBe(hashes[0]);
});

test('a cache that cannot be written costs nothing but the compile', async () => {
  write('blocked', 'a file where the cache folder should be');
  const path = write('uncached.ts', strategy());
  const loaded = await loadStrategy(path, { folder, cacheFolder: join(folder, 'blocked'), entry });
  expect(loaded.strategy.name).toBe('mine');
});

test('an error in the signals names the line of the file', async () => {
  const path = write('bad.ts', strategy().replace('p.fast))', 'p.fats))'));
  const error = await load(path).catch((reason: unknown) => reason);
  expect(isAppError(error, 'STRATEGY_INVALID')).toBe(true);
  expect(String(error)).toContain('"fats"');
});
