// One run of a bar strategy over one window: init, then every bar in turn.
import { AppError, isAppError } from '../core/errors.ts';
import { seedOf } from '../core/hash.ts';
import { createPrng, type Prng } from '../core/prng.ts';
import type { Candles } from '../market/candles.ts';
import { checkSettings } from '../simulate/settings.ts';
import type { Simulation, SimulationSettings } from '../simulate/simulation.ts';
import { declaredOnly } from '../strategy/declared-parameters.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import { Account } from './account.ts';
import { type BarColumns, SeriesMaker } from './bar-columns.ts';
import { ExecutorDesk, type ExecutorMarketSource } from './executor-desk.ts';
import { FillEngine } from './fill-engine.ts';
import type { Journal } from './journal.ts';
import { RunContext } from './run-context.ts';
import { type Cursor, NO_BAR } from './series.ts';

export interface BarRunInput {
  readonly strategyName: string;
  readonly program: BarProgram;
  readonly parameters: ParameterValues;
  readonly settings: SimulationSettings;
  /** The bars that may trade; bar 0 of them is bar `from` of the history that columns cover. */
  readonly candles: Candles;
  readonly from: number;
  readonly columns: BarColumns;
  /** Shared by all runs that read the same columns: readers that outlive their run read the run that goes on, or nothing. */
  readonly cursor: Cursor;
  readonly executorMarket: ExecutorMarketSource;
  /** Identity of the variant: what its random numbers are seeded by. */
  readonly variantKey: string;
  readonly equity?: Float64Array;
  /** Notes what the strategy asks for, for an audit. */
  readonly journal?: Journal;
  /** Bars to run; all of the window when left out. */
  readonly bars?: number;
}

/**
 * Runs one variant. Pure but for what the strategy's own code does: the same input gives the same bits.
 * Errors: STRATEGY_FAILED with strategy, parameters, bar and time when init or onBar throws; REQUEST_INVALID for
 * settings out of range and for a profile whose rule book has no orders.
 */
export function runBars(input: BarRunInput): Simulation {
  checkBarSettings(input.settings, input.strategyName);
  const run = new BarRun(input);
  try {
    run.start();
    return run.finish();
  } catch (cause) {
    throw failure(input, run.place, cause);
  } finally {
    input.cursor.bar = NO_BAR;
  }
}

/** Errors: REQUEST_INVALID. */
export function checkBarSettings(settings: SimulationSettings, strategyName: string): void {
  checkSettings(settings);
  const { ruleBook, name } = settings.profile;
  if (ruleBook === 'gridmill') return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A bar strategy runs under the profiles close and next-open.',
    found: `${strategyName} under the profile ${name}, whose rules know signals but no orders.`,
    todo: 'Choose --profile close or next-open.',
  });
}

class BarRun {
  /** Where an error came from: init, or a bar of the window. */
  place: 'init' | number = 'init';
  private readonly input: BarRunInput;
  private readonly account: Account;
  private readonly engine: FillEngine;
  private readonly desk: ExecutorDesk;
  private readonly context: RunContext;

  constructor(input: BarRunInput) {
    const { candles, settings, cursor, from, equity } = input;
    this.input = input;
    this.account = new Account({
      close: candles.close,
      equity: equity ?? new Float64Array(candles.barCount),
      initialCash: settings.initialCash,
      costs: settings.costs,
      sizing: settings.sizing,
    });
    this.engine = new FillEngine(this.account, candles, settings.direction);
    this.desk = new ExecutorDesk(this.account, settings, input.executorMarket);
    this.context = new RunContext({
      parameters: declaredOnly(input.strategyName, 'onBar', input.parameters),
      settings,
      candles,
      from,
      cursor,
      account: this.account,
      engine: this.engine,
      desk: this.desk,
      maker: new SeriesMaker(input.columns, cursor),
      random: createRandom(input.variantKey),
      journal: input.journal,
    });
  }

