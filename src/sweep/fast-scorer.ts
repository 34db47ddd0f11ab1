// Scoring on the fast engine: a group of variants becomes a program, and the program runs tile by tile over the window.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { Arena } from '../kernels/arena.ts';
import type { KernelProvider, Kernels, TileProgram } from '../kernels/kernels.ts';
import { createMarketTile, type MarketTile, moveMarket } from '../kernels/market-tables.ts';
import { TILE_BARS } from '../kernels/program-layout.ts';
import { RISK_HEADER, SHARED_TRADES, SINGLE_TRADES } from '../kernels/risk-layout.ts';
import { SCALAR_KERNELS } from '../kernels/scalar-kernels.ts';
import { periodsPerYear } from '../metrics/annualisation.ts';
import { type EquityScan, scanEquity } from '../metrics/equity-scan.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { ColumnStore } from './columns.ts';
import type { RowDetail } from './detail.ts';
import { FastColumns, type PlacedColumns } from './fast-columns.ts';
import { type FastMemory, openFastMemory, planFastMemory, scratchOffset } from './fast-memory.ts';
import { type MetricTerms, needsBarSums, scanFromSums, writeRowOfWalk } from './fast-metrics.ts';
import { writeFunctionTarget } from './fast-target.ts';
import { barriersAt } from './grid.ts';
import type { ScoringContext, VariantBatch, VariantScorer } from './score.ts';
import { VariantProgram, type VariantWalk } from './variant-program.ts';

export interface FastContext extends ScoringContext {
  /** Which twin of the kernels runs, and in what memory, where `memory` is left out; the fastest this runtime has. */
  readonly provider?: KernelProvider;
  /** Bars of one tile: a multiple of 64, at most TILE_BARS. Results do not depend on it. */
  readonly tileBars?: number;
  /** Where columns come from that are computed from others, when they outlive this scorer; its own when left out. */
  readonly store?: ColumnStore;
}

/** Variants whose columns are in place, each under barriers of its own. */
export interface PlacedVariants {
  readonly baseIndices: readonly number[];
  /** Per variant the addresses of its columns, in the order of the catalog's operands. */
  readonly addresses: readonly (readonly number[])[];
  readonly barriers: readonly Barriers[];
}

export interface FastScorer extends VariantScorer {
  readonly kernels: Kernels['name'];
  /** One row of METRIC_NAMES.length values per base variant and risk point, risk points fastest; NaN stands for null. */
  scoreVariants(baseIndices: readonly number[], risks: readonly Barriers[]): Float64Array;
  /** One row per variant. A variant whose function fails has none: `onFailure` hears of it, and the others go on. */
  scoreEach(variants: PlacedVariants, onFailure: (index: number, error: unknown) => void): Float64Array;
  /** The address that a variant reads a slot at. */
  columnAddress(slot: number): number;
}

/** Bars before the window that a crossing may remember: they are evaluated tile by tile, too. */
const tilesOf = function* (from: number, barCount: number, tileBars: number): Generator<[number, number]> {
  for (let bar = -from; bar < 0; bar += tileBars) yield [bar, Math.min(tileBars, -bar)];
  for (let bar = 0; bar < barCount; bar += tileBars) yield [bar, Math.min(tileBars, barCount - bar)];
};

/** `onVariant` hears which variant of its batch it is at: while programs are compiled, and after each one has run. */
export function createFastScorer(context: FastContext, onVariant?: (scored: number) => void): FastScorer {
  const { strategy, grid, window } = context;
  const memory =
    context.memory ??
    openFastMemory(
      planFastMemory(strategy, grid, window, { threads: 1, columnBudget: context.cacheBytes }),
      window.history,
      context.provider,
    );
  const scorer = new GroupScorer(context, memory, onVariant);
  let risks: readonly Barriers[] | undefined;
  return {
    kernels: memory.kernels.name,
    computeColumns: (tasks) => {
      for (const { id, slot } of tasks) scorer.columns.compute(id, slot);
    },
    scoreVariants: (baseIndices, barriers) => scorer.score(baseIndices, barriers),
    scoreEach: (variants, onFailure) => scorer.scoreEach(variants, onFailure),
    columnAddress: (slot) => scorer.columns.address(slot),
    score: (batch: VariantBatch) => {
      if (batch.stage === 'A') return scorer.score(batch.baseIndices, NO_BARRIERS, batch);
      risks ??= Array.from({ length: grid.riskPoints }, (_, risk) => barriersAt(grid, risk));
      return scorer.score(batch.baseIndices, risks, batch);
    },
    stats: () => ({ ...scorer.columns.stats, sharedTrades: scorer.sharedTrades, singleTrades: scorer.singleTrades }),
  };
}

