// Compiles a group of variants into one program: their conditions, settled events, and a walk for each set of barriers.
import type { MarketTables, RiskGrid, TileProgram } from '../kernels/kernels.ts';
import { marketNeeds } from '../kernels/market-tables.ts';
import {
  OP_RISK_WALK,
  OP_SETTLE_BOTH,
  OP_SETTLE_ONE,
  OP_TARGET,
  OP_WALK,
  OP_WINDOW_TARGET,
  TILE_BITMAP_BYTES,
} from '../kernels/program-layout.ts';
import { prepareRiskGrid, riskWalkCells } from '../kernels/risk-grid.ts';
import { DETAIL, FULL, GRIDMILL, MONEY, TRADES, VECTORBT, WALK_CELLS, WALK_SETTINGS } from '../kernels/walk-layout.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Condition } from '../strategy/expression.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import { type ConditionPart, ConditionProgram } from './condition-program.ts';
import type { RowDetail } from './detail.ts';
import { simulationSettings } from './execution-settings.ts';
import type { FastMemory } from './fast-memory.ts';
import { privateBitmaps, threadOffset, variantBytes } from './fast-memory.ts';
import { writeWalkSettings } from './fast-settings.ts';
import { collectGraph } from './graph.ts';
import type { Grid } from './grid.ts';
import { ProgramMemory } from './program-memory.ts';
import type { ExecutionRequest } from './request.ts';
import type { Window } from './window.ts';

export interface VariantProgramOptions {
  readonly strategy: Strategy;
  readonly execution: ExecutionRequest;
  readonly grid: Grid;
  readonly window: Window;
  readonly catalog: ColumnCatalog;
  readonly memory: FastMemory;
  /** Where in the thread's region the program may lie: behind the market tables. */
  readonly from: number;
  /** Writes the target of a strategy's function, for a base variant. */
  readonly writeTarget: (baseIndex: number, up: Uint32Array, down: Uint32Array) => void;
}

/** One variant of a program. */
export interface VariantWalk {
  readonly baseIndex: number;
  readonly columns: readonly number[];
  readonly barriers: Barriers;
  /** Address of its cells. */
  readonly sums: number;
}

const DETAILS: Readonly<Record<RowDetail, number>> = { money: MONEY, trades: TRADES, full: FULL };

interface Events {
  readonly enterLong: number;
  readonly exitLong: number;
  readonly enterShort: number;
  readonly exitShort: number;
}

export class VariantProgram {
  readonly memory: ProgramMemory;
  readonly walks: VariantWalk[] = [];
  /** What the walks that are added from now on keep. */
  detail: RowDetail = 'full';
  /** What the walks read of the market: a sum of NEEDS_*. */
  marketNeeds = 0;
  /** Whether a condition knows of bars before its own: then bars before the window count too. */
  readonly hasCrossings: boolean;
  readonly #options: VariantProgramOptions;
  readonly #conditions: ConditionProgram;
  readonly #zeros: number;
  /** Addresses of the scratch of every walk under a grid of barriers, which counts its trades. */
  readonly riskScratch: number[] = [];
  readonly #settings = new Map<Barriers, number>();
  readonly #riskGrids = new Map<readonly Barriers[], RiskGrid>();
  readonly #signals: Readonly<Record<string, ConditionPart | undefined>>;
  readonly #variantBytes: (risks: number) => number;

