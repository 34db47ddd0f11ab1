// Do the notebooks run from their first cell to their last, and is what they share with the smoke test the same?
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { repository } from './cli-harness.ts';

const run = promisify(execFile);
const folder = join(repository, 'notebooks');
const all = readdirSync(folder).filter((name) => name.endsWith('.ipynb'));
/** The fourth needs a stack on AWS: test/deploy/aws-notebook.test.ts runs its cells against a stand-in. */
const names = all.filter((name) => !name.startsWith('4-'));
const python = join(repository, '.cache', 'notebooks', 'bin', 'python');
const hasJupyter = existsSync(python);
const out = mkdtempSync(join(tmpdir(), 'gridmill-notebooks-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

interface Cell {
  readonly cell_type: string;
  readonly outputs?: readonly { readonly data?: Readonly<Record<string, unknown>> }[];
  readonly execution_count?: number | null;
}
const cellsOf = (path: string): readonly Cell[] => JSON.parse(readFileSync(path, 'utf8')).cells;

test('there are four, committed without outputs', () => {
  expect(all).toHaveLength(4);
  for (const name of all) {
    const code = cellsOf(join(folder, name)).filter(({ cell_type }) => cell_type === 'code');
    expect(code.length).toBeGreaterThan(3);
    expect(code.flatMap(({ outputs }) => outputs ?? [])).toEqual([]);
    expect(code.every(({ execution_count }) => execution_count === null)).toBe(true);
  }
});

const hasPython = spawnSync('python3', ['--version']).status === 0;
test.skipIf(!hasPython)('Python and Node make the same candles', async () => {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const made =
    "import('./scripts/smoke/made-candles.mjs').then(({ madeCandles }) => process.stdout.write(madeCandles().text))";
  const large = { cwd: repository, maxBuffer: 2 ** 24 };
  const node = await run(process.execPath, ['-e', made], large);
  const code = 'import sys, drive; sys.stdout.write(drive.made_candles()[0])';
  const other = await run('python3', ['-B', '-c', code], { ...large, cwd: folder });
  expect(node.stdout.split('\n')).toHaveLength(8_762);
  expect(hash(other.stdout)).toBe(hash(node.stdout));
});

const title = hasJupyter ? 'executed' : 'NOT EXECUTED: there is no .cache/notebooks (notebooks/README.md)';
describe.skipIf(!hasJupyter && process.env['GRIDMILL_REQUIRE_NOTEBOOKS'] !== '1')(title, { timeout: 300_000 }, () => {
  test('every cell of every notebook holds, and plots are drawn', async () => {
    const { GRIDMILL_URL: _, ...env } = process.env;
    const done = await run(python, ['-B', join(folder, 'execute.py'), '--into', out], {
      env: { ...env, GRIDMILL_NODE: process.execPath, PYTHONDONTWRITEBYTECODE: '1' },
    }).catch((error: { stdout: string; stderr: string }) => expect.fail(`${error.stdout}\n${error.stderr}`));
    expect(done.stdout.match(/ipynb: ok/g)).toHaveLength(names.length);
    const plots = readdirSync(out).filter((name) => name.endsWith('.png'));
    expect(plots).toHaveLength(4);
    for (const plot of plots) expect(readFileSync(join(out, plot)).length).toBeGreaterThan(10_000);
    for (const name of names) {
      const code = cellsOf(join(out, name)).filter(({ cell_type }) => cell_type === 'code');
      expect(code.every(({ execution_count }) => execution_count !== null)).toBe(true);
    }
  });

  test.runIf(process.env['GRIDMILL_LONG_NOTEBOOKS'] === '1')('a notebook whose numbers do not hold fails', async () => {
    const first = JSON.parse(readFileSync(join(folder, names[0]!), 'utf8'));
    const cells = first.cells as { source: string[] }[];
    // The fee of the recomputation is another one than that of the sweep.
    const bent = cells.filter(({ source }) => source.join('').includes('row.slow), FEE)'));
    expect(bent).toHaveLength(1);
    bent[0]!.source = bent[0]!.source.map((line) => line.replace('row.slow), FEE)', 'row.slow), FEE * 1.001)'));
    const path = join(out, 'bent.ipynb');
    writeFileSync(path, JSON.stringify(first));
    const failed = await run(python, ['-B', join(folder, 'execute.py'), path]).then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed?.code).toBe(1);
    expect(failed?.stderr).toContain('AssertionError');
  });
});
