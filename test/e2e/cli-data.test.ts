// Importing, storing, checking, resampling and exporting candles, and ready-made signals, through the command line.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sliceCandles } from '../../src/market/candles.ts';
import { resampleCandles } from '../../src/market/resample.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { countOracle, describeOracle, sharedFolder } from '../oracle/oracle.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

const candles = minuteCandles(4_000);
let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  writeFileSync(join(place.folder, 'BTCUSDT-1m-2024.csv.gz'), gzipSync(csvOf(candles)));
});
afterAll(() => place.remove());

interface SweepJson {
  readonly dataHash: string;
  readonly bars: number;
  readonly top: readonly { readonly metrics: Record<string, number | null> }[];
}

const sweep = async (data: string, ...extra: readonly string[]): Promise<SweepJson> =>
  json(
    await place.run('sweep', 'ema-cross', '--data', data, '--set', 'fast=5', '--set', 'slow=20,30', '--json', ...extra),
  );

describe('import', () => {
  test('puts a file under the key its name tells, and the store gives what the file gives', async () => {
    const imported = await place.run('import', 'BTCUSDT-1m-2024.csv.gz', '--exchange', 'binance');
    expect(imported.exitCode).toBe(0);
    expect(imported.stdout).toContain('binance/BTCUSDT/1m');
    expect(imported.stdout).toContain('4,000');
    const [stored, file] = [await sweep('binance/BTCUSDT/1m'), await sweep('BTCUSDT-1m-2024.csv.gz')];
    expect(stored.dataHash).toBe(file.dataHash);
    expect(stored.top).toEqual(file.top);
  });

  test('joins several files of one key, in any order, and appends', async () => {
    place.write('ETHUSDT-1m-a.csv', csvOf(sliceCandles(candles, 0, 1_500)));
    place.write('ETHUSDT-1m-b.csv', csvOf(sliceCandles(candles, 1_500, 3_000)));
    place.write('ETHUSDT-1m-c.csv', csvOf(sliceCandles(candles, 2_900, 4_000)));
    const joined = await place.run('import', 'ETHUSDT-1m-b.csv', 'ETHUSDT-1m-a.csv', '--json');
    expect(json<{ imported: { report: { barCount: number } }[] }>(joined).imported[0]!.report.barCount).toBe(3_000);
    const more = await place.run('import', 'ETHUSDT-1m-c.csv', '--append');
    expect(more.stdout).toContain('duplicate');
    expect((await sweep('local/ETHUSDT/1m')).dataHash).toBe((await sweep('BTCUSDT-1m-2024.csv.gz')).dataHash);
  });
});

describe('import over stored candles', () => {
  const bars = async (own: Workplace): Promise<readonly (readonly [key: string, bars: number])[]> =>
    json<readonly { key: string; bars: number }[]>(await own.run('data', 'list', '--json')).map((one) => [
      one.key,
      one.bars,
    ]);

  test('of the same market replaces them and says so; of another market or source it asks for --replace', async () => {
    const own = createWorkplace();
    try {
      own.write('binance_spot_BTCUSDT_1m.csv', csvOf(sliceCandles(candles, 0, 300)));
      own.write('binance_usdm_BTCUSDT_1m.csv', csvOf(sliceCandles(candles, 0, 200)));
      await own.run('import', 'binance_spot_BTCUSDT_1m.csv', 'binance_usdm_BTCUSDT_1m.csv');
      const both = [
        ['binance/BTCUSDT/1m', 300],
        ['binance-usdm/BTCUSDT/1m', 200],
      ] as const;
      expect(await bars(own)).toEqual(both);
      const again = await own.run('import', 'binance_spot_BTCUSDT_1m.csv');
      expect(again.stdout).toContain('replaced 300 candles from binance_spot_BTCUSDT_1m.csv');
      const forced = ['import', 'binance_usdm_BTCUSDT_1m.csv', '--exchange', 'binance'];
      const refused = await own.run(...forced);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain('--replace');
      expect(refused.stderr).toContain('300 candles from binance_spot_BTCUSDT_1m.csv');
      expect(await bars(own)).toEqual(both);
      const replaced = await own.run(...forced, '--replace', '--json');
      expect(json<{ imported: object[] }>(replaced).imported[0]).toMatchObject({
        replaced: { bars: 300, source: 'binance_spot_BTCUSDT_1m.csv' },
      });
      expect((await bars(own))[0]).toEqual(['binance/BTCUSDT/1m', 200]);
    } finally {
      own.remove();
    }
  });
});

