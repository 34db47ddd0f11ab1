// Exactly what strategies need goes into an image: nothing hidden, linked or elsewhere.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadStrategy } from '../loader/load-strategy.ts';
import { readStrategyFolder } from './strategy-folder.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-folder-'));
  folder = join(root, 'strategies');
  mkdirSync(folder);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (name: string, content: string): void => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};
const entry = () => import('../index.ts');
const read = () => readStrategyFolder(folder, { cacheFolder: join(root, 'cache'), entry, check: () => undefined });
const strategy = (name: string, imports = ''): string => `${imports}
import { close, crossAbove, crossBelow, defineStrategy, sma } from 'gridmill';
export default defineStrategy({
  name: '${name}',
  parameters: {},
  signals: () => ({ enterLong: crossAbove(close, sma(close, 5)), exitLong: crossBelow(close, sma(close, 5)) }),
});
`;
const PACKAGE = JSON.stringify({ name: 'mine', private: true, dependencies: { odd: '1.0.0' } });
const lockOf = (packages: object): string => JSON.stringify({ lockfileVersion: 3, packages });

test('strategies, the code that they share and nothing else are taken', async () => {
  put('b.ts', strategy('b', "import { length } from './lib/lengths.ts'; export { length };"));
  put('a.ts', strategy('a', "import { more } from './shared.ts'; export { more };"));
  put('lib/lengths.ts', 'export const length = 5;');
  put('lib/unused.ts', 'export const unused = 5;');
  put('shared.ts', 'export const more = 6;');
  for (const name of ['.env', '.npmrc', '.git/config', 'id_rsa', 'secrets.json', 'notes.md', 'a.test.ts', 'a.d.ts']) {
    put(name, 'SECRET');
  }
  const { strategies, files, packages } = await read();
  expect(files.map(({ name }) => name)).toEqual(['a.ts', 'b.ts', 'lib/lengths.ts', 'shared.ts']);
  expect(packages).toEqual([]);
  expect(strategies.map(({ name, file }) => `${name} ${file}`)).toEqual(['a a.ts', 'b b.ts']);
  const loaded = await loadStrategy(join(folder, 'a.ts'), { folder, cacheFolder: join(root, 'cache'), entry });
  expect(strategies[0]!.hash).toBe(loaded.strategyHash);
});

test('a strategy that does not load is refused, with its file', async () => {
  put('good.ts', strategy('good'));
  put('bad.ts', 'export default 5;');
  await expect(read()).rejects.toMatchObject({ code: 'STRATEGY_INVALID', found: expect.stringContaining('bad.ts') });
  put('bad.ts', "throw new Error('of the first line');");
  await expect(read()).rejects.toMatchObject({
    code: 'STRATEGY_FAILED',
    message: expect.stringContaining('of the first line'),
  });
  put('bad.ts', "import 'not-installed';");
  await expect(read()).rejects.toMatchObject({ code: 'STRATEGY_INVALID', found: expect.stringContaining('bad.ts') });
});

test('what a run would refuse before its first bar is refused', async () => {
  put('bad.ts', strategy('bad'));
  const check = (): void => {
    throw new Error('refused');
  };
  const checked = readStrategyFolder(folder, { cacheFolder: join(root, 'cache'), entry, check });
  await expect(checked).rejects.toThrow('refused');
});

test('links are refused, wherever they lead', async () => {
  put('a.ts', strategy('a'));
  writeFileSync(join(root, 'elsewhere.ts'), strategy('elsewhere'));
  symlinkSync(join(root, 'elsewhere.ts'), join(folder, 'link.ts'));
  await expect(read()).rejects.toMatchObject({ code: 'PATH_FORBIDDEN', found: expect.stringContaining('link.ts') });
  rmSync(join(folder, 'link.ts'));
  mkdirSync(join(folder, 'lib'));
  symlinkSync(root, join(folder, 'lib', 'up'));
  await expect(read()).rejects.toMatchObject({ code: 'PATH_FORBIDDEN', found: expect.stringContaining('up') });
});

test('files elsewhere and hidden files are refused, also when a strategy imports them', async () => {
  writeFileSync(join(root, 'elsewhere.ts'), 'export const x = 1;');
  put('a.ts', strategy('a', "import { x } from '../elsewhere.ts'; export { x };"));
  await expect(read()).rejects.toMatchObject({ code: 'PATH_FORBIDDEN', found: expect.stringContaining('elsewhere') });
  put('.keys.json', '{"x": 1}');
  put('a.ts', strategy('a', "import { x } from './.keys.json'; export { x };"));
  await expect(read()).rejects.toMatchObject({ code: 'PATH_FORBIDDEN', found: expect.stringContaining('.keys.json') });
});

test('packages need a lockfile, and come from a registry', async () => {
  put('node_modules/odd/package.json', JSON.stringify({ name: 'odd', version: '1.0.0', main: 'index.js' }));
  put('node_modules/odd/index.js', 'module.exports = 3;');
  put('a.ts', strategy('a', "import odd from 'odd'; export { odd };"));
  await expect(read()).rejects.toMatchObject({ code: 'REQUEST_INVALID', found: expect.stringContaining('odd') });
  put('package.json', PACKAGE);
  put('package-lock.json', lockOf({ 'node_modules/odd': { version: '1.0.0' } }));
  const { files, packages } = await read();
  expect(files.map(({ name }) => name)).toEqual(['a.ts']);
  expect(packages.map(({ name }) => name)).toEqual(['package.json', 'package-lock.json']);
  put('package-lock.json', lockOf({ 'node_modules/odd': { resolved: '../odd', link: true } }));
  await expect(read()).rejects.toMatchObject({ code: 'REQUEST_INVALID', found: expect.stringContaining('odd') });
  put('package-lock.json', lockOf({ 'node_modules/odd': { resolved: '../odd', link: true, dev: true } }));
  await expect(read()).resolves.toHaveProperty('strategies.length', 1);
});

test('a folder without strategies is none', async () => {
  await expect(read()).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await expect(
    readStrategyFolder(join(root, 'nowhere'), { cacheFolder: root, entry, check: () => undefined }),
  ).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});
