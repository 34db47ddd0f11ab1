// The rule book of the profile `vectorbt`: Portfolio.from_signals bar by bar, order records equal to that peer's.
import { AppError } from '../core/errors.ts';
import type { Candles } from '../market/candles.ts';
import type { ExitReason } from '../metrics/trade.ts';
import { directionTable, FLAG_MASK } from './signal-actions.ts';
import type { Simulation, SimulationInput, SimulationSettings, Sizing } from './simulation.ts';
import { VectorbtBook } from './vectorbt-book.ts';
import { type ResolvedVectorbtOptions, VECTORBT_DEFAULTS } from './vectorbt-options.ts';
import { type OrderStatus, type OrderTerms, VectorbtAccount } from './vectorbt-orders.ts';
import { orderPriceAt, valuationPriceAt } from './vectorbt-prices.ts';
import { SignalOrder, type SizeKind } from './vectorbt-signals.ts';
import { VectorbtStops } from './vectorbt-stops.ts';

/** Errors: REQUEST_INVALID when the settings ask for what vectorbt does not have. */
export function runVectorbtRules(input: SimulationInput): Simulation {
  checkSupported(input.settings);
  return new VectorbtRun(input).run();
}

/** Our sizing in that peer's terms: all cash is an infinite amount, a part of it a percentage. */
function orderSize({ kind, value }: Sizing): { readonly size: number; readonly kind: SizeKind } {
  if (kind === 'fixed-notional') return { size: value, kind: 'value' };
  if (kind === 'fixed-units') return { size: value, kind: 'amount' };
  return value === 1 ? { size: Number.POSITIVE_INFINITY, kind: 'amount' } : { size: value, kind: 'percent' };
}

class VectorbtRun {
  private readonly candles: Candles;
  private readonly signals: Uint8Array;
  private readonly settings: SimulationSettings;
  private readonly options: ResolvedVectorbtOptions;
  private readonly terms: OrderTerms;
  private readonly account: VectorbtAccount;
  private readonly book: VectorbtBook;
  private readonly order: SignalOrder;
  private readonly stops: VectorbtStops;
  private ambiguousBars = 0;
  private skippedOrders = 0;
  private draws = 0;

  constructor({ candles, signals, settings, equity }: SimulationInput) {
    const { costs, sizing } = settings;
    this.candles = candles;
    this.signals = signals;
    this.settings = settings;
    this.options = { ...VECTORBT_DEFAULTS, ...settings.vectorbt };
    this.terms = {
      feeRate: costs.feeRate,
      fixedFee: costs.fixedFee,
      minSize: sizing.minSize,
      maxSize: this.options.maxSize,
      sizeStep: sizing.sizeStep,
      lockCash: this.options.lockCash,
      allowPartial: this.options.allowPartial,
    };
    this.account = new VectorbtAccount(settings.initialCash);
    this.book = new VectorbtBook(settings.initialCash, candles.close, equity);
    const { size, kind } = orderSize(sizing);
    this.order = new SignalOrder(this.options, size, kind);
    this.stops = new VectorbtStops(this.options.stopAdjustment);
  }

  run(): Simulation {
    const signals = this.signals;
    const stops = this.stops;
    const { barCount, open, high, low } = this.candles;
    const directed = directionTable(this.settings.direction);
    for (let bar = 0; bar < barCount; bar++) {
      const flags = directed[signals[bar] & FLAG_MASK];
      // A stop comes first and discards the signals of its bar: there is one order per bar.
      if (stops.active && stops.test(bar, open[bar], high[bar], low[bar])) this.orderFromStop(bar);
      else if (flags !== 0) this.orderFromFlags(bar, flags);
    }
    if (this.settings.closeAtEnd) this.closeAtEnd();
    return this.book.finish(this.ambiguousBars, this.skippedOrders);
  }

  private orderFromFlags(bar: number, flags: number): void {
    const { options, candles } = this;
    const order = this.order;
    const price = orderPriceAt(options, candles, bar);
    const valuation = valuationPriceAt(options, candles, bar, price);
    order.fromFlags(flags, this.account.position, valuation);
    const reason = order.reverses ? 'reverse' : order.leaves ? 'signal' : 'entry';
    this.place(bar, price, valuation, this.settings.costs.slippage, reason);
  }

  private orderFromStop(bar: number): void {
    const { options, candles } = this;
    const order = this.order;
    const stops = this.stops;
    const normalPrice = orderPriceAt(options, candles, bar);
    const valuation = valuationPriceAt(options, candles, bar, normalPrice);
    if (stops.hitWasAmbiguous) this.ambiguousBars++;
    order.fromStop(this.account.position, valuation);
    const atLevel = options.stopExitPrice === 'stop-limit' || options.stopExitPrice === 'stop-market';
    const price = atLevel ? stops.hitPrice : options.stopExitPrice === 'close' ? candles.close[bar] : normalPrice;
    const slippage = options.stopExitPrice === 'stop-limit' ? 0 : this.settings.costs.slippage;
    this.place(bar, price, valuation, slippage, stops.hitReason);
  }

