// Does the guide to strategies say what is true? Its examples compile, sweep and pass the check; its tables are complete.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as entry from '../../src/index.ts';
import { INDICATORS } from '../../src/indicators/registry.ts';
import { loadStrategy } from '../../src/loader/load-strategy.ts';
import { auditStrategy } from '../../src/sweep/audit.ts';
import { createGrid, parametersAt } from '../../src/sweep/grid.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { testCandles, testHost, testRequest } from '../synthetic-request.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/strategies.md'), 'utf8');
const examples = [...guide.matchAll(/^```ts\n(.+?)^```$/gms)].map(([, source]) => {
  const name = /name: '(.+?)'/.exec(source!)![1]!;
  return { name, source: source! };
});

const folder = mkdtempSync(join(tmpdir(), 'gridmill-guide-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const { name, source } of examples) writeFileSync(join(folder, `${name}.ts`), source);
const load = (name: string) =>
  loadStrategy(`./${name}.ts`, { folder, cacheFolder: join(folder, 'cache'), entry: async () => entry });

const candles = testCandles(3_000, 4, '5m');

test('there are examples of every form', () => {
  const all = examples.map(({ source }) => source).join();
  for (const form of [
    'signals:',
    'compute:',
    'enterLong',
    'long:',
    'risk:',
    'customColumn(',
    'higher(',
    'constraint:',
    'onBar:',
  ]) {
    expect(all).toContain(form);
  }
});

describe.each(examples)('the example $name', ({ name }) => {
  test('sweeps with trades', async () => {
    const { strategy } = await load(name);
    const outcome = await runSweep(testRequest('sma-cross', { strategy, rank: 'trades' }), testHost(candles));
    expect(outcome.scored).toBeGreaterThanOrEqual(3);
    expect(outcome.top[0]!.metrics.trades).toBeGreaterThan(5);
  });

  test('does not look ahead, remembers no longer than it says, and signals', async () => {
    const { strategy } = await load(name);
    const grid = createGrid({ strategy, arithmetic: 'standard' });
    const variants = [parametersAt(grid, grid.basePoints - 1)];
    const report = auditStrategy({ strategy, arithmetic: 'standard', history: candles, variants, seed: 3, cuts: 6 });
    expect(report).toMatchObject({ lookAhead: [], withoutSignal: 0 });
  });
});

test('the examples have no type error in strict mode', () => {
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: { gridmill: [join(root, 'src/index.ts')] },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const errors = (): string[] => {
    const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    return stdout.split('\n').filter((line) => examples.some(({ name }) => line.includes(`${name}.ts(`)));
  };
  expect(errors()).toEqual([]);
  // A mistake must be found, so that silence means something.
  const { name, source } = examples[0]!;
  writeFileSync(join(folder, `${name}.ts`), source.replace('p.slow', 'p.slwo'));
  expect(errors().join()).toContain('slwo');
  writeFileSync(join(folder, `${name}.ts`), source);
});

describe('the tables', () => {
  const exported = (file: string): string[] => {
    const block = new RegExp(`export \\{([^}]+)\\} from './strategy/${file}'`).exec(
      readFileSync(join(root, 'src/index.ts'), 'utf8'),
    )![1]!;
    return block.split(',').flatMap((part) => (/^\s*(\w+)\s*$/.exec(part) ?? []).slice(1));
  };

  test('name every expression a strategy can import', () => {
    const names = exported('expression.ts');
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !new RegExp(`^\\|.*\`${name}[\`(]`, 'm').test(guide))).toEqual([]);
  });

  test('name every indicator with its parameters and outputs', () => {
    for (const name of exported('indicator-expressions.ts')) {
      const { inputs, params, outputs } = INDICATORS[name as keyof typeof INDICATORS];
      const first = inputs[0] === 'source' ? 'column' : 'candles';
      const call = `${name}(${[first, ...params.map((param) => param.name)].join(', ')})`;
      const row = guide.split('\n').find((line) => line.startsWith(`| \`${call}\``));
      expect(row, call).toBeDefined();
      for (const output of outputs.length > 1 ? outputs : []) expect(row).toContain(`\`.${output}\``);
      const marked = params.some((param) => param.name === 'length' && param.min === 2);
      expect(row!.includes('length ≥ 2'), call).toBe(marked);
    }
  });
});
