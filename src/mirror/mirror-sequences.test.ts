// Random sequences of what users of a mirror do, held against what they may see: no mixed view, nothing lost, nothing over.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { isAppError } from '../core/errors.ts';
import { createPrng, type Prng } from '../core/prng.ts';
import { type Candles, candlesHash, sliceCandles } from '../market/candles.ts';
import { resampleCandles } from '../market/resample.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { type CandleStore, openCandleStore } from '../store/candle-store.ts';
import { createMirror, type Mirror, type MirrorHandle } from './mirror.ts';

const FIRST_SEED = Number(process.env.GRIDMILL_MIRROR_SEED ?? 1);
const CASES = Number(process.env.GRIDMILL_MIRROR_CASES ?? 8);
const STEPS = 100;
const replay = (seed: number): string =>
  `replay: GRIDMILL_MIRROR_SEED=${seed} GRIDMILL_MIRROR_CASES=1 npx vitest run --project fast src/mirror/mirror-sequences.test.ts`;

const [minute, hour] = [parseTimeframe('1m'), parseTimeframe('1h')];
const SYMBOLS = ['A', 'B', 'C', 'D'];
const BYTES_MAX = 120_000;
const meta = { source: 'test', importedAt: 0, quality: null };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-mirror-sequences-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The store, and beside it what it holds according to what was done to it. */
class World {
  readonly store: CandleStore;
  readonly stored = new Map<string, Candles>();
  readonly #prng: Prng;

  constructor(folder: string, prng: Prng) {
    this.store = openCandleStore(folder);
    this.#prng = prng;
    for (const symbol of SYMBOLS) this.write(symbol);
  }

  /** More of the same history, less of it, or another one. */
  write(symbol: string): void {
    const seed = this.#prng.nextBelow(3) === 0 ? this.#prng.nextBelow(100) : SYMBOLS.indexOf(symbol);
    const barCount = 200 + this.#prng.nextBelow(700);
    const whole = syntheticCandles({ seed, timeframe: minute, barCount: 900, startTime: 0, startPrice: 10 });
    const candles = sliceCandles(whole, 0, barCount);
    this.store.write({ exchange: 'x', symbol, timeframe: minute }, candles, meta);
    this.stored.set(symbol, candles);
  }

  remove(symbol: string): void {
    this.store.remove({ exchange: 'x', symbol, timeframe: minute });
    this.stored.delete(symbol);
  }

  /** What a key stands for now. */
  hashOf(key: string): string | undefined {
    const [, symbol, timeframe] = key.split('/');
    const candles = this.stored.get(symbol!);
    if (candles === undefined) return undefined;
    return candlesHash(timeframe === '1h' ? resampleCandles(candles, hour) : candles);
  }
}

interface Taken {
  readonly handle: MirrorHandle;
  readonly hash: string;
}

async function run(seed: number): Promise<void> {
  const prng = createPrng(seed);
  const world = new World(join(root, `${seed}`), prng);
  const folder = join(root, `${seed}-files`);
  const tmpfs = prng.nextBelow(2) === 0 ? undefined : { folder, bytesMax: prng.nextBelow(2) === 0 ? 90_000 : 1e6 };
  const { store } = world;
  const mirror = createMirror({ store, clock: createFakeClock(), bytesMax: BYTES_MAX, tmpfs, reclaim: () => {} });
  const taken: Taken[] = [];
  /** Every content a key has had: a mirror serves one of them, whole. */
  const seen = new Map<string, Set<string>>();
  const remember = (): void => {
    for (const symbol of SYMBOLS) {
      for (const timeframe of [minute, hour]) {
        const key = `x/${symbol}/${timeframe}`;
        const hash = world.hashOf(key);
        if (hash !== undefined) seen.set(key, (seen.get(key) ?? new Set()).add(hash));
      }
    }
  };
  remember();
  const pick = <T>(list: readonly T[]): T => list[prng.nextBelow(list.length)]!;
  const anyKey = (): string => `x/${pick(SYMBOLS)}/${prng.nextBelow(3) === 0 ? hour : minute}`;
  const steps: readonly (() => Promise<void> | void)[] = [
    () => ask(mirror, anyKey(), world, seen),
    () => {
      const found = ask(mirror, anyKey(), world, seen);
      if (found === undefined) return;
      const handle = mirror.acquire(found);
      taken.push({ handle, hash: handle.contentHash });
    },
    () => {
      for (const { handle } of taken.splice(prng.nextBelow(taken.length + 1), 1)) handle.release();
    },
    () => {
      world.write(pick(SYMBOLS));
      remember();
    },
    () => {
      if (prng.nextBelow(8) === 0) world.remove(pick(SYMBOLS));
    },
    async () => {
      const report = await mirror.refresh();
      const failed = new Set(report.failed.map(({ key }) => key));
      // Candles that could not be read anew stay as they were, and what is built from them too.
      const isStale = (key: string): boolean => failed.has(key) || failed.has(key.replace('1h', '1m'));
      for (const { key, hashBefore, hashAfter } of report.changed) {
        expect(hashAfter).not.toBe(hashBefore);
        if (!isStale(key)) expect(hashAfter).toBe(world.hashOf(key));
      }
      for (const key of seen.keys()) {
        if (isStale(key)) continue;
        const { misses } = mirror.status();
        if (ask(mirror, key, world, seen) === undefined) continue;
        // A series that was held is now that of the store.
        if (mirror.status().misses === misses) expect(mirror.get(key).contentHash).toBe(world.hashOf(key));
      }
    },
    () => void mirror.put(sliceCandles(world.stored.get('A') ?? world.stored.values().next().value!, 0, 50)),
  ];
  for (let step = 0; step < STEPS; step++) {
    if (world.stored.size === 0) break;
    try {
      await pick(steps)();
    } catch (error) {
      if (!isAppError(error, 'BUDGET_BYTES')) throw error;
      expect(mirror.status().pinnedBytes).toBeGreaterThan(BYTES_MAX / 4);
    }
    const { bytes, pins, pinnedBytes, retired } = mirror.status();
    expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
    expect(pinnedBytes).toBeLessThanOrEqual(bytes);
    expect(pins).toBe(taken.length);
    expect(retired).toBeLessThanOrEqual(new Set(taken.map(({ handle }) => handle.snapshot)).size);
    for (const { handle, hash } of taken) expect(candlesHash(handle.candles)).toBe(hash);
  }
  for (const { handle } of taken) handle.release();
  expect(mirror.status()).toMatchObject({ pins: 0, retired: 0, pinnedBytes: 0 });
  mirror.close();
  expect(mirror.status()).toMatchObject({ entries: 0, bytes: 0 });
  if (tmpfs !== undefined) expect(readdirSync(folder)).toEqual([]);
}

/** Answers the key when it was served: then what came is a whole content that the key has had. */
function ask(mirror: Mirror, key: string, world: World, seen: ReadonlyMap<string, Set<string>>): string | undefined {
  try {
    const { candles, contentHash } = mirror.get(key);
    expect(candlesHash(candles)).toBe(contentHash);
    expect(seen.get(key)!.has(contentHash)).toBe(true);
    return key;
  } catch (error) {
    if (isAppError(error, 'BUDGET_BYTES')) return undefined;
    if (!isAppError(error, 'CANDLES_NOT_FOUND')) throw error;
    expect(world.hashOf(key)).toBeUndefined();
    return undefined;
  }
}

test(`in ${CASES} sequences of ${STEPS} steps from seed ${FIRST_SEED} every reader sees one whole content`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    await run(seed).catch((error: Error) => {
      error.message += `\n${replay(seed)}`;
      throw error;
    });
  }
});
