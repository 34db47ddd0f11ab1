// One grid over many markets and windows through the command line: ranking, reproduction, files, report, mistakes.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resampleCandles } from '../../src/market/resample.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import type { ManyRecord } from '../../src/runs/many-record.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

type ManyJson = ManyRecord & { readonly resultId: string | null };
interface ErrorJson {
  readonly error: { readonly code: string; readonly exitCode: number; readonly message: string };
}

const GRID = ['--set', 'fast=3..9:2', '--set', 'slow=10..40:10', '--fee', '0.1%'];
const WINDOWS = ['--windows', '2024-01-01..2024-01-02,2024-01-02..2024-01-03'];
const CELL_METRICS = ['totalReturn', 'sharpe', 'maxDrawdown', 'trades'];

let place: Workplace;
beforeAll(async () => {
  place = createWorkplace();
  mkdirSync(join(place.folder, 'coins'));
  const btc = minuteCandles(2_880, 1);
  place.write('coins/BTCUSDT_1m.csv', csvOf(btc));
  place.write('coins/ETHUSDT_1m.csv', csvOf(minuteCandles(2_880, 2)));
  place.write('coins/SOLUSDT_1m.csv', csvOf(minuteCandles(2_880, 3)));
  place.write('BTCUSDT_5m.csv', csvOf(resampleCandles(btc, parseTimeframe('5m'))));
  place.write('copy.csv', csvOf(btc));
  await place.run('import', 'coins/BTCUSDT_1m.csv', 'coins/ETHUSDT_1m.csv', '--exchange', 'binance');
});
afterAll(() => place.remove());

const many = (...args: readonly string[]) => place.run('sweep', 'sma-cross', ...GRID, ...args);

