// Exported candles read back bit for bit.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { readCandleFile } from './candle-file.ts';
import { type CandleExport, encodeCandles } from './encode-candles.ts';

const folder = mkdtempSync(join(tmpdir(), 'gridmill-encode-'));
afterAll(() => rmSync(folder, { recursive: true }));

const formats: CandleExport[] = ['csv', 'parquet', 'arrow'];

test.each(formats)(
  '%s keeps every bit of 20,000 random candles, from the year 1900 and from stamps near 0',
  async (format) => {
    const prng = createPrng(11);
    const random = (): Float64Array =>
      Float64Array.from({ length: 20_000 }, () => prng.next() * 10 ** (prng.nextBelow(20) - 10));
    for (const start of [-2_208_988_800_000, 0, 1_704_067_200_000]) {
      const time = Float64Array.from({ length: 20_000 }, (_, bar) => start + bar * 60_000);
      const columns = { time, open: random(), high: random(), low: random(), close: random(), volume: random() };
      columns.open.set([1e308, 5e-324, 0.1 + 0.2, 2 ** 53 - 1]);
      const path = join(folder, `candles.${format}`);
      writeFileSync(path, await encodeCandles(columns, format));
      const read = await readCandleFile(path);
      expect([read.format, read.sourceRows, read.timeUnit, read.notes]).toEqual([format, 20_000, 'ms', []]);
      for (const name of ['time', 'open', 'high', 'low', 'close', 'volume'] as const) {
        expect(Buffer.from(read.columns[name].buffer).equals(Buffer.from(columns[name].buffer)), name).toBe(true);
      }
    }
  },
);
