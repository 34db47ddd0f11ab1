// Executors beside a bar strategy's own orders: started, marked at every close, booked when they end (rule 28).
import { LIMITS } from '../core/limits.ts';
import type { ExecutorMarket } from '../executors/executor-market.ts';
import { addOpenPnl, type CloseType, type ExecutorRun, markExecutor } from '../executors/executor-run.ts';

import type { SimulationSettings } from '../simulate/simulation.ts';
import type { BarExecutors, ExecutorState, PositionEnd } from '../strategy/bar-context.ts';
import type { Account } from './account.ts';
import { type ExecutorPlan, planDca, planGrid, planPosition } from './executor-orders.ts';
import { refuseOrder } from './waiting-order.ts';

/** The candles as executors read them, made when the first executor asks for them. */
export type ExecutorMarketSource = () => ExecutorMarket;

interface ActiveExecutor {
  readonly id: number;
  readonly run: ExecutorRun;
  /** Money held back for it. */
  readonly reserved: number;
  /** Return since the fill, as a chain of bars. */
  chain: number;
  pnl: number;
}

interface EndedExecutor {
  readonly isFilled: boolean;
  readonly netPnl: number;
  readonly end: PositionEnd;
}

const REASONS: Readonly<Record<CloseType, PositionEnd>> = {
  TIME_LIMIT: 'time-limit',
  STOP_LOSS: 'stop-loss',
  TAKE_PROFIT: 'take-profit',
  TRAILING_STOP: 'trailing-stop',
  EARLY_STOP: 'signal',
  POSITION_HOLD: 'signal',
  EXPIRED: 'time-limit',
};

export class ExecutorDesk {
  /** Executors that have not ended. */
  active = 0;
  readonly #account: Account;
  readonly #settings: SimulationSettings;
  readonly #source: ExecutorMarketSource;
  readonly #running: ActiveExecutor[] = [];
  readonly #ended = new Map<number, EndedExecutor>();
  #openPnl: Float64Array | undefined;
  #lastId = 0;

  constructor(account: Account, settings: SimulationSettings, source: ExecutorMarketSource) {
    this.#account = account;
    this.#settings = settings;
    this.#source = source;
  }

  /** What the strategy sees. */
  facade(
    now: { readonly bar: number; readonly close: number },
    note: (what: string, order: object) => void,
  ): BarExecutors {
    const desk = this;
    const start = (kind: string, order: object, plan: () => ExecutorPlan): number => {
      note(kind, order);
      return desk.#start(now.bar, plan());
    };
    return Object.freeze({
      get active() {
        return desk.active;
      },
      position: (order) => start('position executor', order, () => planPosition(order, now.close)),
      dca: (order) => start('DCA executor', order, () => planDca(order)),
      grid: (order) => start('grid executor', order, () => planGrid(order)),
      stop: (id) => {
        note('stop executor', { id });
        return desk.#stop(id, now.bar, 'signal');
      },
      state: (id) => desk.#state(id, now.bar),
    } satisfies BarExecutors);
  }

  /** Ends what ends in this bar, and marks the others at its close. */
  passBar(bar: number): void {
    const market = this.#source();
    const running = this.#running;
    let kept = 0;
    for (let k = 0; k < running.length; k++) {
      const executor = running[k]!;
      if (executor.run.closeBar <= bar && !this.#isCutOff(executor.run, market)) {
        this.#book(executor, executor.run.closeBar, REASONS[executor.run.closeType], executor.run);
        continue;
      }
      running[kept++] = executor;
      advance(executor, market, bar);
    }
    if (kept === running.length) {
      this.#account.executorPnl = this.#pnl();
      return;
    }
    running.length = kept;
    this.#release();
  }

