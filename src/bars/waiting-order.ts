// An order of a bar strategy: what was asked, checked once, and at what price a candle fills it.
import { AppError } from '../core/errors.ts';
import type { Barriers, Sizing } from '../simulate/simulation.ts';
import type { BarOrder } from '../strategy/bar-context.ts';
import type { Slot } from './slot.ts';

export type OrderKind = 'market' | 'limit' | 'stop' | 'stop-limit';

/** Where in a bar an order fills: nowhere, at its open, or inside it. */
export type Touch = 'none' | 'open' | 'inside';

const KEYS: ReadonlySet<string> = new Set([
  'tag',
  'limit',
  'stop',
  'units',
  'notional',
  'fraction',
  'reduceOnly',
  'expireAfter',
  'group',
  'stopLoss',
  'takeProfit',
  'trailingStop',
  'timeLimit',
  'stopLossPrice',
  'takeProfitPrice',
]);
const ABOVE_ZERO = ['limit', 'stop', 'units', 'notional', 'fraction', 'stopLossPrice', 'takeProfitPrice'] as const;
const SHARES = ['stopLoss', 'takeProfit', 'trailingStop'] as const;
const BAR_COUNTS = ['timeLimit', 'expireAfter'] as const;
const SIZES = ['units', 'notional', 'fraction'] as const;

export function refuseOrder(rule: string, found: string, todo: string): never {
  throw new AppError('STRATEGY_FAILED', { rule, found: `${found}.`, todo });
}

export class WaitingOrder {
  readonly id: number;
  readonly slot: Slot;
  readonly side: 1 | -1;
  readonly kind: OrderKind;
  readonly limit: number;
  readonly stop: number;
  readonly reduceOnly: boolean;
  readonly group: string | undefined;
  /** The order's own size; undefined for that of the run. Units to take away, where it only reduces. */
  readonly sizing: Sizing | undefined;
  readonly barriers: Barriers | undefined;
  readonly stopLossPrice: number;
  readonly takeProfitPrice: number;
  /** The last bar in which it may fill. */
  readonly lastBar: number;
  isDone = false;
  /** Of a stop-limit: the bar whose prices made it a limit order; -1 before. */
  triggeredBar = -1;
  /** Reference price of the last touch, before slippage. */
  touchPrice = 0;
  /** Whether the last touch came from the side of a limit: prices went on beyond it, not back. */
  touchedAsLimit = false;

  constructor(id: number, slot: Slot, side: 1 | -1, asked: BarOrder, bar: number, runSizing: Sizing) {
    checkOrder(asked);
    this.id = id;
    this.slot = slot;
    this.side = side;
    this.limit = asked.limit ?? Number.NaN;
    this.stop = asked.stop ?? Number.NaN;
    this.kind =
      asked.limit === undefined
        ? asked.stop === undefined
          ? 'market'
          : 'stop'
        : asked.stop === undefined
          ? 'limit'
          : 'stop-limit';
    this.reduceOnly = asked.reduceOnly ?? false;
    this.group = asked.group;
    this.sizing = sizingOf(asked, runSizing);
    this.barriers = barriersOf(asked);
    this.stopLossPrice = asked.stopLossPrice ?? Number.NaN;
    this.takeProfitPrice = asked.takeProfitPrice ?? Number.NaN;
    this.lastBar = asked.expireAfter === undefined ? Number.POSITIVE_INFINITY : bar + asked.expireAfter;
    if (this.reduceOnly && this.sizing !== undefined && this.sizing.kind !== 'fixed-units') {
      refuseOrder('An order that only reduces takes units, or all.', 'notional or fraction', 'Give units.');
    }
  }

  /** Whether it is a stop that has not become a limit order. */
  get isStop(): boolean {
    return this.kind === 'stop' || (this.kind === 'stop-limit' && this.triggeredBar < 0);
  }

  /** Whether prices reach this order before `other`, one of the same side that waits for the same turn of prices. */
  isNearerThan(other: WaitingOrder): boolean {
    const { isStop } = this;
    const [own, others] = isStop ? [this.stop, other.stop] : [this.limit, other.limit];
    return isStop === (this.side === 1) ? own < others : own > others;
  }

  /** Stops and market orders pay slippage, limits do not. */
  get paysSlippage(): boolean {
    return this.kind === 'market' || this.kind === 'stop';
  }