describe('data', () => {
  test('lists what is stored', async () => {
    const listed = json<readonly { key: string; bars: number }[]>(await place.run('data', 'list', '--json'));
    expect(listed.map((one) => [one.key, one.bars])).toEqual([
      ['binance/BTCUSDT/1m', 4_000],
      ['local/ETHUSDT/1m', 4_000],
    ]);
    expect((await place.run('data')).stdout).toContain('binance/BTCUSDT/1m');
  });

  test('finds a flipped bit in a stored file', async () => {
    const path = json<readonly { path: string }[]>(await place.run('data', 'list', '--json'))[1]!.path;
    const bytes = readFileSync(path);
    const sound = Buffer.from(bytes);
    bytes[20_000]! ^= 1;
    writeFileSync(path, bytes);
    const checked = await place.run('data', 'check');
    expect(checked.exitCode).toBe(3);
    expect(checked.stdout).toContain('CANDLE_FILE_CORRUPT');
    expect(checked.stdout).toContain('defects  none');
    expect((await place.run('sweep', 'ema-cross', '--data', 'local/ETHUSDT/1m')).exitCode).toBe(3);
    writeFileSync(path, sound);
    expect((await place.run('data', 'check')).exitCode).toBe(0);
  });

  test('resampling again replaces what it made; candles from elsewhere it replaces only when asked to', async () => {
    const own = createWorkplace();
    own.write('BTCUSDT-1m.csv', csvOf(sliceCandles(candles, 0, 600)));
    own.write('BTCUSDT-15m.csv', csvOf(resampleCandles(candles, parseTimeframe('15m'))));
    await own.run('import', 'BTCUSDT-1m.csv', 'BTCUSDT-15m.csv');
    const resample = ['data', 'resample', 'local/BTCUSDT/1m', '--timeframe'];
    const refused = await own.run(...resample, '15m');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/local\/BTCUSDT\/15m holds 2\d\d candles from BTCUSDT-15m.csv.*--replace/s);
    const replaced = json<{ replaced: object }>(await own.run(...resample, '15m', '--replace', '--json'));
    expect(replaced.replaced).toMatchObject({ source: 'BTCUSDT-15m.csv' });
    expect((await own.run(...resample, '15m')).stdout).toMatch(
      /in place of \d+ from resampled from local\/BTCUSDT\/1m/,
    );
    expect((await own.run(...resample, '5m')).stdout).not.toContain('in place of');
  });

  test('appending joins candles of another market only when asked to', async () => {
    const own = createWorkplace();
    own.write('BTCUSDT-1m-a.csv', csvOf(sliceCandles(candles, 0, 300)));
    own.write('binance_BTCUSDT_1m.csv', csvOf(sliceCandles(candles, 300, 500)));
    own.write('kraken_BTCUSDT_1m.csv', csvOf(sliceCandles(candles, 500, 600)));
    own.write('ETHUSDT-1m.csv', csvOf(sliceCandles(candles, 500, 700)));
    await own.run('import', 'BTCUSDT-1m-a.csv', '--exchange', 'binance');
    const append = (file: string, ...more: string[]) =>
      own.run('import', file, '--exchange', 'binance', '--symbol', 'BTCUSDT', '--append', ...more);
    // A name without an exchange may be of any.
    expect((await append('binance_BTCUSDT_1m.csv')).exitCode).toBe(0);
    for (const file of ['ETHUSDT-1m.csv', 'kraken_BTCUSDT_1m.csv']) {
      const refused = await append(file);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain(
        `holds 500 candles from BTCUSDT-1m-a.csv, binance_BTCUSDT_1m.csv; to be appended: ${file}`,
      );
    }
    expect((await append('ETHUSDT-1m.csv', '--mixed')).exitCode).toBe(0);
  });

  test('resamples into the store; a longer --timeframe gives the same', async () => {
    const made = await place.run('data', 'resample', 'binance/BTCUSDT/1m', '--timeframe', '15m');
    expect(made.exitCode).toBe(0);
    const [stored, onTheFly, chosen] = [
      await sweep('binance/BTCUSDT/15m'),
      await sweep('binance/BTCUSDT/1m', '--timeframe', '15m'),
      await sweep('binance/BTCUSDT', '--timeframe', '15m'),
    ];
    expect(stored.bars).toBe(266);
    expect(onTheFly.dataHash).toBe(stored.dataHash);
    expect(chosen.dataHash).toBe(stored.dataHash);
    const open = await place.run('sweep', 'ema-cross', '--data', 'binance/BTCUSDT');
    expect(open).toMatchObject({ exitCode: 2 });
  });

  test.each(['csv', 'parquet', 'arrow'])('exports %s that imports to the same bits', async (format) => {
    const name = `out.${format}`;
    const exported = await place.run('data', 'export', 'binance/BTCUSDT/1m', '--out', name, '--json');
    expect(json(exported)).toMatchObject({ bars: 4_000, format });
    expect((await sweep(name)).dataHash).toBe((await sweep('binance/BTCUSDT/1m')).dataHash);
  });

  test('removes a series', async () => {
    expect((await place.run('data', 'remove', 'binance/BTCUSDT/15m')).exitCode).toBe(0);
    expect((await place.run('data', 'remove', 'binance/BTCUSDT/15m')).exitCode).toBe(3);
  });
});

