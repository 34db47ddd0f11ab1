// Hummingbot's controllers at the command line: their files run, sweep, reproduce, compare, and are wrong in the usual ways.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BOLLINGER, createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

const GRID = `controller_name: grid_strike
connector_name: binance_perpetual
trading_pair: BTC-USDT
start_price: 30000
end_price: 60000
limit_price: 20000
total_amount_quote: 1000
triple_barrier_config:
  take_profit: 0.002
`;
const EXCHANGE_INFO = JSON.stringify({
  symbols: [
    {
      symbol: 'BTCUSDT',
      filters: [
        { filterType: 'PRICE_FILTER', tickSize: '0.10000000' },
        { filterType: 'LOT_SIZE', stepSize: '0.00100000', minQty: '0.00100000' },
        { filterType: 'MIN_NOTIONAL', notional: '100' },
      ],
    },
    { symbol: 'BTCUSDT_OPTION', filters: [] },
  ],
});

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(6_000)));
  place.write('bollinger.yml', BOLLINGER);
  place.write('grid.yml', GRID);
});
afterAll(() => place.remove());

const DATA = ['--data', 'btc.csv', '--fee', '2bps'] as const;
const GRID_AXES = ['--set', 'bb_length=20..60:10', '--set', 'stop_loss=0.004,0.01', '--set', 'interval=1m,3m'] as const;

interface SweepJson {
  readonly resultId: string;
  readonly resultHash: string;
  readonly profile: string;
  readonly scored: number;
  readonly strategy: { readonly name: string; readonly hash: string };
  readonly execution: { readonly initialCash: number; readonly instrument?: Readonly<Record<string, string>> };
  readonly grid: { readonly parameters: Readonly<Record<string, readonly number[]>> };
  readonly top: readonly {
    readonly params: Readonly<Record<string, number>>;
    readonly metrics: Readonly<Record<string, number | null>>;
  }[];
}
interface RunJson {
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly profileMetrics: Readonly<Record<string, number | null>>;
  readonly trades: readonly { readonly exitReason: string }[];
}

