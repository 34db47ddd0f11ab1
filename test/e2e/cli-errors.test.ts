// Every mistake a user can make on the command line: its code, its exit code, its advice.
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(1_500)));
});
afterAll(() => place.remove());

const GRID = ['--set', 'fast=5', '--set', 'slow=20'];
const SWEEP = ['sweep', 'sma-cross', '--data', 'btc.csv', ...GRID];

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly code: string;
  /** What the message must say. */
  readonly says: readonly string[];
}

const refused = (title: string, exitCode: number, code: string, args: readonly string[], ...says: string[]): Case => ({
  title,
  args,
  exitCode,
  code,
  says,
});

const CASES: readonly Case[] = [
  refused('an unknown command', 2, 'REQUEST_INVALID', ['swep'], 'Did you mean "sweep"?'),
  refused('an unknown subcommand', 2, 'REQUEST_INVALID', ['data', 'chek'], 'Did you mean "check"?'),
  refused('a misspelt option', 2, 'REQUEST_INVALID', [...SWEEP, '--slipage', '0'], '--slipage', '--slippage'),
  refused('an option without its value', 2, 'REQUEST_INVALID', [...SWEEP, '--fee'], '--fee'),
  refused('a number that is none', 2, 'REQUEST_INVALID', [...SWEEP, '--cash', 'lots'], '--cash', '"lots"'),
  refused('a fee of the whole price', 2, 'REQUEST_INVALID', [...SWEEP, '--fee', '1'], '--fee'),
  refused('no data', 2, 'REQUEST_INVALID', ['sweep', 'sma-cross'], '--data'),
  refused('an unknown metric', 2, 'REQUEST_INVALID', [...SWEEP, '--rank', 'sharp'], 'Did you mean "sharpe"?'),
  refused('an unknown profile', 2, 'PROFILE_UNKNOWN', [...SWEEP, '--profile', 'zipline'], 'next-open'),
  refused('a misspelt profile', 2, 'PROFILE_UNKNOWN', [...SWEEP, '--profile', 'freqtrad'], 'Did you mean "freqtrade"?'),
  refused('a misspelt choice', 2, 'REQUEST_INVALID', [...SWEEP, '--isolate', 'proces'], '"process"', 'sweep --help'),
  refused('a barrier as a parameter', 2, 'GRID_INVALID', [...SWEEP, '--set', 'stopLoss=0.01'], '--stop-loss'),
  refused(
    'a parameter in percent',
    2,
    'GRID_INVALID',
    ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=1%'],
    '0.01 for 1%',
  ),
  refused('an unknown timeframe', 2, 'TIMEFRAME_INVALID', [...SWEEP, '--timeframe', '5 minutes'], '5m'),
  refused('a shorter timeframe', 2, 'TIMEFRAME_INVALID', [...SWEEP, '--timeframe', '30s'], '1m', '30s'),
  refused('a time that is none', 2, 'REQUEST_INVALID', [...SWEEP, '--from', 'yesterday'], '--from'),
  refused('an unknown parameter', 2, 'GRID_INVALID', [...SWEEP, '--set', 'medium=5'], '"medium"', 'fast, slow'),
  refused(
    'a misspelt parameter',
    2,
    'GRID_INVALID',
    ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fats=5'],
    'Did you mean "fast"?',
  ),
  refused(
    'a parameter given twice',
    2,
    'REQUEST_INVALID',
    [...SWEEP, '--set', 'fast=9'],
    '--set fast=… more than once',
  ),
  refused(
    'a length below the least, by the name of the parameter',
    2,
    'REQUEST_INVALID',
    ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=0..5'],
    'fast = 0.',
    'length of sma',
  ),
  refused(
    'a range with two ends, as it was written',
    2,
    'GRID_INVALID',
    ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=5..50..5'],
    '--set fast must be',
    '"5..50..5"',
  ),
  refused(
    'a share of which one end only has a %',
    2,
    'GRID_INVALID',
    [...SWEEP, '--stop-loss', '1..3%'],
    '--stop-loss',
  ),
  refused(
    'options that --result cannot obey',
    2,
    'REQUEST_INVALID',
    ['run', '--result', 'latest', '--fee', '1%', '--data', 'btc.csv', '--no-close-at-end'],
    '--data',
    '--fee',
    '--no-close-at-end',
    '--result',
  ),
  refused(
    'parameters beside ready-made signals',
    2,
    'REQUEST_INVALID',
    ['run', '--signals', 's.csv', '--data', 'btc.csv', '--set', 'fast=5'],
    '--set',
  ),
  refused('a row without its result', 2, 'REQUEST_INVALID', ['run', ...SWEEP.slice(1), '--row', '3'], '--row'),
  refused('an axis that is none', 2, 'GRID_INVALID', ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=9..5']),
  refused(
    'a grid that nothing satisfies',
    2,
    'GRID_INVALID',
    ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=50', '--set', 'slow=20'],
    'constraint',
  ),
  refused('a grid beyond all bounds', 5, 'GRID_TOO_LARGE', [
    'sweep',
    'sma-cross',
    '--data',
    'btc.csv',
    '--set',
    'fast=1..100000',
    '--set',
    'slow=1..100000',
  ]),
  refused('a memory budget too small for the runtime', 5, 'BUDGET_BYTES', [...SWEEP, '--memory', '10MB'], '--memory'),
  refused(
    'an unknown strategy',
    4,
    'STRATEGY_NOT_FOUND',
    ['sweep', 'sma-corss', '--data', 'btc.csv'],
    'Did you mean "sma-cross"?',
  ),
  refused(
    'a strategy file that is missing',
    4,
    'STRATEGY_NOT_FOUND',
    ['sweep', './no.ts', '--data', 'btc.csv'],
    './no.ts',
  ),
  refused(
    'an unknown file or symbol',
    3,
    'CANDLES_NOT_FOUND',
    ['sweep', 'sma-cross', '--data', 'binance/NOSUCH/1m'],
    'binance/NOSUCH/1m',
  ),
  refused('an empty window', 3, 'WINDOW_EMPTY', [...SWEEP, '--from', '2030-01-01'], '2030-01-01', '2024-01-01'),
  refused(
    'too short a history',
    3,
    'HISTORY_TOO_SHORT',
    ['sweep', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=5', '--set', 'slow=5000'],
    '1500',
  ),
  refused('an unknown result', 3, 'RESULT_NOT_FOUND', ['run', '--result', 'ffffff']),
  refused('no result at all', 3, 'RESULT_NOT_FOUND', ['report'], 'gridmill sweep'),
  refused('a strategy and a result at once', 2, 'REQUEST_INVALID', ['run', 'sma-cross', '--result', 'latest']),
  refused(
    'several values in one run',
    2,
    'GRID_INVALID',
    ['run', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=5,6', '--set', 'slow=20'],
    'fast',
  ),
  refused(
    'an unknown kind of defect',
    2,
    'REQUEST_INVALID',
    [...SWEEP, '--policy', 'spikes=keep'],
    'Did you mean "spike"?',
  ),
  refused('an unknown ending', 2, 'REQUEST_INVALID', [...SWEEP, '--all-results', 'rows.xlsx'], '.parquet'),
  refused(
    'an output folder that is missing',
    6,
    'STORE_UNWRITABLE',
    [...SWEEP, '--report', 'no/such/report.html'],
    'no/such',
  ),
];

describe('every mistake has its code, its exit code, and says what to do', () => {
  test.each(CASES)('$title', async ({ args, exitCode, code, says }) => {
    const result = await place.run(...args);
    expect(result.stderr).toContain(`error [${code}]: `);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    for (const text of says) expect(result.stderr).toContain(text);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toBe('');
  });
});

test('with --json an error is one object on stdout too', async () => {
  const result = await place.run('sweep', 'sma-corss', '--data', 'btc.csv', '--json');
  expect(result.exitCode).toBe(4);
  expect(json(result)).toMatchObject({ error: { code: 'STRATEGY_NOT_FOUND', exitCode: 4 } });
  expect(result.stderr).toContain('error [STRATEGY_NOT_FOUND]');
});

test('--debug adds the stack', async () => {
  const result = await place.run('sweep', 'sma-corss', '--data', 'btc.csv', '--debug');
  expect(result.stderr).toMatch(/^\s+at /m);
});

describe('bad candles', () => {
  const bad = (line: string): string =>
    `time,open,high,low,close,volume\n1704067200000,1,2,1,2,1\n${line}\n1704067320000,1,2,1,2,1\n`;

  test('a price that is no number names its line', async () => {
    place.write('nan.csv', bad('1704067260000,1,NaN,1,2,1'));
    const result = await place.run('sweep', 'sma-cross', '--data', 'nan.csv', ...GRID);
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain('error [CANDLES_INVALID]');
    expect(result.stderr).toContain('line 3');
  });

  test('a high below the close is refused, and repaired on request', async () => {
    place.write('range.csv', bad('1704067260000,1,1.5,1,2,1'));
    const refusedRun = await place.run('data', 'check', 'range.csv');
    expect(refusedRun.exitCode).toBe(3);
    expect(refusedRun.stdout).toContain('inconsistent-range=repair');
    const repaired = await place.run('data', 'check', 'range.csv', '--policy', 'inconsistent-range=repair', '--json');
    expect(repaired.exitCode).toBe(0);
    expect(json<{ checked: { report: { defects: unknown[] } }[] }>(repaired).checked[0]!.report.defects).toHaveLength(
      1,
    );
  });

  test('a gap is refused when gaps are rejected', async () => {
    place.write('gap.csv', `${csvOf(minuteCandles(50))}1704153600000,1,2,1,2,1\n`);
    const result = await place.run('sweep', 'sma-cross', '--data', 'gap.csv', ...GRID, '--gaps', 'reject');
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain('error [CANDLES_GAP]');
  });

  test('a file of something else is unreadable, not zero candles', async () => {
    place.write('notes.csv', 'hello world\nthis is no table\n');
    const result = await place.run('import', 'notes.csv');
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain('error [CANDLE_FILE_UNREADABLE]');
    expect(existsSync(join(place.home, 'candles'))).toBe(false);
  });
});

test.skipIf(process.getuid?.() === 0)('a store that cannot be written is known before anything is scored', async () => {
  const own = createWorkplace();
  try {
    own.write('btc.csv', csvOf(minuteCandles(1_500)));
    mkdirSync(own.home);
    chmodSync(own.home, 0o500);
    const refusedSweep = await own.run(...SWEEP);
    expect(refusedSweep).toMatchObject({ exitCode: 6, stdout: '' });
    expect(refusedSweep.stderr).toContain('--no-save');
    expect((await own.run(...SWEEP, '--no-save')).exitCode).toBe(0);
    expect(readdirSync(own.home)).toEqual([]);
  } finally {
    chmodSync(own.home, 0o700);
    own.remove();
  }
});

test('a store that is a file is refused before anything is scored', async () => {
  const own = createWorkplace();
  try {
    own.write('btc.csv', csvOf(minuteCandles(1_500)));
    own.write('.home', 'not a folder');
    const result = await own.run(...SWEEP);
    expect(result).toMatchObject({ exitCode: 6, stdout: '' });
    expect(result.stderr).toContain('error [STORE_UNWRITABLE]');
    expect((await own.run(...SWEEP, '--no-save')).exitCode).toBe(0);
  } finally {
    own.remove();
  }
});