  start(): void {
    const { program, settings, candles } = this.input;
    this.input.cursor.bar = NO_BAR;
    const state = program.init(this.context.forInit());
    refuseAsync(state, 'init');
    const bars = this.input.bars ?? candles.barCount;
    if (settings.profile.fillAt === 'close') this.fillAtClose(state, bars);
    else this.fillAtNextOpen(state, bars);
  }

  finish(): Simulation {
    const { closeAtEnd } = this.input.settings;
    const lastBar = this.input.candles.barCount - 1;
    const executorPnl = this.desk.finish(lastBar, closeAtEnd);
    if (closeAtEnd) this.engine.leaveAll(lastBar, 'end');
    return this.account.finish(executorPnl);
  }

  /** Rule 18, profile `close`: what `onBar` orders at the market fills at the close it was called at. */
  private fillAtClose(state: unknown, bars: number): void {
    const { account, engine, desk, context } = this;
    const { cursor, from, program, candles } = this.input;
    const { onBar } = program;
    for (let bar = 0; bar < bars; bar++) {
      cursor.bar = from + bar;
      this.place = bar;
      if (account.open.length > 0 || engine.waiting.length > 0) engine.passBar(bar);
      if (desk.active > 0) desk.passBar(bar);
      if (account.ruined) return;
      const answer = onBar(context, state);
      if (answer !== undefined) refuseAsync(answer, 'onBar');
      if (engine.market.length > 0) engine.fillMarket(bar, candles.close[bar]!);
      if (desk.active > 0) desk.countExposure(bar);
      if (account.shorts > 0 || desk.active > 0) this.checkRuin(bar);
      if (account.ruined) return;
    }
  }

  /** Rule 18, profile `next-open`: it fills at the next open, before anything else of that bar. */
  private fillAtNextOpen(state: unknown, bars: number): void {
    const { account, engine, context } = this;
    const { cursor, from, program, candles } = this.input;
    const { onBar } = program;
    for (let bar = 0; bar < bars; bar++) {
      cursor.bar = from + bar;
      this.place = bar;
      if (engine.market.length > 0) engine.fillMarket(bar, candles.open[bar]!);
      if (account.ruined) return;
      if (account.open.length > 0 || engine.waiting.length > 0) engine.passBar(bar);
      if (account.shorts > 0 && !account.ruined) this.checkRuin(bar);
      if (account.ruined) return;
      const answer = onBar(context, state);
      if (answer !== undefined) refuseAsync(answer, 'onBar');
    }
  }

  /** Rule 9. Only shorts and executors can lose more than there is: what is long is paid for. */
  private checkRuin(bar: number): void {
    const { engine, desk } = this;
    if (!engine.isRuined(bar)) return;
    desk.stopAll(bar, 'ruin');
    engine.leaveAll(bar, 'ruin');
  }
}

/** A stream seeded by a text, made when it is first drawn from: most strategies never do. */
function createRandom(variantKey: string): () => number {
  let stream: Prng | undefined;
  return () => {
    stream ??= createPrng(seedOf(variantKey));
    return stream.next();
  };
}

function refuseAsync(answer: unknown, name: string): void {
  if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  throw new AppError('STRATEGY_FAILED', {
    rule: 'init and onBar answer at once: a back-test waits for nothing.',
    found: `${name} returned a promise.`,
    todo: 'Leave out async, and read what you need before the run.',
  });
}

function failure({ strategyName, parameters, candles }: BarRunInput, place: 'init' | number, cause: unknown): unknown {
  if (isAppError(cause) && (cause.code === 'STRATEGY_INVALID' || cause.code === 'REQUEST_INVALID')) return cause;
  const where =
    place === 'init'
      ? `init of ${strategyName}`
      : `onBar of ${strategyName} at bar ${place} (${new Date(candles.time[place]!).toISOString()})`;
  const message = isAppError(cause) ? `${cause.rule} Found: ${cause.found}` : `it threw ${String(cause)}.`;
  return new AppError('STRATEGY_FAILED', {
    found: `${where} for ${JSON.stringify(parameters)}: ${message}`,
    todo: isAppError(cause) ? cause.todo : 'Correct the strategy.',
    cause,
  });
}