  /** Once all of a bar is done: a bar in which only executors hold something is one that the account does not count. */
  countExposure(bar: number): void {
    if (this.#account.open.length > 0) return;
    if (this.#running.some(({ run }) => isFilled(run, bar))) this.#account.exposedBars++;
  }

  stopAll(bar: number, reason: PositionEnd): void {
    while (this.#running.length > 0) this.#stop(this.#running[0]!.id, bar, reason);
  }

  /** Marks what still runs at the last bar, or ends it. Answers the open profit at every close, if there was any executor. */
  finish(lastBar: number, closeAtEnd: boolean): Float64Array | undefined {
    if (this.#openPnl === undefined) return undefined;
    if (closeAtEnd) this.stopAll(lastBar, 'end');
    const market = this.#source();
    for (const { id, run } of this.#running) {
      const bar = Math.min(lastBar, run.closeBar);
      addOpenPnl(market, run, bar + 1, this.#openPnl);
      if (isFilled(run, bar)) this.#record(id, run, bar, 'open', markExecutor(market, run, bar), market.close[bar]!);
    }
    // A position's fills are booked as they happen, those of an executor when it ends.
    this.#account.fills.sort((a, b) => a.bar - b.bar);
    return this.#openPnl;
  }

  #start(bar: number, plan: ExecutorPlan): number {
    const { settings, account } = { settings: this.#settings, account: this.#account };
    checkTerms(settings);
    if (this.active >= LIMITS.activeExecutorsMax) {
      refuseOrder(`At most ${LIMITS.activeExecutorsMax} executors run at once.`, 'one more', 'Stop some first.');
    }
    const { direction, costs } = settings;
    if (direction !== 'both' && direction !== plan.side) return -1;
    const tradeCost = costs.feeRate + costs.slippage;
    const reserved = plan.notional * (1 + 2 * tradeCost);
    if (!(reserved <= account.freeCash) || plan.notional < settings.sizing.minNotional) {
      account.skippedOrders++;
      return -1;
    }
    const market = this.#source();
    const run = plan.simulate(market, bar, tradeCost);
    const executor: ActiveExecutor = { id: ++this.#lastId, run, reserved, chain: 1, pnl: 0 };
    this.#openPnl ??= new Float64Array(market.barCount);
    if (run.closeBar <= bar && !this.#isCutOff(run, market)) {
      this.#book(executor, bar, REASONS[run.closeType], run);
    } else {
      this.#running.push(executor);
      advance(executor, market, bar);
    }
    this.#release();
    return executor.id;
  }

  #stop(id: number, bar: number, reason: PositionEnd): boolean {
    const at = this.#running.findIndex((executor) => executor.id === id);
    if (at < 0) return false;
    const executor = this.#running.splice(at, 1)[0]!;
    const market = this.#source();
    const mark = markExecutor(market, executor.run, bar);
    this.#book(executor, bar, reason, { ...mark, closePrice: market.close[bar]!, filledQuote: 2 * mark.filledQuote });
    this.#release();
    return true;
  }

  #state(id: number, bar: number): ExecutorState {
    const running = this.#running.find((executor) => executor.id === id);
    if (running !== undefined) {
      return { isActive: true, isFilled: isFilled(running.run, bar), netPnl: running.pnl, end: undefined };
    }
    const ended = this.#ended.get(id);
    if (ended !== undefined) return { isActive: false, ...ended };
    return refuseOrder('An executor is known by the number its start answered.', String(id), 'Keep that number.');
  }

  /** Books what an executor earned, at the bar it ended in. */
  #book(executor: ActiveExecutor, bar: number, reason: PositionEnd, result: ExecutorResult): void {
    const { id, run } = executor;
    const filled = isFilled(run, bar);
    addOpenPnl(this.#source(), run, bar, this.#openPnl!);
    this.#account.credit(bar, filled ? result.netPnlQuote : 0);
    this.#ended.set(id, { isFilled: filled, netPnl: filled ? result.netPnlQuote : 0, end: reason });
    if (!filled) return;
    this.#record(id, run, bar, reason, { ...result, filledQuote: result.filledQuote / 2 }, result.closePrice);
  }

  #pnl(): number {
    let sum = 0;
    for (const { pnl } of this.#running) sum += pnl;
    return sum;
  }

  /** Counts and holds back for those that run, and for no others. */
  #release(): void {
    this.active = this.#running.length;
    this.#account.executorPnl = this.#pnl();
    this.#account.reserved = this.#running.reduce((sum, { reserved }) => sum + reserved, 0);
    this.#account.endWhenGone();
  }

  #record(
    id: number,
    run: ExecutorRun,
    exitBar: number,
    exitReason: PositionEnd,
    { netPnlQuote: pnl, feesQuote: fees, filledQuote: value, averagePrice }: Omit<ExecutorResult, 'closePrice'>,
    exitPrice: number,
  ): void {
    const entryPrice = run.kind === 'position_executor' ? run.fillPrice : averagePrice;
    const size = value / entryPrice;
    const side = run.isLong ? 'long' : 'short';
    const [first, last] = run.isLong ? (['buy', 'sell'] as const) : (['sell', 'buy'] as const);
    const fee = fees / 2;
    const { fills, trades } = this.#account;
    fills.push({ bar: run.fillBar, side: first, size, price: entryPrice, fee, reason: 'entry' });
    if (exitReason !== 'open')
      fills.push({ bar: exitBar, side: last, size, price: exitPrice, fee, reason: exitReason });
    const base = { side, entryBar: run.fillBar, entryPrice, exitBar, exitPrice, size, fees, pnl } as const;
    trades.push({ ...base, return: pnl / value, exitReason, tag: `executor ${id}` });
  }

  /** Whether only the end of the candles ended it. */
  #isCutOff(run: ExecutorRun, market: ExecutorMarket): boolean {
    return run.closeType === 'TIME_LIMIT' && run.closeBar === market.barCount - 1;
  }
}

type ExecutorResult = Pick<ExecutorRun, 'netPnlQuote' | 'feesQuote' | 'filledQuote' | 'averagePrice' | 'closePrice'>;

const isFilled = (run: ExecutorRun, bar: number): boolean => run.fillBar >= 0 && run.fillBar <= bar;

/** Its profit at the close of the next bar, or of the bar it was created in. */
function advance(executor: ActiveExecutor, market: ExecutorMarket, bar: number): void {
  const { run } = executor;
  if (run.marks !== null) {
    executor.pnl = run.marks.netPnlQuote[bar - run.createdBar] ?? 0;
    return;
  }
  if (!isFilled(run, bar)) return;
  if (run.stages !== null) {
    executor.pnl = markExecutor(market, run, bar).netPnlQuote;
    return;
  }
  executor.chain = bar === run.fillBar ? market.close[bar]! / run.fillPrice : executor.chain * market.growth[bar]!;
  const change = run.isLong ? executor.chain - 1 : -(executor.chain - 1);
  executor.pnl = (change - run.roundTripCost) * run.amount! * run.fillPrice;
}

/** Executors fill at closes and pay a share of their notional on both sides. */
function checkTerms({ profile, costs }: SimulationSettings): void {
  if (profile.fillAt !== 'close') {
    refuseOrder('Executors run under the profile close.', `the profile ${profile.name}`, 'Choose --profile close.');
  }
  if (costs.fixedFee !== 0) {
    refuseOrder('Executors pay a share of what they trade.', `a fixed fee of ${costs.fixedFee}`, 'Set --fixed-fee 0.');
  }
}
