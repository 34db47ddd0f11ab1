// The test command: lint, type check, build, then every test; ends with the count of oracle cases.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const fast = process.argv.includes('--fast');
const counts = join(root, '.cache', `oracle-counts-${process.pid}.txt`);
mkdirSync(dirname(counts), { recursive: true });
rmSync(counts, { force: true });

function step(title, ...args) {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, GRIDMILL_ORACLE_COUNTS: counts },
  });
  console.log(`${title}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  if (status !== 0) process.exitCode = 1;
  return status === 0;
}

if (!fast) step('lint and format', 'node_modules/@biomejs/biome/bin/biome', 'check', '.');
if (!fast) step('types', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit');
if (!fast) step('types of the page', 'node_modules/typescript/bin/tsc', '-p', 'web/tsconfig.json');
if (step('build', 'scripts/build.mjs')) {
  step('tests', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'fast', ...(fast ? [] : ['--project', 'e2e']));
}

let run = 0;
let skipped = 0;
try {
  for (const line of readFileSync(counts, 'utf8').trim().split('\n')) {
    const [ran, left] = line.split(' ').map(Number);
    run += ran;
    skipped += left;
  }
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
rmSync(counts, { force: true });
console.log(`oracle cases: ${run} run, ${skipped} skipped`);
if (process.env.GRIDMILL_REQUIRE_SHARED === '1' && (skipped > 0 || run === 0)) {
  console.error('GRIDMILL_REQUIRE_SHARED=1: no oracle case may be skipped.');
  process.exitCode = 1;
}