interface ScoreOptions {
  readonly columns?: PlacedColumns;
  readonly detail?: RowDetail;
}

/** Columns kept that others are computed from. The cache makes room for all of them at once, so that many cost time. */
export const INNER_COLUMNS_MAX = 4096;

const NO_BARRIERS: readonly Barriers[] = [{}];

class GroupScorer {
  readonly columns: FastColumns;
  /** Trades under grids of barriers: answered for many points at once, and walked point by point. */
  sharedTrades = 0;
  singleTrades = 0;
  readonly #context: FastContext;
  readonly #memory: FastMemory;
  readonly #catalog: ColumnCatalog;
  readonly #program: VariantProgram;
  readonly #market: MarketTile;
  readonly #terms: MetricTerms;
  readonly #onVariant: ((scored: number) => void) | undefined;
  #rows = new Float64Array(0);
  /** The row of each walk of the program. */
  readonly #rowOf: number[] = [];
  #detail: RowDetail = 'full';
  /** Equity of a variant that has to be scanned bar by bar; made when the first one comes. */
  #equity: Float64Array | undefined;

  constructor(context: FastContext, memory: FastMemory, onVariant: ((scored: number) => void) | undefined) {
    const { strategy, grid, window, execution } = context;
    this.#context = context;
    this.#memory = memory;
    this.#onVariant = onVariant;
    this.#catalog = new ColumnCatalog(strategy, grid);
    const store =
      context.store ??
      new ColumnStore({
        history: window.history,
        arithmetic: grid.arithmetic,
        // A memory of its own was planned with the same bytes.
        cacheBytes: context.memory === undefined ? context.cacheBytes / 2 : context.cacheBytes,
        cacheEntries: INNER_COLUMNS_MAX,
        isShared: () => false,
      });
    this.columns = new FastColumns(this.#catalog, store, memory, window, grid.arithmetic);
    const arena = new Arena(memory.buffer, scratchOffset(memory.plan, memory.thread));
    this.#market = createMarketTile(arena, TILE_BARS);
    this.#market.barCount = window.candles.barCount;
    this.#program = new VariantProgram({
      strategy,
      execution,
      grid,
      window,
      catalog: this.#catalog,
      memory,
      from: arena.bytesUsed,
      writeTarget: writeFunctionTarget(strategy, grid, window),
    });
    const { initialCash } = execution;
    this.#terms = { initialCash, periodsPerYear: periodsPerYear(window.candles.timeframe, execution.calendar) };
  }

  score(baseIndices: readonly number[], risks: readonly Barriers[], options: ScoreOptions = {}): Float64Array {
    const { columns: placed, detail = 'full' } = options;
    this.#begin(baseIndices.length * risks.length, detail);
    let row = 0;
    const addressOf = placed && new Map(placed.ids.map((id, i) => [id, this.columns.address(placed.slots[i]!)]));
    const { groupVariants } = this.#memory.plan;
    const chunks: (readonly Barriers[])[] = [];
    for (let from = 0; from < risks.length; from += groupVariants) {
      chunks.push(risks.length <= groupVariants ? risks : risks.slice(from, from + groupVariants));
    }
    for (let n = 0; n < baseIndices.length; n++) {
      const baseIndex = baseIndices[n]!;
      // A strategy's function may run next: should it hang or end its thread, this is the variant to name.
      this.#onVariant?.(n * risks.length);
      const ids = this.#catalog.idsOf(baseIndex);
      for (const some of chunks) {
        if (this.#program.walks.length + some.length > groupVariants) this.#run();
        const addresses = addressOf ? ids.map((id) => addressOf.get(id)!) : this.#placeAlone(ids);
        if (!this.#program.tryAdd(baseIndex, addresses, some)) {
          this.#run();
          this.#program.tryAdd(baseIndex, addresses, some);
        }
        for (let i = 0; i < some.length; i++) this.#rowOf.push(row++);
      }
    }
    this.#run();
    return this.#rows;
  }

  scoreEach(variants: PlacedVariants, onFailure: (index: number, error: unknown) => void): Float64Array {
    const { baseIndices, addresses, barriers } = variants;
    this.#begin(baseIndices.length, 'full');
    const { groupVariants } = this.#memory.plan;
    const tryAdd = (n: number): boolean => {
      try {
        if (!this.#program.tryAdd(baseIndices[n]!, addresses[n]!, [barriers[n]!])) return false;
        this.#rowOf.push(n);
      } catch (error) {
        onFailure(n, error);
      }
      return true;
    };
    for (let n = 0; n < baseIndices.length; n++) {
      if (this.#program.walks.length === groupVariants) this.#run();
      this.#onVariant?.(n);
      if (tryAdd(n)) continue;
      this.#run();
      this.#onVariant?.(n);
      tryAdd(n);
    }
    this.#run();
    return this.#rows;
  }

  #begin(rows: number, detail: RowDetail): void {
    this.#detail = detail;
    this.#program.detail = detail;
    this.#rows = new Float64Array(rows * METRIC_NAMES.length);
    if (detail !== 'full') this.#rows.fill(Number.NaN);
  }

  /** Nobody has placed the columns: they are computed here, and what was there before is given up when slots run out. */
  #placeAlone(ids: readonly number[]): number[] {
    const addresses = this.columns.place(ids);
    if (addresses !== undefined) return addresses;
    this.#run();
    this.columns.forget();
    return this.columns.place(ids)!;
  }

  /** Scores what the program holds and empties it. */
  #run(): void {
    const { walks, memory } = this.#program;
    if (walks.length > 0) {
      this.#walk(this.#memory.kernels, this.#program.tileProgram(this.#market));
      this.#countRiskTrades();
      const toScan: [row: number, walk: VariantWalk][] = [];
      for (const [n, walk] of walks.entries()) {
        const sums = memory.cells(walk.sums);
        const row = this.#rowOf[n]!;
        if (this.#detail === 'full' && needsBarSums(sums, this.#market)) toScan.push([row, walk]);
        else this.#writeRow(row, sums, scanFromSums(sums, this.#market.barCount));
      }
      const last = this.#rowOf.at(-1)!;
      for (const [row, walk] of toScan) this.#scanBars(row, walk);
      this.#onVariant?.(last + 1);
    }
    this.#program.clear();
    this.#rowOf.length = 0;
  }

  #countRiskTrades(): void {
    for (const scratch of this.#program.riskScratch) {
      const cells = new Float64Array(this.#memory.buffer, scratch, RISK_HEADER);
      this.sharedTrades += cells[SHARED_TRADES]!;
      this.singleTrades += cells[SINGLE_TRADES]!;
    }
  }

  /** Runs a program tile by tile. Errors: CANCELLED or DEADLINE when it is told to stop before the last tile. */
  #walk(kernels: Kernels, program: TileProgram): void {
    const { window, tileBars = TILE_BARS, stop } = this.#context;
    kernels.beginProgram(program);
    const history = this.#program.hasCrossings ? window.from : 0;
    for (const [bar, bars] of tilesOf(history, window.candles.barCount, tileBars)) {
      const reason = stop?.reason();
      if (reason !== undefined) throw stoppedBy(reason);
      if (bar >= 0) moveMarket(this.#market, window.candles, bar, bar + bars, kernels, this.#program.marketNeeds);
      kernels.runTile(program, bar, bars);
    }
    kernels.endProgram(program);
  }

  #writeRow(row: number, sums: Float64Array, scan: EquityScan): void {
    writeRowOfWalk(this.#rows, row * METRIC_NAMES.length, sums, scan, this.#terms, this.#detail);
  }

  /** Replays a walk into an equity curve and scans that. The scalar twin does it, whichever twin scores: bits are equal. */
  #scanBars(row: number, { baseIndex, columns, barriers }: VariantWalk): void {
    this.#equity ??= new Float64Array(this.#market.barCount);
    const { memory } = this.#program;
    this.#program.clear();
    assert(this.#program.tryAdd(baseIndex, columns, [barriers]), 'an empty program has room for one variant');
    const record = { equity: this.#equity };
    this.#walk(SCALAR_KERNELS, { ...this.#program.tileProgram(this.#market), record });
    const scan = scanEquity(this.#context.execution.initialCash, this.#equity);
    this.#writeRow(row, memory.cells(this.#program.walks[0]!.sums), scan);
  }
}

function stoppedBy(reason: 'cancelled' | 'deadline'): AppError {
  const found = 'a group of variants that was not finished; it is left out.';
  return new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' });
}
