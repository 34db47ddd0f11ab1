// Does the report page show everything, answer to mouse and keyboard, stay offline, and survive hostile names?
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadReportAssets, renderHtmlReport } from '../../src/report/html-report.ts';
import type { ReportData } from '../../src/report/report-data.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import { hostileReport, sampleReport } from './report-data.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const executablePath = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

if (executablePath === undefined) {
  const text = 'No Chromium was found: the report page is NOT tested. Install chromium or set CHROMIUM_PATH.';
  console.error(`\n*** ${text} ***\n`);
  test.skipIf(process.env['GRIDMILL_REQUIRE_BROWSER'] !== '1')(text, () => {
    throw new Error(text);
  });
}

/** Builds the page assets unless they are newer than every source of the page. */
function buildAssets(): void {
  const script = join(root, 'dist/report-assets/report.js');
  const built = existsSync(script) ? statSync(script).mtimeMs : 0;
  const sources = ['web', 'src/report'].flatMap((name) =>
    readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((file) => join(root, name, file)),
  );
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (built > newest) return;
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [vite, 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`The page assets could not be built.\n${stderr}`);
}

interface Visit {
  readonly page: Page;
  /** Console errors, page errors, policy violations and any request beyond the file itself. */
  readonly trouble: readonly string[];
  readonly close: () => Promise<void>;
}

