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

describe('ready-made signals', () => {
  const listed = (values: readonly (readonly [bar: number, signal: number])[]): string =>
    `time,signal\n${values.map(([bar, signal]) => `${candles.time[bar]},${signal}`).join('\n')}\n`;
  const SIGNALS = ['run', '--signals', 'signals.csv', '--data', 'btc.csv'];

  test('say how many signals the direction leaves out', async () => {
    place.write(
      'signals.csv',
      listed(Array.from({ length: 4_000 }, (_, bar) => [bar, bar % 400 < 100 ? 1 : bar % 400 < 200 ? -1 : 0])),
    );
    const text = 'signals.csv: 10 short signals are not taken: --direction both takes them.';
    expect((await place.run(...SIGNALS)).stdout.replaceAll('\n  ', ' ')).toContain(text);
    const { data } = json<{ data: { quality: string[] } }>(await place.run(...SIGNALS, '--json'));
    expect(data.quality).toContain(text);
    const both = await place.run(...SIGNALS, '--json', '--direction', 'both');
    expect(both.stdout).not.toContain('not taken');
    expect(new Set(json<RunJson>(both).trades.map((trade) => trade.side))).toEqual(new Set(['long', 'short']));
    expect((await place.run(...SIGNALS, '--direction', 'short')).stdout).toContain('10 long signals are not taken');
  });

  test('are held when the window begins inside them, as those of a strategy are', async () => {
    place.write('signals.csv', listed(Array.from({ length: 4_000 }, (_, bar) => [bar, bar < 2_000 ? 1 : 0])));
    const run = json<RunJson>(await place.run(...SIGNALS, '--json', '--from', '2024-01-02'));
    expect(run.trades.map((trade) => trade.entryBar)).toEqual([0]);
  });

  test('that leave bars out need --sparse, and then say what those bars mean', async () => {
    place.write(
      'signals.csv',
      listed([
        [5, 1],
        [6, 1],
      ]),
    );
    const refused = await place.run(...SIGNALS);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('--sparse');
    const run = await place.run(...SIGNALS, '--sparse');
    expect(run.stdout).toContain('3998 bars are not listed and count as 0, which is flat.');
  });
});

describe('notes on assumptions', () => {
  test('candles of a market with sessions are told from those of one that never closes', async () => {
    const hours = (from: number, to: number) => (time: number) => {
      const hour = new Date(time).getUTCHours();
      return hour >= from && hour < to;
    };
    const [head, ...lines] = csvOf(candles).trim().split('\n');
    const session = lines.filter((line) => hours(14, 21)(Number(line.split(',')[0])));
    place.write('session.csv', `${head}\n${session.join('\n')}\n`);
    const run = ['run', 'sma-cross', '--data', 'session.csv', '--set', 'fast=5', '--set', 'slow=20'];
    const note = /Candles cover \d\d % of the window: annualised metrics assume a market that never closes/;
    expect((await place.run(...run)).stdout.replaceAll('\n  ', ' ')).toMatch(note);
    expect((await place.run(...run, '--calendar', 'equity-sessions')).stdout).not.toContain('Candles cover');
    const sweep = await place.run('sweep', ...run.slice(1), '--json');
    expect(json<{ data: { quality: string[] } }>(sweep).data.quality[0]).toMatch(note);
    expect((await place.run(...run.map((word) => (word === 'session.csv' ? 'btc.csv' : word)))).stdout).not.toMatch(
      note,
    );
  });

  test('a sweep says how many variants have no candles to warm up on, and how many the shortlist left out', async () => {
    const grid = ['--set', 'fast=5,10', '--set', 'slow=20,3000,5000'];
    const sweep = await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...grid);
    expect(sweep.stderr).toContain(
      'note: 2 of 6 variants could not trade: their warm-up is longer than the 4,000 candles.',
    );
    const barriers = ['--stop-loss', '1%,2%', '--take-profit', '5', '--preselect', '4'];
    const staged = await place.run('sweep', 'sma-cross', '--data', 'btc.csv', ...grid, ...barriers);
    expect(staged.stdout).toContain('2 of 6 variants were not tried with barriers (--preselect 4).');
    expect(staged.stderr).toContain('500 %');
    const enough = await place.run(
      'sweep',
      'sma-cross',
      '--data',
      'btc.csv',
      '--set',
      'fast=5',
      '--set',
      'slow=20,30',
      ...barriers,
    );
    expect(enough.stdout).not.toContain('not tried');
    expect(enough.stderr).not.toContain('could not trade');
  });
});

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
