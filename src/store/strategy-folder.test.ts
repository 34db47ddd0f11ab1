// Tests of the strategies folder: whole files, names that stay in it, nothing replaced unasked, its limit.
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { listStrategyFiles, putStrategyFile } from './strategy-folder.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-strategies-'));
  folder = join(root, 'strategies');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (name: string, text = 'x', replace = false) =>
  putStrategyFile({ folder, name, content: Buffer.from(text), replace, id: 'one' });
const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'done';
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
};

test('files are listed by name, without what lies beside them for editors', () => {
  expect(listStrategyFiles(folder)).toEqual([]);
  for (const name of ['b.ts', 'a.yml', 'c.mjs']) expect(put(name, name)).toEqual({ replaced: false });
  for (const name of ['package.json', 'tsconfig.json', 'gridmill.d.ts', 'notes.md'])
    writeFileSync(join(folder, name), '');
  expect(listStrategyFiles(folder).map(({ name, bytes }) => [name, bytes])).toEqual([
    ['a.yml', 5],
    ['b.ts', 4],
    ['c.mjs', 5],
  ]);
});

test('nothing is replaced unasked, nor through a link, and nothing half-made stays', () => {
  put('a.ts', 'first');
  expect(codeOf(() => put('a.ts', 'second'))).toBe('REQUEST_INVALID');
  expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe('first');
  expect(put('a.ts', 'third', true)).toEqual({ replaced: true });
  expect(readFileSync(join(folder, 'a.ts'), 'utf8')).toBe('third');
  writeFileSync(join(root, 'precious'), 'keep');
  symlinkSync(join(root, 'precious'), join(folder, 'link.ts'));
  expect(codeOf(() => put('link.ts', 'x'))).toBe('REQUEST_INVALID');
  put('link.ts', 'x', true);
  expect(readFileSync(join(root, 'precious'), 'utf8')).toBe('keep');
  expect(readdirSync(folder)).toEqual(['a.ts', 'link.ts']);
});

test.each(['../a.ts', 'a/b.ts', '.a.ts', 'a', 'a.sh', 'a.d.ts', 'tsconfig.json', '', `${'x'.repeat(62)}.ts`, 'a\0.ts'])(
  'the name %j is refused',
  (name) => {
    expect(codeOf(() => put(name))).toBe('PATH_FORBIDDEN');
  },
);

test('a full folder takes no new file, and still has its own replaced', () => {
  put('a.ts');
  for (let i = 2; i < LIMITS.strategyFilesMax; i++) writeFileSync(join(folder, `f${i}.ts`), '');
  put('last.ts');
  expect(codeOf(() => put('beyond.ts'))).toBe('STORE_FULL');
  expect(put('last.ts', 'again', true)).toEqual({ replaced: true });
  expect(listStrategyFiles(folder)).toHaveLength(LIMITS.strategyFilesMax);
});
