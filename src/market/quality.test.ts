// Unit tests of the quality check: each defect, each policy, and that counts equal what was put in.
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { createPrng } from '../core/prng.ts';
import { CANDLE_COLUMNS, type CandleColumn, type Candles } from './candles.ts';
import { type CandleColumns, checkCandles } from './quality.ts';
import { DEFECT_KINDS, type DefectKind, QUALITY_POLICIES, type QualityRule } from './quality-policies.ts';
import { syntheticCandles } from './synthetic.ts';
import { injectDefects } from './synthetic-defects.ts';
import { parseTimeframe } from './timeframe.ts';

const timeframe = parseTimeframe('1m');
const clean = syntheticCandles({ seed: 1, timeframe, barCount: 400, startTime: 0, startPrice: 100 });

/** A copy in which the named cells are replaced. */
function edit(cells: readonly (readonly [CandleColumn, number, number])[], from: CandleColumns = clean): CandleColumns {
  const copy = Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, from[name].slice()])) as Record<
    CandleColumn,
    Float64Array
  >;
  for (const [name, bar, value] of cells) copy[name][bar] = value;
  return copy;
}

/** The bars in this order; an index may repeat or be left out. */
function arrange(order: readonly number[], from: CandleColumns = clean): CandleColumns {
  const columns = CANDLE_COLUMNS.map((name) => [name, Float64Array.from(order, (i) => from[name][i]!)]);
  return Object.fromEntries(columns) as CandleColumns;
}

const bars = Array.from({ length: clean.barCount }, (_, i) => i);
const counts = (columns: CandleColumns, policies = {}): Record<string, number> => {
  const { report } = checkCandles(columns, timeframe, policies);
  return Object.fromEntries(report.defects.map(({ kind, count }) => [kind, count]));
};

/** Columns with exactly these defects, and how many. */
const EXAMPLES: Readonly<Record<DefectKind, { readonly columns: CandleColumns; readonly count: number }>> = {
  'not-finite': {
    columns: edit([
      ['open', 0, Number.NaN],
      ['high', 7, Number.POSITIVE_INFINITY],
      ['time', 9, Number.NaN],
      ['volume', 399, Number.POSITIVE_INFINITY],
    ]),
    count: 4,
  },
  'non-positive-price': {
    columns: edit([
      ['low', 3, 0],
      ['close', 5, -1],
      ['open', 8, -0],
    ]),
    count: 3,
  },
  'inconsistent-range': {
    columns: edit([
      ['high', 4, clean.low[4]! / 2],
      ['low', 9, clean.high[9]! * 1.01],
    ]),
    count: 2,
  },
  'negative-volume': { columns: edit([['volume', 6, -1]]), count: 1 },
  'missing-volume': {
    columns: edit([
      ['volume', 6, Number.NaN],
      ['volume', 7, Number.NaN],
    ]),
    count: 2,
  },
  'out-of-order': { columns: arrange([0, 2, 1, ...bars.slice(3)]), count: 1 },
  duplicate: { columns: arrange([0, 1, 1, 1, ...bars.slice(2)]), count: 2 },
  'conflicting-duplicate': { columns: edit([['volume', 2, 1]], arrange([0, 1, 1, ...bars.slice(2)])), count: 1 },
  'wrong-timeframe': { columns: arrange(bars.filter((i) => i % 5 === 0)), count: 1 },
  misaligned: { columns: edit([['time', 10, clean.time[10]! + 1]]), count: 1 },
  gap: { columns: arrange(bars.filter((i) => i !== 5 && i !== 20 && i !== 21)), count: 2 },
  'zero-volume-filler': { columns: injectDefects(clean, 3, { fillers: 4 }), count: 4 },
  spike: { columns: injectDefects(clean, 3, { spikes: 3 }), count: 3 },
};

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
  return 'none';
};

describe('sound candles', () => {
  test('have no defects and come back as views of the input', () => {
    const { candles, report } = checkCandles(clean, timeframe);
    for (const name of CANDLE_COLUMNS) expect(candles[name]).toBe(clean[name]);
    expect(report).toEqual({
      inputBarCount: 400,
      barCount: 400,
      firstTime: 0,
      lastTime: 399 * 60_000,
      missingCount: 0,
      largestGap: null,
      zeroVolumeCount: 0,
      flatCount: report.flatCount,
      defects: [],
    });
  });

  test('may be a single one', () => {
    expect(checkCandles(arrange([5]), timeframe).report.barCount).toBe(1);
  });

  test('must exist', () => {
    expect(codeOf(() => checkCandles(arrange([]), timeframe))).toBe('CANDLES_INVALID');
    const spoiled = edit([['open', 0, Number.NaN]], arrange([1]));
    expect(codeOf(() => checkCandles(spoiled, timeframe, { 'not-finite': 'repair' }))).toBe('CANDLES_INVALID');
  });
});