describe('a sweep over three markets in two windows', () => {
  let result: ManyJson;
  beforeAll(async () => {
    const run = await many('--data', 'coins', ...WINDOWS, '--rank', 'sharpe', '--json', '--report', 'many.html');
    expect(run.exitCode, run.stderr).toBe(0);
    result = json<ManyJson>(run);
  });

  test('ranks across six cells and says what each one was', () => {
    expect(result.cells.map(({ cell, market, window }) => [cell, market, window])).toEqual(
      ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].flatMap((market, m) => [
        [2 * m + 1, market, '2024-01-01..2024-01-02'],
        [2 * m + 2, market, '2024-01-02..2024-01-03'],
      ]),
    );
    expect([result.scored, result.variants, result.top.length]).toEqual([16, 16, 16]);
    expect([result.across, result.rankedBy, result.partial]).toEqual(['median', 'sharpe', null]);
    expect(result.cells.map(({ bars, barsBefore }) => [bars, barsBefore])).toEqual(
      [0, 1, 2].flatMap(() => [
        [1_440, 0],
        [1_440, 1_440],
      ]),
    );
    expect(result.markets.map(({ top }) => top.length)).toEqual([3, 3, 3]);
    for (const row of result.top) {
      const values = row.cells.map(({ sharpe }) => sharpe!).sort((a, b) => a - b);
      expect(row.median).toBe((values[2]! + values[3]!) / 2);
      expect(row.worst).toBe(values[0]);
      expect(Object.keys(row.cells[0]!).sort()).toEqual([...CELL_METRICS].sort());
    }
  });

  test('the order of --data changes nothing, whatever the way markets are named', async () => {
    const [b, e, s] = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].map((name) => `coins/${name}_1m.csv`);
    const reversed = json<ManyJson>(
      await many(
        '--data',
        `${s},${b}`,
        '--data',
        e!,
        ...WINDOWS,
        '--rank',
        'sharpe',
        '--workers',
        '2',
        '--json',
        '--no-save',
      ),
    );
    expect(reversed.resultHash).toBe(result.resultHash);
    expect(reversed.top).toEqual(result.top);
    expect(reversed.resultId).toBeNull();
  });

  test('each cell of the best row is what a sweep of that cell alone gives it', async () => {
    for (const { cell, market } of result.cells) {
      const at = cell % 2 === 1 ? ['--to', '2024-01-02'] : ['--from', '2024-01-02', '--to', '2024-01-03'];
      const single = json<{ top: { variantKey: string; metrics: Record<string, number> }[]; dataHash: string }>(
        await many('--data', `coins/${market}_1m.csv`, ...at, '--top', '50', '--json', '--no-save'),
      );
      expect(single.dataHash).toBe(result.cells[cell - 1]!.dataHash);
      const row = single.top.find(({ variantKey }) => variantKey === result.top[0]!.variantKey)!;
      expect(Object.fromEntries(CELL_METRICS.map((name) => [name, row.metrics[name]]))).toEqual(
        result.top[0]!.cells[cell - 1],
      );
    }
  });

  test('run --result --row --cell runs a row in one cell and holds it against the record', async () => {
    const id = result.resultId!;
    for (const cell of ['1', '6']) {
      const run = await place.run('run', '--result', id, '--row', '2', '--cell', cell, '--json');
      expect(run.exitCode, run.stderr).toBe(0);
      const { metrics } = json<{ metrics: { trades: number; totalReturn: number } }>(run);
      const kept = result.top[1]!.cells[Number(cell) - 1]!;
      expect([metrics.trades, metrics.totalReturn]).toEqual([kept.trades, kept.totalReturn]);
    }
    const without = await place.run('run', '--result', id, '--json');
    expect(json<ErrorJson>(without).error.message).toMatch(/no --cell.*6 SOLUSDT 2024-01-02..2024-01-03/);
    const beyond = await place.run('run', '--result', id, '--cell', '7', '--json');
    expect(json<ErrorJson>(beyond).error.code).toBe('RESULT_NOT_FOUND');
  });

  test('is listed, shown again and reported from the store', async () => {
    const id = result.resultId!;
    const listed = json<{ id: string; market: string; best: number }[]>(await place.run('results', 'list', '--json'));
    expect(listed.find((entry) => entry.id === id)).toMatchObject({
      market: '3 markets, 2 windows',
      best: result.top[0]!.median,
    });
    const shown = json<ManyJson>(await place.run('results', 'show', id, '--json'));
    expect(shown).toEqual(result);
    const text = (await place.run('results', 'show', id)).stdout;
    expect(text).toContain('sma-cross on 3 markets in 2 windows, 1m');
    expect(text).toContain('Ranked by the median Sharpe ratio of 6 cells.');
    expect(text).toMatch(/Row 1 \(fast \d, slow \d+\) in each cell/);
    expect(text).toContain('The best of each market');
    const report = await place.run('report', id, '--out', 'again.html');
    expect(report.exitCode, report.stderr).toBe(0);
    const embedded = (name: string): unknown => {
      const html = readFileSync(join(place.folder, name), 'utf8');
      return JSON.parse(/id="report-data">(.*?)<\/script>/s.exec(html)![1]!);
    };
    expect(embedded('again.html')).toEqual(embedded('many.html'));
  });

  test('the candles changing under a stored result are noticed', async () => {
    const name = join('coins', 'SOLUSDT_1m.csv');
    const before = readFileSync(join(place.folder, name), 'utf8');
    place.write(name, csvOf(minuteCandles(2_880, 4)));
    const run = await place.run('run', '--result', result.resultId!, '--cell', '5', '--json');
    place.write(name, before);
    expect(json<ErrorJson>(run).error.code).toBe('RESULT_MISMATCH');
  });

  const executablePath = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
  test.skipIf(executablePath === undefined)(
    'the report page shows it, answers to the mouse, and stays offline',
    async () => {
      const browser = await chromium.launch({
        executablePath: executablePath!,
        args: ['--no-sandbox', '--disable-gpu'],
      });
      try {
        const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
        const trouble: string[] = [];
        page.on('console', (message) => void (message.type() === 'error' && trouble.push(message.text())));
        page.on('pageerror', (error) => void trouble.push(error.message));
        page.on('request', (request) => void (request.url().startsWith('http') && trouble.push(request.url())));
        await page.goto(`file://${join(place.folder, 'many.html')}`);
        expect(await page.locator('table.matrix tbody tr').count()).toBe(16);
        expect(await page.locator('table.matrix tbody tr').first().locator('td.heat').count()).toBe(6);
        expect(await page.locator('.cell-card svg').count()).toBe(6);
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
        await page.locator('table.matrix tbody tr[data-rank="3"]').click({ position: { x: 8, y: 8 } });
        expect(await page.locator('.variant b').textContent()).toBe('#3');
        await page.locator('.cell-card').nth(4).click();
        expect(await page.locator('.command-line code').textContent()).toBe(
          `gridmill run --result ${result.resultId} --row 3 --cell 5`,
        );
        await page.locator('#matrix select').selectOption('trades');
        const shown = await page.locator('table.matrix tbody tr[data-rank="3"] td.heat').allTextContents();
        expect(shown.map(Number)).toEqual(result.top[2]!.cells.map(({ trades }) => trades));
        expect(trouble).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});

describe('other ways to ask', () => {
  test('one market split into windows, by the worst of them', async () => {
    const run = json<ManyJson>(
      await many('--data', 'copy.csv', '--split', '3', '--across', 'worst', '--json', '--no-save'),
    );
    expect(run.cells.map(({ bars }) => bars)).toEqual([960, 960, 960]);
    expect(run.markets.map(({ top }) => top)).toEqual([[]]);
    for (const row of run.top) expect(row.score).toBe(Math.min(...row.cells.map(({ totalReturn }) => totalReturn!)));
  });

  test('stored keys by a pattern, with barriers, conditions and the share of cells with a gain', async () => {
    const run = await many(
      ...['--data', 'binance/*/1m', '--timeframe', '5m', '--across', 'profitable', '--where', 'trades>=3'],
      ...['--stop-loss', '0,1%', '--preselect', '4', '--json', '--no-save'],
    );
    const result = json<ManyJson>(run);
    expect(result.cells.map(({ market }) => market)).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(result.scored).toBe(16 + 8);
    for (const row of result.top) {
      expect(row.score).toBe(row.cells.filter(({ totalReturn }) => totalReturn! > 0).length / 2);
      expect(row.fewestTrades).toBeGreaterThanOrEqual(3);
    }
  });

  test('a deadline ends it early, with what every cell had', async () => {
    const grid = ['--set', 'fast=2..400', '--set', 'slow=3..1000', '--data', 'coins', '--deadline', '1500ms'];
    const run = await place.run('sweep', 'sma-cross', ...grid, '--json', '--no-save');
    expect(run.exitCode).toBe(124);
    const result = json<ManyJson>(run);
    expect(result.partial).toBe('deadline');
    expect(result.scored).toBeLessThan(result.variants);
    for (const row of result.top) expect(row.cells).toHaveLength(3);
  });
});

describe('mistakes are refused before anything is computed', () => {
  test.each<[string, string[], string, RegExp]>([
    ['the same file twice', ['--data', 'copy.csv,./copy.csv'], 'REQUEST_INVALID', /"\.\/copy.csv" twice/],
    [
      'the same candles in two files',
      ['--data', 'copy.csv,coins/BTCUSDT_1m.csv'],
      'REQUEST_INVALID',
      /BTCUSDT, .* and copy, .*, which are equal/,
    ],
    [
      'two timeframes',
      ['--data', 'coins/ETHUSDT_1m.csv,BTCUSDT_5m.csv'],
      'TIMEFRAME_INVALID',
      /BTCUSDT has candles of 5m, ETHUSDT has candles of 1m.*Add --timeframe 5m/,
    ],
    [
      'a market without candles in a window',
      ['--data', 'coins', '--windows', '2023,2024'],
      'WINDOW_EMPTY',
      /BTCUSDT: from 2023/,
    ],
    ['--windows with --split', ['--data', 'coins', '--windows', '2024', '--split', '2'], 'REQUEST_INVALID', /--split/],
    ['--windows with --from', ['--data', 'coins', '--windows', '2024', '--from', '2024'], 'REQUEST_INVALID', /--from/],
    ['--across of one cell', ['--data', 'copy.csv', '--across', 'mean'], 'REQUEST_INVALID', /at least two/],
    ['an unknown rule', ['--data', 'coins', '--across', 'best'], 'REQUEST_INVALID', /median, mean, worst, profitable/],
    ['several objectives', ['--data', 'coins', '--rank', 'sharpe,trades'], 'REQUEST_INVALID', /one metric/],
    ['--checkpoint', ['--data', 'coins', '--checkpoint', 'progress'], 'REQUEST_INVALID', /--checkpoint/],
    ['--all-results', ['--data', 'coins', '--all-results', 'rows.csv'], 'REQUEST_INVALID', /--all-results/],
    ['--estimate', ['--data', 'coins', '--estimate'], 'REQUEST_INVALID', /--estimate/],
    ['too little memory', ['--data', 'coins', '--memory', '60MB'], 'BUDGET_BYTES', /3 cells need/],
    ['a file that is not there', ['--data', 'coins,nowhere.csv'], 'CANDLES_NOT_FOUND', /"nowhere.csv"/],
  ])('%s', async (_, args, code, message) => {
    const run = await many(...args, '--json');
    const { error } = json<ErrorJson>(run);
    expect([error.code, run.exitCode]).toEqual([code, error.exitCode]);
    expect(error.message).toMatch(message);
  });

  test('several --data where one market is meant', async () => {
    const run = await place.run('run', 'sma-cross', '--data', 'a.csv', '--data', 'b.csv', '--json');
    expect(json<ErrorJson>(run).error.message).toMatch(/takes one market/);
  });
});