describe('a sweep of a controller file', () => {
  test('is the same for one worker and two, and its best row runs again exactly', async () => {
    const [one, two] = await Promise.all(
      ['1', '2'].map((workers) =>
        place.run(
          'sweep',
          'bollinger.yml',
          ...GRID_AXES,
          ...DATA,
          '--workers',
          workers,
          '--rank',
          'sharpe_ratio',
          '--json',
        ),
      ),
    );
    const record = json<SweepJson>(one!);
    expect(record).toMatchObject({ profile: 'hummingbot-corrected', scored: 20, execution: { initialCash: 500 } });
    expect(record.resultHash).toBe(json<SweepJson>(two!).resultHash);
    expect(record.grid.parameters).toMatchObject({ interval_minutes: [1, 3], take_profit: [0.003] });
    expect(one!.stderr).toContain('No back-test reads leverage');
    const again = json<RunJson>(await place.run('run', '--result', record.resultId, '--row', '1', '--json'));
    expect(again.metrics).toEqual(record.top[0]!.metrics);
    expect(again.profileMetrics['sharpe_ratio']).toBeCloseTo(record.top[0]!.metrics['sharpe']!, 8);
  });

  test('prints a table of what varies, says the rest once, and writes a report', async () => {
    const swept = await place.run('sweep', 'bollinger.yml', ...GRID_AXES, ...DATA, '--report', 'r.html');
    expect(swept.exitCode).toBe(0);
    expect(swept.stdout).toContain('unchanged: total_amount_quote 500, take_profit 0.003');
    expect(swept.stdout).toMatch(/#\s+stop_loss\s+interval_minutes\s+bb_length\s+Return/);
    expect(swept.stdout).toContain('capital 500.00, fee 0.02% per side');
    const page = readFileSync(join(place.folder, 'r.html'), 'utf8');
    expect(page).toContain('total_executors_with_position');
    expect((await place.run('report', 'latest', '--out', 'again.html')).exitCode).toBe(0);
    expect((await place.run('results')).stdout).toContain('bollinger_v1');
  });

  test('JSON of the same content is the same strategy', async () => {
    const fields = {
      bb_length: 30,
      interval: '3m',
      trailing_stop: null,
      time_limit: 1800,
      take_profit: '0.003',
      stop_loss: '0.004',
      leverage: 20,
      trading_pair: 'BTC-USDT',
      connector_name: 'binance_perpetual',
      total_amount_quote: '500',
      controller_type: 'directional_trading',
      controller_name: 'bollinger_v1',
      id: 'bollinger_1',
    };
    place.write('bollinger.json', JSON.stringify(fields));
    const [yaml, plain] = await Promise.all(
      ['bollinger.yml', 'bollinger.json'].map((file) => place.run('sweep', file, ...DATA, '--json')),
    );
    expect(json<SweepJson>(plain!).resultHash).toBe(json<SweepJson>(yaml!).resultHash);
  });

  test('across windows it ranks as other strategies do', async () => {
    const swept = await place.run('sweep', 'bollinger.yml', '--set', 'bb_length=20,40', ...DATA, '--split', '2');
    expect(swept).toMatchObject({ exitCode: 0 });
    expect(swept.stdout).toContain('2 windows');
  });
});

test("a run shows Hummingbot's summary and its names of ends", async () => {
  const run = await place.run('run', 'bollinger.yml', ...DATA);
  expect(run.stdout).toContain("Hummingbot's summary (hummingbot-corrected)");
  expect(run.stdout).toContain('close_types.TIME_LIMIT');
  expect(run.stdout).toMatch(/time-limit|stop-loss|take-profit/);
  const exact = json<RunJson>(await place.run('run', 'bollinger.yml', ...DATA, '--profile', 'hummingbot', '--json'));
  const { profileMetrics, trades } = exact;
  expect(profileMetrics['total_executors_with_position']).toBe(trades.length);
  expect(profileMetrics['net_pnl']).toBeCloseTo(profileMetrics['net_pnl_quote']! / 500, 12);
});

describe('diff', () => {
  interface DiffJson {
    readonly netPnlQuoteChange: number;
    readonly summary: Readonly<Record<'a' | 'b', { readonly net_pnl_quote: number; readonly total_executors: number }>>;
    readonly executorsSame: number;
    readonly executorsDiffering: number;
    readonly effects: readonly { readonly fix: string }[];
    readonly executors: readonly { readonly kind: string; readonly causes: readonly string[] }[];
  }
  test('says what each fix does and why executors differ', async () => {
    const shown = await place.run('diff', 'bollinger.yml', ...DATA, '--limit', '5', '--out', 'diff.csv');
    expect(shown.exitCode).toBe(0);
    for (const text of [
      "Hummingbot's summary under both",
      'What each fix does alone',
      'closedCandles',
      'more: --limit',
    ])
      expect(shown.stdout).toContain(text);
    const result = json<DiffJson>(await place.run('diff', 'bollinger.yml', ...DATA, '--json', '--limit', '100000'));
    expect(result.executors.length).toBe(result.executorsDiffering);
    expect(readFileSync(join(place.folder, 'diff.csv'), 'utf8').trimEnd().split('\n').length).toBe(
      result.executorsDiffering + 1,
    );
    const count = (kinds: readonly string[]): number =>
      result.executors.filter(({ kind }) => kinds.includes(kind)).length + result.executorsSame;
    expect(count(['changed', 'only-a'])).toBe(result.summary.a.total_executors);
    expect(count(['changed', 'only-b'])).toBe(result.summary.b.total_executors);
    expect(result.summary.b.net_pnl_quote - result.summary.a.net_pnl_quote).toBe(result.netPnlQuoteChange);
    const exact = json<RunJson>(await place.run('run', 'bollinger.yml', ...DATA, '--profile', 'hummingbot', '--json'));
    expect(result.summary.a.net_pnl_quote).toBe(exact.profileMetrics['net_pnl_quote']);
  });

  test('the other way round names what leaving out a fix does; one profile with itself differs in nothing', async () => {
    const swapped = ['--profile-a', 'hummingbot-corrected', '--profile-b', 'hummingbot'];
    expect((await place.run('diff', 'bollinger.yml', ...DATA, ...swapped)).stdout).toContain('leaving out each fix');
    const same = ['--profile-a', 'hummingbot', '--profile-b', 'hummingbot', '--json'];
    expect(json<DiffJson>(await place.run('diff', 'bollinger.yml', ...DATA, ...same))).toMatchObject({
      executorsDiffering: 0,
      effects: [],
      netPnlQuoteChange: 0,
    });
  });
});

describe('instruments', () => {
  test('shape grids from the store by connector and pair, are part of the result, and damage is refused', async () => {
    const sweep = () => place.run('sweep', 'grid.yml', '--set', 'start_price=30000,35000', ...DATA, '--json');
    const without = await sweep();
    expect(without.stderr).toContain('No steps of binance_perpetual BTC-USDT are known');
    place.write('exchangeInfo.json', EXCHANGE_INFO);
    const imported = await place.run('data', 'instruments', 'import', 'exchangeInfo.json', '--exchange', 'binance');
    expect(imported.stdout).toContain('1 instrument,');
    expect(imported.stdout).toContain('BTCUSDT_OPTION');
    const shown = await place.run('data', 'instruments', 'show', 'binance', '--symbol', 'BTC-USDT');
    expect(shown.stdout).toMatch(/BTCUSDT\s+0\.1\s+0\.001\s+100\s+0\.001/);
    const shaped = json<SweepJson>(await sweep());
    expect(shaped.execution.instrument).toMatchObject({ exchange: 'binance', symbol: 'BTCUSDT', minNotional: '100' });
    expect(shaped.resultHash).not.toBe(json<SweepJson>(without).resultHash);
    expect(shaped.top[0]!.metrics['totalReturn']).not.toBe(json<SweepJson>(without).top[0]!.metrics['totalReturn']);
    const again = json<RunJson>(await place.run('run', '--result', shaped.resultId, '--row', '1', '--json'));
    expect(again.metrics).toEqual(shaped.top[0]!.metrics);

    const path = join(place.home, 'instruments', 'binance.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"100"', '"10"'));
    const damaged = await sweep();
    expect(damaged).toMatchObject({ exitCode: 3 });
    expect(damaged.stderr).toContain('INSTRUMENTS_CORRUPT');
    await place.run('data', 'instruments', 'import', 'exchangeInfo.json', '--exchange', 'binance');
  });

  test('of a file that is named win over the store', async () => {
    place.write('own.csv', 'symbol,tick_size,step_size,min_notional\nBTC-USDT,1,0.01,50\n');
    const run = await place.run('run', 'grid.yml', ...DATA, '--instruments', 'own.csv');
    expect(run.stdout.replace(/\s+/g, ' ')).toContain('price step 1, size step 0.01, smallest order 50');
  });
});