describe.skipIf(executablePath === undefined)('the HTML report', () => {
  let browser: Browser;
  let folder: string;
  let sample: ReportData;
  let files = 0;

  beforeAll(async () => {
    buildAssets();
    folder = mkdtempSync(join(tmpdir(), 'gridmill-report-'));
    sample = await sampleReport({ barCount: 6_000, top: 120 });
    browser = await chromium.launch({ executablePath: executablePath!, args: BROWSER_ARGUMENTS });
  });
  afterAll(async () => {
    await browser?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  async function visit(data: ReportData, context: BrowserContextOptions = {}): Promise<Visit> {
    const file = join(folder, `report${++files}.html`);
    writeFileSync(file, renderHtmlReport(data, loadReportAssets()));
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...context });
    page.setDefaultTimeout(10_000);
    const trouble: string[] = [];
    page.on('console', (message) => message.type() === 'error' && trouble.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
    const address = pathToFileURL(file).href;
    page.on('request', (request) => {
      if (request.url() !== address && !request.url().startsWith('data:')) trouble.push(`request: ${request.url()}`);
    });
    await page.goto(address);
    await page.locator('#assumptions').waitFor();
    return { page, trouble, close: () => page.close() };
  }

  test('shows every section without an error, a policy violation or a request', async () => {
    const { page, trouble, close } = await visit(sample);
    for (const id of ['performance', 'variants', 'landscape', 'trades', 'metrics', 'assumptions']) {
      expect(await page.locator(`#${id}`).isVisible(), id).toBe(true);
    }
    expect(await page.locator('#performance canvas').count()).toBe(2);
    expect(await page.locator('#trades .candle-chart canvas').count()).toBeGreaterThan(0);
    await page.locator('#trades a[href^="https://www.tradingview.com"]').first().waitFor();
    expect(await page.locator('.banner').innerText()).toContain('Synthetic data');
    const text = await page.locator('#report').innerText();
    for (const part of [
      sample.profile.assumption,
      sample.dataHash,
      sample.resultHash,
      'sma-cross --data',
      '0.05% per fill',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain(`${sample.counts.scored} variants were tried`);
    expect(trouble).toEqual([]);
    await close();
  });

  test('sorts the ranked table by a metric, both ways', async () => {
    const { page, close } = await visit(sample);
    const heading = page.locator('#variants th', { hasText: 'Trades' });
    const trades = () => columnNumbers(page, 'Trades');
    await heading.locator('button').click();
    const down = await trades();
    expect(down).toEqual(down.toSorted((a, b) => b - a));
    expect(await heading.getAttribute('aria-sort')).toBe('descending');
    await heading.locator('button').click();
    const up = await trades();
    expect(up).toEqual(up.toSorted((a, b) => a - b));
    expect(up[0]).toBeLessThan(down[0]!);
    await close();
  });

  test('filters by conditions and names a condition it cannot read', async () => {
    const { page, close } = await visit(sample);
    const filter = page.locator('#variants .filter');
    await filter.fill('fast <= 16 stop-loss = 3%');
    const kept = sample.rows.filter((row) => row.params['fast']! <= 16 && row.risk.stopLoss === 0.03).length;
    expect(kept).toBeGreaterThan(0);
    expect(await page.locator('#variants .footnote').innerText()).toContain(`${kept} of 120 ranked rows`);
    await filter.fill('magic > 1');
    expect(await page.locator('#variants .problem').innerText()).toContain('"magic" is no parameter');
    expect(await page.locator('#variants .problem').innerText()).toContain('All 120 ranked rows are shown');
    expect(await page.locator('#variants [role="grid"]').getAttribute('aria-rowcount')).toBe('121');
    await close();
  });

  test('choosing a variant changes the headline, the curves and the trades', async () => {
    const { page, close } = await visit(sample);
    const before = await page.locator('#trades .trade-list').innerText();
    await page.locator('#variants tr[data-index="1"]').click();
    expect(await page.locator('.variant b').innerText()).toBe('#2');
    expect(await page.locator('.caption').innerText()).toContain('Rank 2 of');
    const shown = await page.locator('.headline [data-metric="trades"]').innerText();
    expect(shown).toBe(String(sample.rows[1]!.metrics.trades));
    expect(await page.locator('#trades .trade-list').innerText()).not.toBe(before);
    await page.locator('#variants .table-scroll').press('ArrowDown');
    expect(await page.locator('.variant b').innerText()).toBe('#3');
    // A row without stored curves says how to get them.
    await page.locator('#variants tr[data-index="8"]').click();
    expect(await page.locator('#performance .empty').innerText()).toContain('--row 9');
    await close();
  });

  test('every ranked row can be chosen, with stored curves or without, and leaves nothing of another row behind', async () => {
    const crowded = { fast: choice(2, 3, 4), slow: choice(5, 6, 7, 8) };
    const data = await sampleReport({ details: 2, request: { parameters: crowded, risk: {} } });
    const { page, trouble, close } = await visit(data);
    const captions = page.locator('#trades .controls .hint');
    await page.locator('#trades .candle-chart').scrollIntoViewIfNeeded();
    await page.waitForFunction("document.querySelector('#trades .hint').textContent.includes('trades in view')");
    for (const row of data.rows) {
      await page.locator(`#variants tr[data-index="${row.rank - 1}"]`).click();
      // Two frames: observers of sizes run between them.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      expect(await page.locator('.variant b').innerText()).toBe(`#${row.rank}`);
      const stored = row.rank <= 2;
      expect(await page.locator('#trades .trade-list').count()).toBe(stored ? 1 : 0);
      expect((await captions.innerText()).includes('trades in view')).toBe(stored);
    }
    await page.locator('#variants tr[data-index="0"]').click();
    await page.locator('#trades tr[data-index="0"]').click();
    await page.locator('.stepper button').last().click();
    expect(await page.locator('#trades tr.chosen').count()).toBe(0);
    expect(data.rows.length).toBe(12);
    expect(trouble).toEqual([]);
    await close();
  });

  test('the landscape switches metric and axes, fixes a parameter, and chooses a variant', async () => {
    const { page, close } = await visit(sample);
    const picture = () => page.locator('#landscape canvas').screenshot();
    const sharpe = await picture();
    const select = (label: string) => page.locator(`#landscape .field:has(> span:text-is("${label}")) select`);
    await select('Metric').selectOption('maxDrawdown');
    const drawdown = await picture();
    expect(drawdown.equals(sharpe)).toBe(false);
    await select('take-profit').selectOption({ label: '16%' });
    expect((await picture()).equals(drawdown)).toBe(false);
    await select('Across').selectOption({ label: 'slow' });
    expect(await select('Up').inputValue()).toBe('0');
    await page.locator('#landscape canvas').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.cell-readout').innerText()).toMatch(/^Max drawdown .* at fast .*slow/);
    // Back to the ranking: the best cells are ranked rows, and Enter chooses the one under the cursor.
    await select('Metric').selectOption('sharpe');
    await select('take-profit').selectOption({ label: 'best' });
    await page.locator('#landscape canvas').focus();
    let rank: string | undefined;
    for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowUp']) {
      await page.keyboard.press(key);
      rank = /rank (\d+)\.$/.exec(await page.locator('.cell-readout').innerText())?.[1];
      if (rank !== undefined && rank !== '1') break;
    }
    await page.keyboard.press('Enter');
    expect(await page.locator('.variant b').innerText()).toBe(`#${rank}`);
    expect(rank).not.toBe('1');
    await close();
  });

  test('choosing a trade zooms the candles to it and back', async () => {
    const { page, close } = await visit(sample);
    const chart = page.locator('#trades .candle-chart');
    const pause = () => page.waitForTimeout(200);
    await chart.scrollIntoViewIfNeeded();
    await pause();
    const all = await chart.screenshot();
    await page.locator('#trades tr[data-index="2"]').click();
    await page.mouse.move(2, 2);
    await pause();
    const close1 = await chart.screenshot();
    expect(close1.equals(all)).toBe(false);
    expect(await page.locator('#trades tr.chosen td').first().innerText()).toBe('3');
    await page.locator('#trades .table-scroll').press('ArrowDown');
    await pause();
    expect((await chart.screenshot()).equals(close1)).toBe(false);
    await page.locator('#trades .controls button').click();
    await page.mouse.move(2, 2);
    await pause();
    expect((await chart.screenshot()).equals(all)).toBe(true);
    await close();
  });

  test('zooming the equity chart moves both panes, and the keyboard reads it', async () => {
    const { page, trouble, close } = await visit(sample);
    const panes = page.locator('#performance .uplot');
    const pictures = async () => [await panes.nth(0).screenshot(), await panes.nth(1).screenshot()] as const;
    await page.locator('.equity-chart').focus();
    const read = () => page.locator('.readout .when').innerText();
    const last = await read();
    for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowLeft');
    expect(await read()).not.toBe(last);
    const before = await pictures();
    await page.keyboard.press('+');
    await page.waitForTimeout(100);
    const after = await pictures();
    expect(after[0].equals(before[0]) || after[1].equals(before[1])).toBe(false);
    await page.locator('#performance .check input').check();
    expect(trouble).toEqual([]);
    await close();
  });

  test('warns beside the headline when neither fees nor slippage were charged', async () => {
    const warning = '.headline-panel .costless';
    const paid = await visit(sample);
    expect(await paid.page.locator(warning).count()).toBe(0);
    await paid.close();
    const { page, close } = await visit({ ...sample, costless: true });
    expect(await page.locator(warning).innerText()).toContain('No costs');
    await close();
  });

  test('says how long the longest drawdown took, and that an unranked cell cannot be opened', async () => {
    const { page, close } = await visit({ ...sample, rows: sample.rows.slice(0, 1) });
    const { maxDrawdownBars } = sample.rows[0]!.metrics;
    const days = Math.round(maxDrawdownBars! / 24);
    expect(days).toBeGreaterThan(1);
    const beside = await page.locator('.headline .beside').allInnerTexts();
    expect(beside.join()).toContain(`bars (${days} days)`);
    await page.locator('#landscape canvas').focus();
    let read = '';
    for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowUp']) {
      await page.keyboard.press(key);
      read = await page.locator('.cell-readout').innerText();
      if (!/rank \d/.test(read)) break;
    }
    expect(read).toContain('not among the ranked rows, so it cannot be opened');
    await close();
  });

  test('hostile names and sources stay text', async () => {
    const { page, trouble, close } = await visit(hostileReport(sample));
    await page.locator('#variants tr[data-index="1"]').click();
    await page.locator('#assumptions summary').click();
    await page.locator('#landscape canvas').hover();
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(await page.locator('body script').count()).toBe(2);
    expect(await page.locator('h1').innerText()).toContain('<script>window.pwned=1</script>');
    expect(await page.evaluate('document.body.innerText.includes("\\u202e")')).toBe(false);
    expect(trouble).toEqual([]);
    await close();
  });

  test('the policy stops a script that was slipped in and any connection', async () => {
    const { page, close } = await visit(sample);
    const outcome = await page.evaluate(`(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      document.body.append(script);
      const answer = await fetch('https://example.invalid/').then(() => 'sent', (error) => error.name);
      return [window.pwned, answer];
    })()`);
    expect(outcome).toEqual([undefined, 'TypeError']);
    await close();
  });

  test('follows dark mode, also while it is open', async () => {
    const { page, trouble, close } = await visit(sample, { colorScheme: 'dark' });
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const pixel = () => page.locator('#performance .uplot').first().screenshot();
    expect(await background()).toBe('rgb(13, 16, 20)');
    const dark = await pixel();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).toBe('rgb(245, 246, 248)');
    await page.waitForTimeout(100);
    expect((await pixel()).equals(dark)).toBe(false);
    expect(trouble).toEqual([]);
    await close();
  });

  test('a telephone of 390 px needs no sideways scrolling', async () => {
    for (const data of [sample, hostileReport(sample)]) {
      const { page, close } = await visit(data, { viewport: { width: 390, height: 844 } });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      await close();
    }
  });

  test('copies the shown rows as CSV', async () => {
    const { page, close } = await visit(sample);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('#variants .filter').fill('rank <= 3');
    await page.locator('#variants .copy').click();
    await page.locator('#variants .copy', { hasText: 'Copied' }).waitFor();
    const text = String(await page.evaluate('navigator.clipboard.readText()'));
    const lines = text.trim().split(/\r?\n/);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^rank,fast,slow,stopLoss,takeProfit,trailingStop,timeLimit,totalReturn,/);
    expect(lines[1]).toContain(String(sample.rows[0]!.metrics.totalReturn));
    await close();
  });

  test('odd results look right: one parameter, one variant, no trades, no curves, no rows, partial', async () => {
    const one = await sampleReport({
      barCount: 600,
      request: { risk: {}, parameters: { fast: range(5, 30, 5), slow: choice(60) } },
    });
    const single = await sampleReport({
      barCount: 600,
      request: { risk: {}, parameters: { fast: choice(5), slow: choice(20) } },
    });
    const idle = await sampleReport({
      barCount: 250,
      request: { risk: {}, parameters: { fast: choice(5, 6), slow: choice(240) } },
    });
    const cases: readonly [ReportData, string, RegExp][] = [
      [one, '#landscape .fields', /^Metric/],
      [single, '#landscape .empty', /No parameter was varied/],
      [idle, '#trades .empty', /never traded/],
      [
        { ...sample, details: [], candles: undefined, grid: undefined },
        '#performance .empty',
        /No equity curve is stored/,
      ],
      [{ ...sample, rows: [], details: [] }, 'main > .empty', /No variant was scored/],
      [
        { ...sample, counts: { variants: 900, scored: 500, partial: 'deadline' } },
        '.banner:nth-of-type(3)',
        /500 of 900 variants/,
      ],
    ];
    for (const [data, place, words] of cases) {
      const { page, trouble, close } = await visit(data);
      expect(await page.locator(place).first().innerText()).toMatch(words);
      expect(trouble).toEqual([]);
      await close();
    }
  });

  test('long histories are aggregated, with a close-up where a trade was', async () => {
    const data = await sampleReport({
      timeframe: '15m',
      barCount: 45_000,
      top: 5,
      details: 2,
      request: { parameters: { fast: choice(20), slow: choice(240) } },
    });
    expect(data.candles!.barsPerCandle).toBe(4);
    expect(renderHtmlReport(data, loadReportAssets()).length).toBeLessThan(3_000_000);
    const { page, close } = await visit(data);
    expect(await page.locator('#trades .controls').innerText()).toContain('4 bars of 15m');
    await page.locator('#trades tr[data-index="1"]').click();
    expect(await page.locator('#trades .controls').innerText()).toContain('every 15m bar');
    await close();
  });
});

/** Numbers of the visible cells under a heading of the ranked table. */
async function columnNumbers(page: Page, heading: string): Promise<number[]> {
  const headings = await page.locator('#variants th').allInnerTexts();
  const index = headings.findIndex((text) => text.startsWith(heading));
  const cells = await page.locator(`#variants tr[data-index] td:nth-child(${index + 1})`).allInnerTexts();
  return cells.map((text) => Number(text.replaceAll(',', '')));
}
