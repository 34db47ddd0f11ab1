// What a queue says where its database packages are not installed, or could not be built.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const openStore = join(dirname(fileURLToPath(import.meta.url)), '../../src/jobs/open-store.ts');
const hasBuiltIn = process.getBuiltinModule?.('node:sqlite') !== undefined;

let folder: string;
beforeAll(async () => {
  // Far from node_modules: no package is found from here.
  folder = mkdtempSync(join(tmpdir(), 'gridmill-bare-'));
  const outfile = join(folder, 'open-store.mjs');
  await build({
    entryPoints: [openStore],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function openHere(location: unknown): string {
  const script = `
    const { openJobStore } = await import('./open-store.mjs');
    try {
      const store = await openJobStore(${JSON.stringify(location)}, () => 'queue');
      await store.close();
      console.log('opened');
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  writeFileSync(join(folder, 'main.mjs'), script);
  return spawnSync(process.execPath, [join(folder, 'main.mjs')], { encoding: 'utf8' }).stdout;
}

test.skipIf(hasBuiltIn)('without SQLite the queue says what to install', () => {
  const said = openHere({ kind: 'sqlite', folder: join(folder, 'queue') });
  expect(said).toMatch(/^DEPENDENCY_MISSING .*better-sqlite3 cannot be loaded.*npm install better-sqlite3/s);
});

test.runIf(hasBuiltIn)('SQLite needs no package where Node has it built in', () => {
  expect(openHere({ kind: 'sqlite', folder: join(folder, 'queue') })).toBe('opened\n');
});

test('without its driver a queue in PostgreSQL says what to install', () => {
  expect(openHere({ kind: 'postgres', url: 'postgres://u@h/d' })).toMatch(/^DEPENDENCY_MISSING .*npm install pg@8/s);
});
