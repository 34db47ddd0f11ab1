// Does `gridmill check` say in a trader's words what it found?
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(3_000)));
});
afterAll(() => place.remove());

/** Checks a strategy of one parameter `m`, 20 long, whose function has this body for bar `i`. */
function check(value: string) {
  place.write(
    'own.ts',
    `import { choice, defineStrategy } from 'gridmill';
export default defineStrategy({
  name: 'own',
  parameters: { m: choice(20) },
  compute: ({ close }, p: any) => Int8Array.from(close, (x, i) => ${value}),
});
`,
  );
  return place.run('check', './own.ts', '--data', 'btc.csv', '--variants', '1');
}

test('a function that peeks is told as long, flat or short', async () => {
  const { exitCode, stdout } = await check('(close[i + 1]! > x ? 1 : -1)');
  expect(exitCode).toBe(7);
  expect(stdout).toMatch(/bar [\d,]+ is (long, and short|short, and long) when bars from/);
});

test('a misspelt parameter is an error that names the declared ones', async () => {
  const { exitCode, stderr } = await check('(x > close[i - p.n]! ? 1 : 0)');
  expect(exitCode).toBe(4);
  expect(stderr).toContain('the parameter "n" in compute of own');
  expect(stderr).toContain('Declared are m');
});

test('a plain look-back is no long memory', async () => {
  const { exitCode, stdout } = await check('(x > close[i - p.m]! ? 1 : 0)');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('No look-ahead found.');
  expect(stdout).not.toContain('Long memory');
});

test('a strategy that never signals is told so', async () => {
  const { stdout } = await check('(x > 1e12 ? 1 : 0)');
  expect(stdout).toContain('No variant has any signal on these candles');
});