describe.each(DEFECT_KINDS)('%s', (kind) => {
  const rule: QualityRule = QUALITY_POLICIES[kind];
  const { columns, count } = EXAMPLES[kind];

  test('is rejected with its rule and numbers when the policy says so', () => {
    const run = () => checkCandles(columns, timeframe, { [kind]: 'reject' });
    expect(codeOf(run)).toBe(rule.code);
    expect(run).toThrow(rule.rule);
    expect(run).toThrow(`${count} x ${kind} in `);
  });

  for (const policy of rule.allowed.filter((allowed) => allowed !== 'reject')) {
    test(`is counted and told when the policy is ${policy}, and the input stays as it was`, () => {
      const before = CANDLE_COLUMNS.map((name) => columns[name].slice());
      const { candles, report } = checkCandles(columns, timeframe, { [kind]: policy });
      const defect = report.defects.find((found) => found.kind === kind);
      expect(defect).toMatchObject({ count, policy });
      expect(defect!.action).toContain(String(count));
      expect(CANDLE_COLUMNS.map((name) => columns[name])).toEqual(before);
      if (policy === 'repair') expect(counts(candles)[kind]).toBeUndefined();
    });
  }

  test('allows no other policy', () => {
    for (const policy of ['reject', 'repair', 'keep'] as const) {
      const isAllowed = rule.allowed.includes(policy);
      expect(codeOf(() => checkCandles(clean, timeframe, { [kind]: policy }))).toBe(
        isAllowed ? 'none' : 'REQUEST_INVALID',
      );
    }
  });
});

describe('repairs', () => {
  test('a descending file is sorted to the same candles as the ascending one', () => {
    const { candles, report } = checkCandles(arrange([...bars].reverse()), timeframe);
    for (const name of CANDLE_COLUMNS) expect(candles[name]).toEqual(clean[name]);
    expect(report.defects.map(({ kind, count }) => [kind, count])).toEqual([['out-of-order', 399]]);
  });

  test('shuffled and overlapping parts become the same candles, with every copy counted', () => {
    const prng = createPrng(9);
    const order = [...bars, ...bars.slice(100, 150)];
    for (let i = order.length - 1; i > 0; i--) {
      const k = prng.nextBelow(i + 1);
      [order[i], order[k]] = [order[k]!, order[i]!];
    }
    const { candles, report } = checkCandles(arrange(order), timeframe);
    for (const name of CANDLE_COLUMNS) expect(candles[name]).toEqual(clean[name]);
    expect(report.defects.find(({ kind }) => kind === 'duplicate')!.count).toBe(50);
  });

  test('of two unequal candles of one time the one that came last stays', () => {
    const columns = edit([['volume', 2, 77]], arrange([0, 1, 1, ...bars.slice(2)]));
    const { candles } = checkCandles(columns, timeframe, { 'conflicting-duplicate': 'repair' });
    expect(candles.barCount).toBe(400);
    expect(candles.volume[1]).toBe(77);
  });

  test('a range is widened to hold open and close, and no further', () => {
    const columns = edit([['high', 4, clean.low[4]! / 2]]);
    const { candles } = checkCandles(columns, timeframe, { 'inconsistent-range': 'repair' });
    expect(candles.high[4]).toBe(Math.max(clean.open[4]!, clean.close[4]!, clean.low[4]!));
    expect(candles.low[4]).toBe(clean.low[4]! / 2);
  });

  test('a removed candle leaves a gap that is reported', () => {
    const columns = edit([['close', 10, Number.NaN]]);
    expect(counts(columns, { 'not-finite': 'repair' })).toEqual({ 'not-finite': 1, gap: 1 });
  });
});

describe('the report', () => {
  test('counts exactly what was injected', () => {
    const big = syntheticCandles({
      seed: 2,
      timeframe,
      barCount: 20_000,
      startTime: 0,
      startPrice: 100,
      jumpsPerDay: 0,
    });
    for (let seed = 0; seed < 20; seed++) {
      const injected = { gaps: 7, nans: 5, spikes: 4, fillers: 6, duplicates: 3 };
      expect(counts(injectDefects(big, seed, injected), { 'not-finite': 'repair' }), `seed ${seed}`).toEqual({
        'not-finite': 5,
        duplicate: 3,
        // A removed NaN candle is a gap too.
        gap: 7 + 5,
        'zero-volume-filler': 6,
        spike: 4,
      });
    }
  });

  test('names the first few times, the missing candles and the largest gap', () => {
    const { report } = checkCandles(arrange(bars.filter((i) => i % 40 !== 7 && i !== 88 && i !== 89)), timeframe);
    expect(report.missingCount).toBe(12);
    expect(report.largestGap).toEqual({ stepCount: 4, afterTime: 86 * 60_000 });
    const gap = report.defects.find(({ kind }) => kind === 'gap')!;
    expect(gap.firstTimes).toEqual([6, 46, 86, 126, 166].map((bar) => bar * 60_000));
    expect(gap.action).toContain('12 candles are missing, the largest step is 4 candles after 1970-01-01T01:26');
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('finds no filler in a series without any volume, where volume tells nothing', () => {
    const flat = { ...clean, open: clean.close, high: clean.close, low: clean.close };
    const volume = new Float64Array(400);
    const steady = new Float64Array(400).fill(5);
    const columns = { ...flat, open: steady, high: steady, low: steady, close: steady, volume };
    const { report } = checkCandles(columns, timeframe);
    expect(report.zeroVolumeCount).toBe(400);
    expect(report.flatCount).toBe(400);
    expect(report.defects).toEqual([]);
  });

  test('keeps the hours of a closed market as gaps', () => {
    const session: Candles = syntheticCandles({ seed: 4, timeframe, barCount: 4320, startTime: 0, startPrice: 100 });
    const open = Array.from({ length: 4320 }, (_, i) => i).filter((i) => i % 1440 < 390);
    const { candles, report } = checkCandles(arrange(open, session), timeframe);
    expect(candles.barCount).toBe(3 * 390);
    expect(report.defects.filter(({ kind }) => kind !== 'spike').map(({ kind, count }) => [kind, count])).toEqual([
      ['gap', 2],
    ]);
    expect(codeOf(() => checkCandles(arrange(open, session), timeframe, { gap: 'reject' }))).toBe('CANDLES_GAP');
  });
});
