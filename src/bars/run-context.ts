// The object that init and onBar are handed: readers, positions and orders of one run.

import { LIMITS } from '../core/limits.ts';
import type { Candles } from '../market/candles.ts';
import type { Barriers, SimulationSettings } from '../simulate/simulation.ts';
import type {
  BarContext,
  BarExecutors,
  BarInit,
  BarOrder,
  BracketChange,
  CandleSeries,
  Position,
} from '../strategy/bar-context.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import { type Account, MAIN } from './account.ts';
import type { SeriesMaker } from './bar-columns.ts';
import type { ExecutorDesk } from './executor-desk.ts';
import type { FillEngine } from './fill-engine.ts';
import type { Journal } from './journal.ts';
import type { Cursor } from './series.ts';
import { Slot } from './slot.ts';
import { refuseOrder, WaitingOrder } from './waiting-order.ts';

export interface RunContextParts {
  readonly parameters: ParameterValues;
  readonly settings: SimulationSettings;
  readonly candles: Candles;
  readonly from: number;
  readonly cursor: Cursor;
  readonly account: Account;
  readonly engine: FillEngine;
  readonly desk: ExecutorDesk;
  readonly maker: SeriesMaker;
  readonly random: () => number;
  readonly journal: Journal | undefined;
}

export class RunContext implements BarContext<ParameterValues> {
  readonly parameters: ParameterValues;
  readonly timeframe: string;
  readonly initialCash: number;
  readonly candles: CandleSeries;
  readonly random: () => number;
  readonly executors: BarExecutors;
  // Columns and candles hold the future: they are out of reach of the strategy's code.
  readonly #candles: Candles;
  readonly #cursor: Cursor;
  readonly #from: number;
  readonly #account: Account;
  readonly #engine: FillEngine;
  readonly #maker: SeriesMaker;
  readonly #barriers: Barriers;
  readonly #sizing: SimulationSettings['sizing'];
  readonly #journal: Journal | undefined;
  readonly #slots = new Map<string, Slot>();
  readonly #main: Slot;
  #lastId = 0;

