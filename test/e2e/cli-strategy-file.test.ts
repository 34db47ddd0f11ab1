// Strategy files of a user: written by init, loaded from any folder, and wrong in every usual way.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(3_000)));
});
afterAll(() => place.remove());

const sweep = (file: string, ...extra: readonly string[]) =>
  place.run('sweep', file, '--data', 'btc.csv', '--json', ...extra);

const HEAD = `import { close, crossAbove, crossBelow, defineStrategy, range, sma } from 'gridmill';\n`;
const BODY = `export default defineStrategy({
  name: 'own',
  parameters: { fast: range(5, 10, 5), slow: range(20, 40, 20) },
  signals: (p) => ({
    enterLong: crossAbove(sma(close, p.fast), sma(close, p.slow)),
    exitLong: crossBelow(sma(close, p.fast), sma(close, p.slow)),
  }),
});
`;

interface SweepJson {
  readonly strategy: { readonly hash: string };
  readonly resultId: string;
  readonly scored: number;
  readonly top: readonly { readonly metrics: { readonly totalReturn: number; readonly trades: number } }[];
}

describe('init', () => {
  test('writes a strategy that checks and sweeps in an empty folder, and never overwrites', async () => {
    const made = await place.run('init', 'My Ideas');
    expect(made.exitCode).toBe(0);
    expect(readdirSync(join(place.folder, 'My Ideas')).sort()).toEqual(['README.md', 'my-ideas.ts', 'tsconfig.json']);
    const checked = await place.run('check', 'My Ideas/my-ideas.ts', '--variants', '2', '--cuts', '3');
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.stdout).toContain('No look-ahead found.');
    const swept = await sweep('./My Ideas/my-ideas.ts');
    expect(swept.exitCode).toBe(0);
    expect(json<SweepJson>(swept).scored).toBeGreaterThan(10);
    const before = readFileSync(join(place.folder, 'My Ideas/my-ideas.ts'), 'utf8');
    expect((await place.run('init', 'My Ideas')).exitCode).toBe(2);
    expect(readFileSync(join(place.folder, 'My Ideas/my-ideas.ts'), 'utf8')).toBe(before);
  });

  test('writes a bar-by-bar strategy with --bars, whose rows a single run reproduces', async () => {
    expect((await place.run('init', 'My Orders', '--bars')).exitCode).toBe(0);
    const file = 'My Orders/my-orders.ts';
    const checked = await place.run('check', file, '--variants', '2', '--cuts', '3');
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.stdout).toContain('No look-ahead found.');
    const swept = await sweep(`./${file}`);
    expect(swept.exitCode).toBe(0);
    const { scored, resultId, top } = json<SweepJson>(swept);
    expect(scored).toBeGreaterThan(10);
    const run = await place.run('run', '--result', resultId, '--row', '1', '--json');
    expect(json<{ metrics: object }>(run).metrics).toEqual(top[0]!.metrics);
    const refused = await place.run('sweep', file, '--data', 'btc.csv', '--profile', 'freqtrade');
    expect(refused.stderr).toContain('close and next-open');
  });

  test('names the types of the running package, so that an editor completes without an install', () => {
    const { compilerOptions } = JSON.parse(readFileSync(join(place.folder, 'My Ideas/tsconfig.json'), 'utf8'));
    expect(readFileSync(compilerOptions.paths.gridmill[0], 'utf8')).toContain('defineStrategy');
  });
});

test('init --json names the files', async () => {
  const made = await place.run('init', '--name', 'dip-buyer', '--json');
  const path = join(place.folder, 'dip-buyer.ts');
  expect(json(made)).toMatchObject({ strategy: 'dip-buyer', path });
  expect(json<{ files: unknown[] }>(made).files).toContainEqual({ path, written: true });
});

