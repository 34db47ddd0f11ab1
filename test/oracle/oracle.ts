// Where reference numbers live, and the count of oracle cases that ran or had to be skipped.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, test } from 'vitest';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The optional folder of real candles and reference runs beside the repository, or GRIDMILL_SHARED. */
export const sharedFolder: string = process.env['GRIDMILL_SHARED'] ?? join(repository, '..', 'shared');

export const hasShared = (path: string): boolean => existsSync(join(sharedFolder, path));

/** Text of a shared file; `.gz` is unpacked. */
export function readShared(path: string): string {
  const bytes = readFileSync(join(sharedFolder, path));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Adds to the totals that the test command prints as `oracle cases: N run, M skipped`. */
export function countOracle(run: number, skipped = 0): void {
  const file = process.env['GRIDMILL_ORACLE_COUNTS'];
  if (file !== undefined) appendFileSync(file, `${run} ${skipped}\n`);
}

/**
 * A describe block over shared reference files holding `cases` cases. When a file is absent its cases are counted as
 * skipped, loudly; GRIDMILL_REQUIRE_SHARED=1 turns that into a failure. Inside, call countOracle as cases pass.
 */
export function describeOracle(title: string, files: readonly string[], cases: number, body: () => void): void {
  const missing = files.filter((file) => !hasShared(file));
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  if (process.env['GRIDMILL_REQUIRE_SHARED'] === '1') {
    test(`${title}: needs ${missing.join(', ')}`, () => {
      throw new Error(`Reference files are required and were not found: ${missing.join(', ')}`);
    });
    return;
  }
  describe.skip(`${title} (no reference files)`, () => {
    test('skipped', () => undefined);
  });
  countOracle(0, cases);
}