  constructor(parts: RunContextParts) {
    const { parameters, settings, candles, cursor, from, account, engine, desk, maker, journal } = parts;
    this.parameters = parameters;
    this.timeframe = candles.timeframe;
    this.initialCash = settings.initialCash;
    this.candles = maker.base();
    this.random = parts.random;
    this.#candles = candles;
    this.#cursor = cursor;
    this.#from = from;
    this.#account = account;
    this.#engine = engine;
    this.#maker = maker;
    this.#barriers = settings.barriers;
    this.#sizing = settings.sizing;
    this.#journal = journal;
    this.#main = this.#slot(MAIN);
    this.executors = desk.facade(this, (what, order) => this.#journal?.note(this.bar, what, order));
  }

  get bar(): number {
    return this.#cursor.bar - this.#from;
  }

  get timeMs(): number {
    return this.#candles.time[this.bar]!;
  }

  get open(): number {
    return this.#candles.open[this.bar]!;
  }

  get high(): number {
    return this.#candles.high[this.bar]!;
  }

  get low(): number {
    return this.#candles.low[this.bar]!;
  }

  get close(): number {
    return this.#candles.close[this.bar]!;
  }

  get volume(): number {
    return this.#candles.volume[this.bar]!;
  }

  get equity(): number {
    return this.#account.equityAt(this.close);
  }

  get freeCash(): number {
    return this.#account.freeCash;
  }

  get waitingOrders(): number {
    let count = 0;
    for (const order of this.#engine.market) if (!order.isDone) count++;
    for (const order of this.#engine.waiting) if (!order.isDone) count++;
    return count;
  }

  get openPositions(): number {
    return this.#account.open.length;
  }

  /** What init gets: no bar is there yet, so there is nothing to read and nothing to order. */
  forInit(): BarInit<ParameterValues> {
    const { parameters, timeframe, initialCash, candles, position, random } = this;
    const { column, condition, higher } = this.#maker;
    return Object.freeze({ parameters, timeframe, initialCash, candles, position, random, column, condition, higher });
  }

  readonly position = (tag: string = MAIN): Position => (tag === MAIN ? this.#main : this.#slot(tag));

  readonly buy = (order: BarOrder = NO_WISHES): number => this.#place(1, order);

  readonly sell = (order: BarOrder = NO_WISHES): number => this.#place(-1, order);

  readonly exit = (tag: string = MAIN): void => {
    const slot = tag === MAIN ? this.#main : this.#slot(tag);
    if (slot.units !== 0) this.#place(slot.units > 0 ? -1 : 1, { tag, reduceOnly: true });
  };

  readonly exitAll = (): void => {
    for (const slot of this.#account.open) {
      this.#place(slot.units > 0 ? -1 : 1, { tag: slot.tag, reduceOnly: true });
    }
  };

  readonly protect = (change: BracketChange, tag: string = MAIN): void => {
    const slot = this.#slot(tag);
    if (slot.units === 0) return;
    this.#journal?.note(this.bar, `protect ${tag}`, change);
    const { stopLossPrice, takeProfitPrice, trailingStop } = change;
    if (stopLossPrice !== undefined) slot.moveStop(levelOf('stopLossPrice', stopLossPrice));
    if (takeProfitPrice !== undefined) slot.moveTarget(levelOf('takeProfitPrice', takeProfitPrice));
    if (trailingStop === null) slot.trailBy(undefined);
    else if (trailingStop !== undefined) {
      const isShare = trailingStop > 0 && trailingStop < 1;
      if (!isShare) refuseOrder('trailingStop must be a share above 0.', String(trailingStop), 'Give null for none.');
      slot.trailBy(trailingStop);
    }
  };

  readonly cancel = (id: number): boolean => {
    const order = this.#find(id);
    if (order === undefined) return false;
    this.#journal?.note(this.bar, 'cancel', { id });
    order.isDone = true;
    return true;
  };

  readonly cancelAll = (tag?: string): void => {
    const drop = (order: WaitingOrder): void => {
      if (tag === undefined || order.slot.tag === tag) order.isDone = true;
    };
    this.#journal?.note(this.bar, 'cancel all', { tag });
    this.#engine.market.forEach(drop);
    this.#engine.waiting.forEach(drop);
  };

  readonly isWaiting = (id: number): boolean => this.#find(id) !== undefined;

  #find(id: number): WaitingOrder | undefined {
    const isIt = (order: WaitingOrder): boolean => order.id === id && !order.isDone;
    return this.#engine.waiting.find(isIt) ?? this.#engine.market.find(isIt);
  }

  #place(side: 1 | -1, asked: BarOrder): number {
    const { bar } = this;
    if (this.#cursor.bar < 0) refuseOrder('Orders are placed in onBar.', 'an order placed elsewhere', 'Move it there.');
    const { tag = MAIN } = asked;
    const slot = tag === MAIN ? this.#main : this.#slot(tag);
    const order = new WaitingOrder(++this.#lastId, slot, side, asked, bar, this.#sizing);
    this.#journal?.note(bar, side === 1 ? 'buy' : 'sell', asked);
    const list = order.kind === 'market' ? this.#engine.market : this.#engine.waiting;
    if (list.length >= LIMITS.waitingOrdersMax) {
      refuseOrder(`At most ${LIMITS.waitingOrdersMax} orders wait at once.`, 'one more', 'Cancel, or let them expire.');
    }
    list.push(order);
    return order.id;
  }

  #slot(tag: string): Slot {
    const known = this.#slots.get(tag);
    if (known !== undefined) return known;
    if (typeof tag !== 'string') refuseOrder('A tag is a text.', `a ${typeof tag}`, 'Write for example "dip".');
    if (this.#slots.size >= LIMITS.positionTagsMax) {
      refuseOrder(`A strategy has at most ${LIMITS.positionTagsMax} tags.`, `"${tag}" besides`, 'Use tags again.');
    }
    const slot = new Slot(tag, this.#barriers, this);
    this.#slots.set(tag, slot);
    return slot;
  }
}

/** An order that names nothing, made once. */
const NO_WISHES: BarOrder = Object.freeze({});

/** A level, or NaN for none. */
function levelOf(name: string, price: number | null): number {
  if (price === null) return Number.NaN;
  if (price > 0 && price < Number.POSITIVE_INFINITY) return price;
  return refuseOrder(`${name} must be above 0.`, String(price), 'Give null for none.');
}
