// P11: a year of one-minute candles, from a CSV file into the store and out of it again.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCandleFile } from '../src/feeds/candle-file.ts';
import { encodeCandles } from '../src/feeds/encode-candles.ts';
import { candlesHash } from '../src/market/candles.ts';
import { syntheticCandles } from '../src/market/synthetic.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { importFiles } from '../src/runs/import-files.ts';
import { openCandleStore } from '../src/store/candle-store.ts';
import { benchClock } from './gridmill.ts';
import { interleave, timed } from './measure.ts';
import { atMost, type Workload } from './workload.ts';

const ROWS = 525_600;

export const p11: Workload = {
  id: 'p11',
  title: 'a year of one-minute candles',
  async run({ folder, effort }) {
    const timeframe = parseTimeframe('1m');
    const options = { seed: 11, timeframe, barCount: ROWS, startTime: Date.UTC(2024, 0, 1), startPrice: 40_000 };
    const candles = syntheticCandles(options);
    const file = join(folder, 'year.csv');
    writeFileSync(file, await encodeCandles(candles, 'csv'));
    const storeRoot = join(folder, 'import-store');
    const key = { exchange: 'bench', symbol: 'YEAR', timeframe };
    const selection = { files: [file], ...key, policies: {}, append: false };
    const importOnce = () => importFiles(selection, storeRoot, benchClock, () => undefined);
    await importOnce();
    const store = openCandleStore(storeRoot);
    const same = candlesHash(store.read(key).candles) === candlesHash(candles);
    const timings = same
      ? await interleave(
          [
            { name: 'import: parse, check, seal, store', units: ROWS, runOnce: () => timed(importOnce) },
            { name: 'parse alone', units: ROWS, runOnce: () => timed(() => readCandleFile(file)) },
            {
              name: 'open stored candles, every byte checked',
              units: ROWS,
              runOnce: () => timed(() => store.read(key)),
            },
          ],
          effort,
        )
      : [];
    rmSync(storeRoot, { recursive: true, force: true });
    const fact = same
      ? 'What the store gives back is what the file was written from, bit for bit.'
      : 'The store gave back other candles: no time.';
    const [imported, , opened] = timings;
    return {
      sections: [
        {
          input: `CSV of ${ROWS.toLocaleString('en')} rows`,
          agreements: [],
          timings,
          unit: 'row',
          isNoRace: true,
          facts: [fact],
        },
      ],
      verdicts: [
        atMost('import', 0.6, 's', imported && imported.medianMs / 1000),
        atMost('open', 25, 'ms', opened?.medianMs),
      ],
    };
  },
};