describe('mistakes', () => {
  beforeAll(() => {
    place.write('broken.yml', 'controller_name: [unclosed\n');
    place.write('unknown.yml', 'controller_name: bollinger_v1\nbb_lenght: 20\n');
    place.write('other.yml', 'controller_name: arbitrage_v9\n');
    place.write('list.yml', '- a\n- b\n');
    place.write('steps.csv', 'symbol,tick_size,step_size,min_notional\nBTCUSDT,0,0.01,50\n');
  });
  test.each<readonly [string, number, RegExp, readonly string[]]>([
    ['YAML that is none', 2, /broken\.yml.*\n?.*/, ['run', 'broken.yml', ...DATA]],
    ['an unknown field', 2, /Did you mean "bb_length"/, ['run', 'unknown.yml', ...DATA]],
    ['an unknown controller', 2, /Choose one of bollinger_v1/, ['run', 'other.yml', ...DATA]],
    ['a list', 2, /must hold names and values/, ['run', 'list.yml', ...DATA]],
    [
      'an unknown parameter',
      2,
      /Did you mean "stop_loss"/,
      ['sweep', 'bollinger.yml', ...DATA, '--set', 'stop_los=0.1'],
    ],
    ['a value out of range', 2, /bb_length must be/, ['sweep', 'bollinger.yml', ...DATA, '--set', 'bb_length=1,20']],
    [
      'the profile of signals',
      2,
      /hummingbot or hummingbot-corrected/,
      ['run', 'bollinger.yml', ...DATA, '--profile', 'close'],
    ],
    [
      'signals under its profile',
      2,
      /for Hummingbot's controllers/,
      ['sweep', 'sma-cross', ...DATA, '--profile', 'hummingbot'],
    ],
    ['barriers of signals', 2, /--set stop_loss=/, ['sweep', 'bollinger.yml', ...DATA, '--stop-loss', '0.01']],
    ['sizes of signals', 2, /total_amount_quote/, ['run', 'bollinger.yml', ...DATA, '--size', '2']],
    [
      'an interval below the candles',
      2,
      /multiple of the candles/,
      ['sweep', 'bollinger.yml', ...DATA, '--timeframe', '5m'],
    ],
    [
      'more lengths than candles',
      3,
      /HISTORY_TOO_SHORT/,
      ['sweep', 'bollinger.yml', ...DATA, '--set', 'bb_length=5000'],
    ],
    ['no sensible combination', 2, /GRID_INVALID/, ['sweep', 'grid.yml', ...DATA, '--set', 'start_price=70000']],
    ['steps of zero', 3, /tick_size = "0"/, ['run', 'grid.yml', ...DATA, '--instruments', 'steps.csv']],
    ['instruments without use', 2, /Leave it out/, ['run', 'bollinger.yml', ...DATA, '--instruments', 'steps.csv']],
    ['a diff of signals', 4, /which is no controller/, ['diff', 'sma-cross', ...DATA]],
    ['a check of a controller', 4, /gridmill diff/, ['check', 'bollinger.yml']],
  ])('%s', async (_, exitCode, message, args) => {
    const result = await place.run(...args);
    expect(result.stderr).toMatch(message);
    expect(result.exitCode).toBe(exitCode);
  });
});