  /** Where a candle, or the rest of one, fills the order; sets `touchPrice`. A stop-limit may be triggered by it. */
  touch(bar: number, open: number, high: number, low: number): Touch {
    switch (this.kind) {
      case 'market':
        return 'none';
      case 'limit':
        return this.touchLimit(open, high, low);
      case 'stop':
        return this.touchStop(open, high, low);
      case 'stop-limit':
        return this.touchStopLimit(bar, open, high, low);
    }
  }

  private touchLimit(open: number, high: number, low: number): Touch {
    const { limit, side } = this;
    this.touchedAsLimit = true;
    if (side === 1 ? open <= limit : open >= limit) {
      this.touchPrice = open;
      return 'open';
    }
    this.touchPrice = limit;
    return (side === 1 ? low <= limit : high >= limit) ? 'inside' : 'none';
  }

  private touchStop(open: number, high: number, low: number): Touch {
    const { stop, side } = this;
    this.touchedAsLimit = false;
    if (side === 1 ? open >= stop : open <= stop) {
      this.touchPrice = open;
      return 'open';
    }
    this.touchPrice = stop;
    return (side === 1 ? high >= stop : low <= stop) ? 'inside' : 'none';
  }

  /** Once triggered it is a limit order. In the bar that triggers it inside, only a limit beyond the stop fills. */
  private touchStopLimit(bar: number, open: number, high: number, low: number): Touch {
    if (this.triggeredBar >= 0) return bar === this.triggeredBar ? 'none' : this.touchLimit(open, high, low);
    const trigger = this.touchStop(open, high, low);
    if (trigger === 'none') return 'none';
    this.triggeredBar = bar;
    if (trigger === 'open') return this.touchLimit(open, high, low);
    return (this.side === 1 ? this.stop <= this.limit : this.stop >= this.limit) ? 'inside' : 'none';
  }
}

function sizingOf({ units, notional, fraction }: BarOrder, run: Sizing): Sizing | undefined {
  if (units !== undefined) return { ...run, kind: 'fixed-units', value: units };
  if (notional !== undefined) return { ...run, kind: 'fixed-notional', value: notional };
  if (fraction !== undefined) return { ...run, kind: 'equity-fraction', value: fraction };
  return undefined;
}

function barriersOf({ stopLoss, takeProfit, trailingStop, timeLimit }: BarOrder): Barriers | undefined {
  const none = stopLoss === undefined && takeProfit === undefined && trailingStop === undefined;
  return none && timeLimit === undefined ? undefined : { stopLoss, takeProfit, trailingStop, timeLimit };
}

/** A misspelt stop-loss would be no stop-loss at all: nothing unknown is let by. */
function checkOrder(asked: BarOrder): void {
  for (const key in asked) {
    if (!KEYS.has(key)) refuseOrder('An order has known members only.', `"${key}"`, `Use ${[...KEYS].join(', ')}.`);
  }
  for (const name of ABOVE_ZERO) {
    const value = asked[name];
    if (value !== undefined && !(value > 0 && value < Number.POSITIVE_INFINITY)) outOfRange(name, value, 'above 0');
  }
  for (const name of SHARES) {
    const value = asked[name];
    const mostly = name === 'takeProfit' ? Number.POSITIVE_INFINITY : 1;
    if (value !== undefined && !(value > 0 && value < mostly)) outOfRange(name, value, 'a share above 0');
  }
  for (const name of BAR_COUNTS) {
    const value = asked[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) outOfRange(name, value, 'a count of bars');
  }
  if (asked.fraction !== undefined && asked.fraction > 1) outOfRange('fraction', asked.fraction, 'in (0, 1]');
  if (SIZES.filter((name) => asked[name] !== undefined).length > 1) {
    refuseOrder('An order has one size.', 'several of units, notional and fraction', 'Give one of them.');
  }
  if (asked.expireAfter !== undefined && asked.limit === undefined && asked.stop === undefined) {
    refuseOrder('Only an order that waits expires.', 'expireAfter of a market order', 'Give a limit or a stop.');
  }
}

function outOfRange(name: string, value: number, range: string): never {
  refuseOrder(`${name} must be ${range}.`, String(value), 'Check for NaN, which indicators are during their warm-up.');
}