describe('a strategy file', () => {
  test('gives what the same built-in gives, in TypeScript and JavaScript, with files beside it', async () => {
    mkdirSync(join(place.folder, 'lib'), { recursive: true });
    writeFileSync(join(place.folder, 'lib/lengths.ts'), 'export const lengths: readonly number[] = [5, 10];\n');
    place.write(
      'own.ts',
      `import { lengths } from './lib/lengths.ts';\nimport { choice } from 'gridmill';\n${HEAD}${BODY.replace('range(5, 10, 5)', 'choice(...lengths)')}`,
    );
    place.write('own.mjs', HEAD + BODY);
    const [typed, plain, builtIn] = await Promise.all([
      sweep('own.ts'),
      sweep('own.mjs'),
      sweep('sma-cross', '--set', 'fast=5,10', '--set', 'slow=20,40'),
    ]);
    const returns = (result: typeof typed) => json<SweepJson>(result).top.map((row) => row.metrics.totalReturn);
    expect(returns(typed)).toEqual(returns(builtIn));
    expect(returns(plain)).toEqual(returns(builtIn));
  });

  test('has a hash of its files that does not depend on where they lie', async () => {
    mkdirSync(join(place.folder, 'moved'), { recursive: true });
    writeFileSync(join(place.folder, 'moved/own.mjs'), HEAD + BODY);
    const hash = async (file: string) => json<SweepJson>(await sweep(file)).strategy.hash;
    const here = await hash('own.mjs');
    expect(here).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash('moved/own.mjs')).toBe(here);
    writeFileSync(join(place.folder, 'moved/own.mjs'), `${HEAD}${BODY}// changed\n`);
    expect(await hash('moved/own.mjs')).not.toBe(here);
  });

  test('that changed is named when a row is run again', async () => {
    place.write('drift.ts', HEAD + BODY);
    const { resultId } = json<SweepJson>(await sweep('drift.ts'));
    expect((await place.run('run', '--result', resultId)).exitCode).toBe(0);
    place.write('drift.ts', HEAD + BODY.replace('crossAbove', 'crossBelow'));
    const again = await place.run('run', '--result', resultId);
    expect(again.exitCode).toBe(3);
    expect(again.stderr).toContain('error [RESULT_MISMATCH]');
    expect(again.stderr).toContain('the strategy changed');
    expect((await place.run('results', 'show', resultId, '--source')).stdout).toBe(HEAD + BODY);
  });

  test('may compute signals with a plain function', async () => {
    place.write(
      'momentum.ts',
      `import { defineStrategy, range } from 'gridmill';
export default defineStrategy({
  name: 'momentum',
  parameters: { length: range(10, 30, 10) },
  compute: (candles, p) => {
    const target = new Int8Array(candles.barCount);
    for (let i = p.length; i < target.length; i++) target[i] = candles.close[i]! > candles.close[i - p.length]! ? 1 : 0;
    return target;
  },
});
`,
    );
    const result = await sweep('momentum.ts');
    expect(result.exitCode).toBe(0);
    expect(json<SweepJson>(result).top[0]!.metrics.trades).toBeGreaterThan(10);
    const ahead = readFileSync(join(place.folder, 'momentum.ts'), 'utf8').replace(
      'candles.close[i]!',
      '(candles.close[i + 1] ?? 0)',
    );
    place.write('peeks.ts', ahead);
    const checked = await place.run('check', 'peeks.ts', '--variants', '1');
    expect(checked.exitCode).toBe(7);
    expect(checked.stdout).toContain('LOOK-AHEAD in compute of momentum');
  });
});

describe('a bad strategy file says where and what', () => {
  const cases = [
    {
      title: 'a syntax error',
      source: `${HEAD}export default defineStrategy({\n  name: 'x'\n  parameters: {},\n});\n`,
      code: 'STRATEGY_INVALID',
      says: ['bad.ts:4:3', 'parameters', '^'],
    },
    {
      title: 'a misspelt import',
      source: `import { smaa } from 'gridmill';\nexport default smaa;\n`,
      code: 'STRATEGY_INVALID',
      says: ['bad.ts:1:10', 'Did you mean "sma"?'],
    },
    {
      title: 'a package that is not installed',
      source: `import x from 'no-such-package-here';\nexport default x;\n`,
      code: 'STRATEGY_INVALID',
      says: ['bad.ts:1:', 'npm install no-such-package-here'],
    },
    {
      title: 'a misspelt gridmill',
      source: `import { sma } from 'gridmil';\nexport default sma;\n`,
      code: 'STRATEGY_INVALID',
      says: ['bad.ts:1:', 'Did you mean "gridmill"? It needs no install.'],
    },
    {
      title: 'a folder of gridmill',
      source: `import { sma } from 'gridmill/indicators';\nexport default sma;\n`,
      code: 'STRATEGY_INVALID',
      says: ['Everything is exported by "gridmill" itself.'],
    },
    {
      title: 'no default export',
      source: `${HEAD}export const s = 1;\n`,
      code: 'STRATEGY_INVALID',
      says: ['no default export'],
    },
    {
      title: 'a named export instead of the default',
      source: HEAD + BODY.replace('export default', 'export const mine ='),
      code: 'STRATEGY_INVALID',
      says: ['exported as mine'],
    },
    {
      title: 'code that throws while it is loaded',
      source: `${HEAD}const config: any = undefined;\nconsole.log(config.length);\n${BODY}`,
      code: 'STRATEGY_FAILED',
      says: ['bad.ts:3:', 'TypeError'],
    },
    {
      title: 'a misspelt parameter',
      source: HEAD + BODY.replace('p.fast', 'p.fats'),
      code: 'STRATEGY_INVALID',
      says: ['bad.ts:6:', '"fats"', 'fast, slow'],
    },
  ] as const;

  test.each(cases)('$title', async ({ source, code, says }) => {
    place.write('bad.ts', source);
    const result = await place.run('sweep', 'bad.ts', '--data', 'btc.csv');
    expect(result.stderr).toContain(`error [${code}]: `);
    for (const text of says) expect(result.stderr).toContain(text);
    expect(result.exitCode).toBe(4);
  });

  test('one that leaves a failing promise behind', async () => {
    const source = BODY.replace(
      'signals: (p) => (',
      "signals: (p) => (void Promise.reject(new Error('nobody waits')), ",
    );
    place.write('stray.ts', HEAD + source);
    const result = await place.run('sweep', 'stray.ts', '--data', 'btc.csv');
    expect(result.stderr).toContain(
      'error [STRATEGY_FAILED]: Strategy code must not leave a promise behind that fails.',
    );
    expect(result.stderr).toContain('nobody waits');
    expect(result.stderr).not.toContain('node:internal');
    expect(result.exitCode).toBe(4);
  });

  test('one that is too large', async () => {
    place.write('big.ts', `${HEAD}export const text = '${'x'.repeat(8_400_000)}';\n${BODY}`);
    const result = await place.run('sweep', 'big.ts', '--data', 'btc.csv');
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain('error [LIMIT_EXCEEDED]');
  });
});
