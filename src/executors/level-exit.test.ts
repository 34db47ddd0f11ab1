// The search by levels against the plain rules of the corrected barriers, bar by bar, on random candles.
import { expect, test } from 'vitest';
import { CORRECTED, minutes, type Row } from '../../test/fixtures/executor-market.ts';
import { createPrng, type Prng } from '../core/prng.ts';
import { levelOfNumber } from './exact-level.ts';
import { type ExecutorMarket, firstReach } from './executor-market.ts';
import { simulatePosition } from './position-executor.ts';
import type { PositionOrder } from './position-order.ts';

const SEEDS = Array.from({ length: 60 }, (_, n) => 1 + n);
/** Prices on a coarse lattice, so that levels, ties and gaps meet often. */
const STEP = 0.125;

function randomRows(random: Prng, bars: number): Row[] {
  let price = 100;
  return Array.from({ length: bars }, (): Row => {
    const move = (): number => STEP * (random.nextBelow(9) - 4);
    const open = price + (random.nextBelow(6) === 0 ? move() : 0);
    const close = open + move();
    const high = Math.max(open, close) + STEP * random.nextBelow(4);
    const low = Math.min(open, close) - STEP * random.nextBelow(4);
    price = close;
    return [open, high, low, close];
  });
}

function randomOrder(random: Prng): PositionOrder {
  const share = (): number => random.nextBelow(24) / 800;
  const isLong = random.nextBelow(2) === 0;
  const isLimit = random.nextBelow(3) === 0;
  return {
    isLong,
    levelId: null,
    amount: 2,
    entry: isLimit ? 'limit' : 'market',
    price: levelOfNumber(100 + (isLong ? -1 : 1) * STEP * random.nextBelow(12)),
    barrier: {
      stopLoss: random.nextBelow(4) === 0 ? null : share(),
      takeProfit: random.nextBelow(4) === 0 ? null : levelOfNumber(share()),
      timeLimitMs: random.nextBelow(3) === 0 ? 60_000 * (1 + random.nextBelow(90)) : 0,
      trailing: random.nextBelow(2) === 0 ? null : { activation: levelOfNumber(share() + 0.00125), delta: share() / 4 },
    },
  };
}

interface Ended {
  readonly closeBar: number;
  readonly closeType: string;
  readonly closePrice: number;
}

/** One bar after the other: stop before target, the trailing level by the best price of the bars before. */
function plainEnd(market: ExecutorMarket, order: PositionOrder, fillBar: number, fill: number, cost: number): Ended {
  const { open, high, low, close, barCount } = market;
  const { isLong, barrier } = order;
  const side = isLong ? 1 : -1;
  const limitBars = barrier.timeLimitMs / 60_000;
  const end = limitBars === 0 ? barCount - 1 : Math.min(barCount - 1, limitBars);
  const gain = (price: number): number => side * (price / fill - 1) - cost;
  let best = Number.NEGATIVE_INFINITY;
  let isArmed = false;
  for (let bar = fillBar; bar <= end; bar++) {
    const isEntry = bar === fillBar;
    const worst = isLong ? low[bar]! : high[bar]!;
    const top = isLong ? high[bar]! : low[bar]!;
    const isBeyond = (level: number): boolean => (isLong ? worst <= level : worst >= level);
    const ends = (closeType: string, level: number, better: boolean): Ended => {
      const from = isEntry ? level : open[bar]!;
      const closePrice = better === isLong ? Math.max(from, level) : Math.min(from, level);
      return { closeBar: bar, closeType, closePrice };
    };
    const stop = barrier.stopLoss ? fill * (1 - barrier.stopLoss * side) : Number.NaN;
    const target = barrier.takeProfit?.value ? fill * (1 + barrier.takeProfit.value * side) : Number.NaN;
    const trail = isArmed ? fill * (1 + side * (best - barrier.trailing!.delta + cost)) : Number.NaN;
    const isStop = isBeyond(stop) && (!isEntry || order.entry === 'limit');
    if (isStop && !(isBeyond(trail) && side * trail > side * stop)) return ends('STOP_LOSS', stop, false);
    if (isEntry) continue;
    if (isBeyond(trail)) return ends('TRAILING_STOP', trail, false);
    if (isLong ? top >= target : top <= target) return ends('TAKE_PROFIT', target, true);
    best = Math.max(best, gain(top));
    if (barrier.trailing !== null && gain(top) > barrier.trailing.activation.value) isArmed = true;
  }
  return { closeBar: end, closeType: 'TIME_LIMIT', closePrice: close[end]! };
}

test.each(SEEDS)('seed %i: stepping over blocks ends every position where the plain rules end it', (seed) => {
  const random = createPrng(seed);
  const market = minutes(randomRows(random, 150));
  for (let n = 0; n < 20; n++) {
    const order = randomOrder(random);
    const run = simulatePosition(market, 0, order, 0.0005, CORRECTED);
    if (run.fillBar < 0) continue;
    const { closeBar, closeType, closePrice } = plainEnd(market, order, run.fillBar, run.fillPrice, 0.001);
    expect(run, JSON.stringify(order)).toMatchObject({ closeBar, closeType, closePrice });
  }
});

test.each(SEEDS)('seed %i: the first bar that reaches a level is the one a plain scan finds', (seed) => {
  const random = createPrng(seed);
  const rows = randomRows(random, 1 + random.nextBelow(100));
  const market = minutes(rows);
  const from = random.nextBelow(rows.length);
  const end = from + random.nextBelow(rows.length - from);
  const lower = 100 - STEP * random.nextBelow(40);
  const upper = random.nextBelow(3) === 0 ? Number.POSITIVE_INFINITY : 100 + STEP * random.nextBelow(40);
  const found = rows.findIndex(([, high, low], i) => i >= from && i <= end && (low <= lower || high >= upper));
  expect(firstReach(market, from, end, lower, upper)).toBe(found < 0 ? end + 1 : found);
});
