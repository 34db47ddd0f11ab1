// One backtest through the command line: barriers from file and options, signals made elsewhere, notes on assumptions.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

const candles = minuteCandles(4_000);
let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(candles));
});
afterAll(() => place.remove());

interface RunJson {
  readonly risk: Readonly<Record<string, number>>;
  readonly trades: readonly { readonly side: string; readonly entryBar: number; readonly exitReason: string }[];
}

const DATA = ['--data', 'btc.csv', '--json'];

describe('barriers', () => {
  const own = (risk: string): string => `import { choice, close, defineStrategy, gt, lag } from 'gridmill';
export default defineStrategy({
  name: 'own',
  parameters: {},
  risk: ${risk},
  signals: () => ({ long: gt(close, lag(close, 60)) }),
});
`;

  test('that a strategy file declares with one value are used; an option replaces them', async () => {
    place.write('one.ts', own('{ stopLoss: choice(0.001), timeLimit: choice(0) }'));
    const declared = json<RunJson>(await place.run('run', 'one.ts', ...DATA));
    expect(declared.risk).toEqual({ stopLoss: 0.001 });
    expect(declared.trades.some((trade) => trade.exitReason === 'stop-loss')).toBe(true);
    const replaced = json<RunJson>(await place.run('run', 'one.ts', ...DATA, '--stop-loss', '0', '--trailing', '0.5%'));
    expect(replaced.risk).toEqual({ trailingStop: 0.005 });
  });

  test('that a strategy file declares with several values must be chosen', async () => {
    place.write('several.ts', own('{ stopLoss: choice(0, 0.02, 0.05), trailingStop: choice(0.01, 0.02) }'));
    const open = await place.run('run', 'several.ts', ...DATA);
    expect(open.exitCode).toBe(2);
    expect(open.stderr).toContain('--stop-loss 0.02 --trailing 0.01');
    const chosen = await place.run('run', 'several.ts', ...DATA, '--stop-loss', '5%', '--trailing', '0');
    expect(json<RunJson>(chosen).risk).toEqual({ stopLoss: 0.05 });
  });
});