describe('sweep --all-results', () => {
  test('writes CSV and Parquet with a row for every variant', async () => {
    await sweep('BTCUSDT-1m-2024.csv.gz', '--all-results', 'rows.csv');
    const lines = readFileSync(join(place.folder, 'rows.csv'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/variantKey.*fast.*slow.*totalReturnPct.*totalReturn/);
    await sweep('BTCUSDT-1m-2024.csv.gz', '--all-results', 'rows.parquet');
    expect(readFileSync(join(place.folder, 'rows.parquet')).subarray(0, 4).toString()).toBe('PAR1');
  });
});

describe('run --signals', () => {
  const closes = candles.close;
  const target = Array.from(closes, (price, i) => (i > 0 && price > closes[i - 1]! ? 1 : 0));

  test('runs ready-made signals like the strategy that would make them', async () => {
    place.write('signals.csv', `time,signal\n${target.map((value, i) => `${candles.time[i]},${value}`).join('\n')}\n`);
    place.write(
      'rising.ts',
      `import { close, defineStrategy, gt, lag } from 'gridmill';
export default defineStrategy({ name: 'rising', parameters: {}, signals: () => ({ long: gt(close, lag(close, 1)) }) });
`,
    );
    const data = ['--data', 'BTCUSDT-1m-2024.csv.gz', '--fee', '0.1%', '--json'];
    const [made, own] = [
      await place.run('run', '--signals', 'signals.csv', ...data),
      await place.run('run', 'rising.ts', ...data),
    ];
    expect(made.exitCode).toBe(0);
    expect(json<{ trades: unknown[] }>(made).trades).toEqual(json<{ trades: unknown[] }>(own).trades);
  });

  test('refuses signals off the candles, and bars that are not listed unless sparse', async () => {
    place.write('off.csv', `time,signal\n${candles.time[5]! + 1},1\n`);
    const off = await place.run('run', '--signals', 'off.csv', '--data', 'BTCUSDT-1m-2024.csv.gz');
    expect(off.exitCode).toBe(3);
    expect(off.stderr).toContain('error [SIGNALS_INVALID]');
    place.write('few.csv', `time,entry,exit\n${candles.time[5]},1,0\n${candles.time[9]},0,1\n`);
    const few = ['run', '--signals', 'few.csv', '--data', 'BTCUSDT-1m-2024.csv.gz', '--json'];
    expect((await place.run(...few)).exitCode).toBe(3);
    const sparse = json<{ trades: { entryBar: number; exitBar: number }[] }>(await place.run(...few, '--sparse'));
    expect(sparse.trades).toHaveLength(1);
    expect(sparse.trades[0]).toMatchObject({ entryBar: 5, exitBar: 9 });
  });
});

const KITE = ['1m', '3m', '5m'].map((timeframe) => `data/crypto/binance_spot_KITEUSDT_${timeframe}_2025.csv.gz`);

describeOracle('import of real candles', KITE, 2, () => {
  test('resampled minutes equal the exchange’s own candles', async () => {
    for (const file of KITE) await place.run('import', join(sharedFolder, file));
    const close = (key: string, timeframe: string) =>
      place.run(
        'run',
        'sma-cross',
        '--data',
        key,
        '--timeframe',
        timeframe,
        '--set',
        'fast=5',
        '--set',
        'slow=20',
        '--from',
        '2025-11-10',
        '--to',
        '2025-11-20',
        '--cold-start',
        '--json',
      );
    for (const timeframe of ['3m', '5m']) {
      const [own, built] = await Promise.all([
        close(`binance/KITEUSDT/${timeframe}`, timeframe),
        close('binance/KITEUSDT/1m', timeframe),
      ]);
      expect(json<{ trades: unknown[] }>(built).trades).toEqual(json<{ trades: unknown[] }>(own).trades);
      countOracle(1);
    }
  });
});