  constructor(options: VariantProgramOptions) {
    const { strategy, grid, catalog, memory } = options;
    this.#options = options;
    const graph = [...collectGraph(strategy).values()];
    this.hasCrossings = graph.some(({ node }) => node.kind === 'cross');
    const conditions = graph.filter(({ isCondition }) => isCondition).length;
    const bitmaps = 2 + privateBitmaps(conditions);
    const addresses = Array.from({ length: bitmaps }, (_, i) => options.from + i * TILE_BITMAP_BYTES);
    const [zeros, ones, ...privates] = addresses as [number, number, ...number[]];
    new Uint8Array(memory.buffer, zeros, TILE_BITMAP_BYTES).fill(0);
    new Uint8Array(memory.buffer, ones, TILE_BITMAP_BYTES).fill(0xff);
    this.#zeros = zeros;
    const end = threadOffset(memory.plan, memory.thread + 1);
    this.memory = new ProgramMemory(memory.buffer, options.from + bitmaps * TILE_BITMAP_BYTES, end);
    this.#conditions = new ConditionProgram({
      strategy,
      grid,
      catalog,
      memory: this.memory,
      constants: { zeros, ones },
      privates,
    });
    this.#signals = Object.fromEntries(
      Object.entries((strategy.signals ?? {}) as Record<string, Condition | undefined>).map(([name, condition]) => [
        name,
        condition && this.#conditions.part(condition),
      ]),
    );
    this.#variantBytes = variantBytes(strategy, options.window.candles.barCount);
  }

  /** What the kernels run; valid until the program is cleared or added to. */
  tileProgram(market: MarketTables): TileProgram {
    const { ops, opCount } = this.memory;
    return { market, ops, opCount, riskGrids: [...this.#riskGrids.values()] };
  }

  clear(): void {
    this.memory.clear();
    this.#conditions.clear();
    this.#settings.clear();
    this.#riskGrids.clear();
    this.riskScratch.length = 0;
    this.marketNeeds = 0;
    this.walks.length = 0;
  }

  /** Adds a base variant under each of `risks`, unless there is no room for all of them. */
  tryAdd(baseIndex: number, columns: readonly number[], risks: readonly Barriers[]): boolean {
    if (this.memory.bytesFree < this.#variantBytes(risks.length)) return false;
    this.#conditions.begin(baseIndex, columns);
    const events = this.#events(baseIndex);
    const { enterLong, exitLong, enterShort, exitShort } = events;
    const sums = this.memory.sums(risks.length);
    const riskGrid = this.#riskGridOf(risks);
    if (riskGrid?.sharesExcursions) {
      const scratch = this.memory.float64('risk walk', riskWalkCells(riskGrid)).byteOffset;
      this.riskScratch.push(scratch);
      const { byteOffset } = riskGrid.header;
      this.memory.add(OP_RISK_WALK, enterLong, exitLong, enterShort, exitShort, byteOffset, sums, scratch);
    }
    for (let n = 0; n < risks.length; n++) {
      const barriers = risks[n]!;
      const cells = sums + n * WALK_CELLS * 8;
      this.walks.push({ baseIndex, columns, barriers, sums: cells });
      if (riskGrid?.sharesExcursions) continue;
      this.memory.add(OP_WALK, enterLong, exitLong, enterShort, exitShort, this.#settingsOf(barriers), cells);
    }
    return true;
  }

  /** The grid of several barriers, made once per program; undefined for a single set of them. */
  #riskGridOf(risks: readonly Barriers[]): RiskGrid | undefined {
    if (risks.length === 1) return undefined;
    let riskGrid = this.#riskGrids.get(risks);
    if (riskGrid === undefined) {
      const settings = new Float64Array(risks.length * WALK_SETTINGS);
      for (const [n, barriers] of risks.entries()) {
        this.#writeSettings(settings.subarray(n * WALK_SETTINGS, (n + 1) * WALK_SETTINGS), barriers);
      }
      riskGrid = prepareRiskGrid(this.memory, settings);
      this.#riskGrids.set(risks, riskGrid);
    }
    return riskGrid;
  }

  #settingsOf(barriers: Barriers): number {
    let address = this.#settings.get(barriers);
    if (address === undefined) {
      const settings = this.memory.float64('settings', WALK_SETTINGS);
      this.#writeSettings(settings, barriers);
      address = settings.byteOffset;
      this.#settings.set(barriers, address);
    }
    return address;
  }

  #writeSettings(settings: Float64Array, barriers: Barriers): void {
    writeWalkSettings(settings, simulationSettings(this.#options.execution, barriers));
    settings[DETAIL] = DETAILS[this.detail];
    this.marketNeeds |= marketNeeds(settings);
  }

  #events(baseIndex: number): Events {
    const { strategy } = this.#options;
    if (strategy.signals === undefined) return this.#settle(this.#targetOfFunction(baseIndex));
    const signals = this.#signals;
    if ('long' in signals || 'short' in signals) {
      const up = this.#conditions.bitmap(signals['long']);
      const down = this.#conditions.bitmap(signals['short']);
      const events = this.#conditions.take(4);
      this.memory.add(OP_TARGET, events, up, down, this.memory.state());
      return this.#settle(fourFrom(events));
    }
    return this.#settle({
      enterLong: this.#conditions.bitmap(signals['enterLong']),
      exitLong: this.#conditions.bitmap(signals['exitLong']),
      enterShort: this.#conditions.bitmap(signals['enterShort']),
      exitShort: this.#conditions.bitmap(signals['exitShort']),
    });
  }

  #targetOfFunction(baseIndex: number): Events {
    const words = Math.ceil(this.#options.window.candles.barCount / 32);
    const up = this.memory.bits(words);
    const down = this.memory.bits(words);
    this.#options.writeTarget(baseIndex, up.values, down.values);
    const events = this.#conditions.take(4);
    this.memory.add(OP_WINDOW_TARGET, events, up.address, down.address, this.memory.state());
    return fourFrom(events);
  }

  /** Conflicts cancel, the direction is applied. */
  #settle(raw: Events): Events {
    const { direction, profile } = this.#options.execution;
    const { enterLong, exitLong, enterShort, exitShort } = raw;
    if (direction === 'both') {
      const settled = this.#conditions.take(4);
      this.memory.add(OP_SETTLE_BOTH, settled, enterLong, exitLong, enterShort, exitShort);
      return fourFrom(settled);
    }
    const enter = this.#conditions.take(2);
    const exit = enter + TILE_BITMAP_BYTES;
    const book = profile.ruleBook === 'vectorbt' ? VECTORBT : GRIDMILL;
    const none = this.#zeros;
    if (direction === 'long') {
      this.memory.add(OP_SETTLE_ONE, enter, exit, enterLong, exitLong, enterShort, exitShort, book);
      return { enterLong: enter, exitLong: exit, enterShort: none, exitShort: none };
    }
    this.memory.add(OP_SETTLE_ONE, enter, exit, enterShort, exitShort, enterLong, exitLong, book);
    return { enterLong: none, exitLong: none, enterShort: enter, exitShort: exit };
  }
}

const fourFrom = (address: number): Events => ({
  enterLong: address,
  exitLong: address + TILE_BITMAP_BYTES,
  enterShort: address + 2 * TILE_BITMAP_BYTES,
  exitShort: address + 3 * TILE_BITMAP_BYTES,
});
