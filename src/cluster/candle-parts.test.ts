// Candles in parts: what is sent for a day more, and that only the same candles come back.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { candlesHash, createCandles, sliceCandles } from '../market/candles.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { getCandles, partsNeeded, putCandles } from './candle-parts.ts';
import { cacheContent } from './content.ts';
import { openFileObjects } from './file-objects.ts';
import type { ObjectStore } from './object-store.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-parts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const clock = { wallMs: () => 0 };
const HOURS = 24 * 100;
const START = Date.UTC(2024, 0, 20);
const column = (of: (i: number) => number): Float64Array => Float64Array.from({ length: HOURS }, (_, i) => of(i));
const all = createCandles(parseTimeframe('1h'), {
  time: column((i) => START + i * 3_600_000),
  open: column((i) => 100 + (i % 7)),
  high: column((i) => 110 + (i % 7)),
  low: column(() => 90),
  close: column((i) => 100 + (i % 5)),
  volume: column((i) => i),
});

test('parts are months, and put together again the same candles', async () => {
  const objects = openFileObjects(join(root, 'a'));
  const { candles } = await putCandles(objects, all);
  expect(candles.parts.map(({ fromMs }) => new Date(fromMs).toISOString().slice(0, 10))).toEqual([
    '2024-01-20',
    '2024-02-01',
    '2024-03-01',
    '2024-04-01',
  ]);
  const cache = cacheContent(objects, join(root, 'a-cache'), clock);
  expect(candlesHash(await getCandles(cache, candles))).toBe(candlesHash(all));
});

/** Keys and bytes of everything that is written. */
function counted(objects: ObjectStore): ObjectStore & { readonly written: [string, number][] } {
  const written: [string, number][] = [];
  return {
    ...objects,
    written,
    create(key, bytes) {
      written.push([key, bytes.byteLength]);
      return objects.create(key, bytes);
    },
    put(key, bytes) {
      written.push([key, bytes.byteLength]);
      return objects.put(key, bytes);
    },
  };
}

test('a daily increment writes one object, of the bytes of its month, day after day', async () => {
  const objects = counted(openFileObjects(join(root, 'daily')));
  await putCandles(objects, sliceCandles(all, 0, 24 * 60));
  for (let day = 61; day <= 100; day++) {
    objects.written.length = 0;
    const { candles, sent } = await putCandles(objects, sliceCandles(all, 0, 24 * day));
    const { hash, bytes } = candles.parts.at(-1)!;
    expect(objects.written).toEqual([[`content/${hash}`, bytes]]);
    expect(sent).toBe(bytes);
  }
});

test('months that nobody reads are not sent, and months are whole', async () => {
  const objects = openFileObjects(join(root, 'needed'));
  const day = (month: number, date: number): number => Date.UTC(2024, month, date);
  const need = { fromMs: day(1, 10), toMs: day(2, 2) };
  const { candles } = await putCandles(objects, all, need);
  expect(candles.parts.map(({ bars }) => bars)).toEqual([24 * 29, 24 * 31]);
  const found = await getCandles(cacheContent(objects, join(root, 'needed-cache'), clock), candles);
  expect([found.time[0], found.time.at(-1)]).toEqual([day(1, 1), day(3, 1) - 3_600_000]);
  const whole = (await putCandles(objects, all)).candles;
  expect(partsNeeded(whole.parts, need)).toEqual({ from: 1, to: 3 });
  expect(partsNeeded(whole.parts, {})).toEqual({ from: 0, to: 4 });
  expect(partsNeeded(whole.parts, { toMs: day(1, 1) })).toEqual({ from: 0, to: 1 });
  expect(partsNeeded(whole.parts, { fromMs: day(1, 1) })).toEqual({ from: 1, to: 4 });
});

test('a day more sends one part, and the same candles again send nothing', async () => {
  const objects = openFileObjects(join(root, 'b'));
  const before = await putCandles(objects, sliceCandles(all, 0, HOURS - 24));
  expect((await putCandles(objects, sliceCandles(all, 0, HOURS - 24))).sent).toBe(0);
  const after = await putCandles(objects, all);
  const last = after.candles.parts.at(-1)!;
  expect(after.sent).toBe(last.bytes);
  expect(after.candles.parts.slice(0, -1)).toEqual(before.candles.parts.slice(0, -1));
});

test('a machine fetches a part once, and fetches it again when what it kept is damaged', async () => {
  const folder = join(root, 'c');
  const kept = join(root, 'c-cache');
  const objects = openFileObjects(folder);
  const { candles } = await putCandles(objects, all);
  await getCandles(cacheContent(objects, kept, clock), candles);
  const alone = openFileObjects(join(root, 'nowhere'));
  expect(candlesHash(await getCandles(cacheContent(alone, kept, clock), candles))).toBe(candles.dataHash);
  const [name] = readdirSync(kept);
  writeFileSync(join(kept, name!), 'other bytes');
  await expect(getCandles(cacheContent(alone, kept, clock), candles)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
  expect(candlesHash(await getCandles(cacheContent(objects, kept, clock), candles))).toBe(candles.dataHash);
});

test('parts that are not the candles they are said to be are refused', async () => {
  const objects = openFileObjects(join(root, 'd'));
  const { candles } = await putCandles(objects, all);
  const cache = cacheContent(objects, join(root, 'd-cache'), clock);
  const parts = [...candles.parts].reverse();
  await expect(getCandles(cache, { ...candles, parts })).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
});
