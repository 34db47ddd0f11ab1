// A token from a file: read without its line end, refused when the file is absent, empty, or beside a token of the environment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withTokenFile } from './token-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-token-'));
  writeFileSync(join(folder, 'token'), 'abc123\n');
  writeFileSync(join(folder, 'empty'), '\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const of = (environment: Record<string, string>) => withTokenFile({ environment, folder });

describe('a token in a file', () => {
  test('is taken without its line end, and nothing changes without a file', () => {
    expect(of({ GRIDMILL_TOKEN_FILE: 'token' })['GRIDMILL_TOKEN']).toBe('abc123');
    expect(of({ GRIDMILL_TOKEN: 'own' })).toEqual({ GRIDMILL_TOKEN: 'own' });
  });

  test('that cannot be is an error with the reason', () => {
    expect(() => of({ GRIDMILL_TOKEN_FILE: 'absent' })).toThrow(/absent \(ENOENT\)/);
    expect(() => of({ GRIDMILL_TOKEN_FILE: 'empty' })).toThrow(/empty, which is empty/);
    expect(() => of({ GRIDMILL_TOKEN_FILE: 'token', GRIDMILL_TOKEN: 'x' })).toThrow(/Found: both/);
  });
});