  private closeAtEnd(): void {
    const lastBar = this.candles.barCount - 1;
    const account = this.account;
    const order = this.order;
    if (account.position === 0) return;
    order.toClose(account.position);
    const price = this.candles.close[lastBar];
    this.place(lastBar, price, price, this.settings.costs.slippage, 'end');
  }

  /** Executes the order and books its fill; counts it when it was turned away. */
  private place(bar: number, price: number, valuation: number, slippage: number, reason: ExitReason | 'entry'): void {
    const account = this.account;
    const order = this.order;
    if (order.size === 0) return;
    const before = account.position;
    account.settle();
    const status = this.execute(price, valuation, slippage);
    if (status === 'rejected') this.skippedOrders++;
    if (status !== 'filled') return;
    const { fillSize: size, fillPrice, fillFee: fee } = account;
    this.book.record({ bar, side: order.size > 0 ? 'buy' : 'sell', size, price: fillPrice, fee, reason });
    this.setStops(bar, before, price, valuation);
  }

  private execute(price: number, valuation: number, slippage: number): OrderStatus {
    const account = this.account;
    const order = this.order;
    const terms = this.terms;
    if (Number.isNaN(price)) return 'ignored';
    let size = Math.abs(order.size);
    if (order.kind === 'value') size /= valuation;
    if (Number.isNaN(size)) return 'ignored';
    if (this.drawsRejection()) return 'rejected';
    const sells = order.size < 0;
    let percent = order.kind === 'percent' ? size : Number.NaN;
    if (order.kind === 'percent') size = Number.POSITIVE_INFINITY;
    // An infinite short sale means as much as free cash covers.
    else if (sells && order.scope !== 'long' && size === Number.POSITIVE_INFINITY) percent = 1;
    return sells
      ? account.sell(size, price, slippage, order.scope, percent, terms)
      : account.buy(size, price, slippage, order.scope, percent, terms);
  }

  private drawsRejection(): boolean {
    const { rejection } = this.options;
    return rejection !== undefined && rejection.draws[this.draws++] < rejection.probability;
  }

  /** After a fill: stops of a position that was opened, reversed or added to. */
  private setStops(bar: number, before: number, orderPrice: number, valuation: number): void {
    const { options, account, settings } = this;
    const stops = this.stops;
    const { position } = account;
    if (position === 0) {
      stops.clear();
      return;
    }
    const opened = before === 0 || position > 0 !== before > 0;
    if (!opened && Math.abs(position) <= Math.abs(before)) return;
    const trailing = settings.barriers.trailingStop;
    const stopLoss = options.stopLossColumn?.[bar] ?? trailing ?? settings.barriers.stopLoss ?? Number.NaN;
    const takeProfit = options.takeProfitColumn?.[bar] ?? settings.barriers.takeProfit ?? Number.NaN;
    const reference = this.stopReference(bar, orderPrice, valuation);
    stops.setSide(position > 0);
    if (opened || this.updatesStop(stopLoss)) stops.setStop(stopLoss, trailing !== undefined, reference, bar);
    if (opened || this.updatesStop(takeProfit)) stops.setTarget(takeProfit, reference, bar);
  }

  private updatesStop(distance: number): boolean {
    const { uponStopUpdate } = this.options;
    return uponStopUpdate === 'override-nan' || (uponStopUpdate === 'override' && !Number.isNaN(distance));
  }

  private stopReference(bar: number, orderPrice: number, valuation: number): number {
    switch (this.options.stopEntryPrice) {
      case 'valuation-price':
        return valuation;
      case 'order-price':
        return orderPrice;
      case 'fill-price':
        return this.account.fillPrice;
      case 'close':
        return this.candles.close[bar];
    }
  }
}

function checkSupported({ sizing, barriers }: SimulationSettings): void {
  const todo = 'Leave it out, or choose the profile close or next-open.';
  const refuse = (rule: string, found: string): never => {
    throw new AppError('REQUEST_INVALID', { rule, found, todo });
  };
  if (barriers.timeLimit !== undefined)
    refuse('vectorbt rules have no time limit.', `timeLimit ${barriers.timeLimit}.`);
  if (barriers.stopLoss !== undefined && barriers.trailingStop !== undefined) {
    refuse('vectorbt rules have one stop per position, fixed or trailing.', 'both stopLoss and trailingStop.');
  }
  if (sizing.minNotional > 0) refuse('vectorbt rules have no minimum notional.', `minNotional ${sizing.minNotional}.`);
}
