// Scoring on the fast engine: conditions become bitmaps, variants are walked from fill to fill, a group at a time.
import { Arena } from '../kernels/arena.ts';
import type { KernelProvider, Kernels, MarketTables, WalkInput } from '../kernels/kernels.ts';
import { prepareMarket } from '../kernels/market-tables.ts';
import { SCALAR_KERNELS } from '../kernels/scalar-kernels.ts';
import { WALK_CELLS, WALK_SETTINGS } from '../kernels/walk-layout.ts';
import { loadKernels } from '../kernels/wasm-loader.ts';
import { periodsPerYear } from '../metrics/annualisation.ts';
import { type EquityScan, scanEquity } from '../metrics/equity-scan.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { EventBitmaps } from './fast-events.ts';
import { GROUP_WALKS, planFastMemory, RESERVED_BYTES, TILE_BARS } from './fast-memory.ts';
import { metricsOfWalk, needsBarSums, scanFromSums } from './fast-metrics.ts';
import { writeWalkSettings } from './fast-settings.ts';
import { createFastSignals } from './fast-signals.ts';
import { barriersAt, parametersAt } from './grid.ts';
import { type ScoringContext, simulationSettings, type VariantScorer } from './score.ts';

export interface FastContext extends ScoringContext {
  /** Which twin of the kernels runs, and in what memory; the fastest this runtime has when left out. */
  readonly provider?: KernelProvider;
  /** Bars walked at a stretch. Results do not depend on it. */
  readonly tileBars?: number;
}

export interface FastScorer extends VariantScorer {
  readonly kernels: Kernels['name'];
  /** One row of METRIC_NAMES.length values per selection and risk point, risk points fastest; NaN stands for null. */
  scoreVariants(selections: readonly ParameterValues[], risks: readonly Barriers[]): Float64Array;
  /** Bytes of the one buffer by what they are for. */
  memory(): Readonly<Record<string, number>>;
}

/** `onVariant` hears which variant of its batch it is at: first for the signals of a group, then for its walks. */
export function createFastScorer(context: FastContext, onVariant?: (scored: number) => void): FastScorer {
  const { grid, strategy, window, execution, cacheBytes } = context;
  const plan = planFastMemory(strategy, grid, window, cacheBytes);
  const provider = context.provider ?? loadKernels().provider;
  const { buffer, kernels } = provider.create(plan.arenaBytes);
  const arena = new Arena(buffer, RESERVED_BYTES);
  const market = prepareMarket(arena, window.candles, kernels);
  const { direction, profile } = execution;
  const { ruleBook } = profile;
  const signals = createFastSignals({ strategy, grid, window, direction, ruleBook, kernels, arena, plan });
  const group = new WalkGroup(context, kernels, arena, market, plan.eventSlots, onVariant);
  const scoreVariants: FastScorer['scoreVariants'] = (selections, risks) => {
    group.begin(selections.length * risks.length);
    for (const [n, parameters] of selections.entries()) {
      if (n % plan.eventSlots === 0) signals.ahead(selections.slice(n, n + plan.eventSlots));
      const events = group.nextEvents();
      // A strategy's function runs next: should it hang or end its thread, this is the variant to name.
      onVariant?.(n * risks.length);
      signals.write(events, parameters);
      for (const barriers of risks) group.add(events, barriers);
    }
    return group.finish();
  };
  let risks: Barriers[] | undefined;
  return {
    kernels: kernels.name,
    memory: () => arena.usage(),
    scoreVariants,
    score: ({ stage, baseIndices }) => {
      const selections = baseIndices.map((index) => parametersAt(grid, index));
      if (stage === 'A') return scoreVariants(selections, [{}]);
      risks ??= Array.from({ length: grid.riskPoints }, (_, risk) => barriersAt(grid, risk));
      return scoreVariants(selections, risks);
    },
    stats: () => signals.stats,
  };
}

/** The walks of several variants, side by side through one stretch of bars after the other. */
class WalkGroup {
  readonly #context: FastContext;
  readonly #kernels: Kernels;
  readonly #market: MarketTables;
  readonly #onVariant: ((scored: number) => void) | undefined;
  readonly #eventSlots: readonly EventBitmaps[];
  readonly #settings: readonly Float64Array[];
  readonly #sums: readonly Float64Array[];
  readonly #perYear: number;
  #walks: WalkInput[] = [];
  #eventsUsed = 0;
  #rows = new Float64Array(0);
  #scored = 0;
  /** Equity of a variant that has to be scanned bar by bar; made when the first one comes. */
  #equity: Float64Array | undefined;

  constructor(
    context: FastContext,
    kernels: Kernels,
    arena: Arena,
    market: MarketTables,
    eventSlots: number,
    onVariant: ((scored: number) => void) | undefined,
  ) {
    const words = Math.ceil(market.barCount / 32);
    const repeat = <View>(count: number, make: () => View): View[] => Array.from({ length: count }, make);
    const bitmap = (): Uint32Array => arena.uint32('events', words);
    this.#context = context;
    this.#kernels = kernels;
    this.#market = market;
    this.#onVariant = onVariant;
    this.#perYear = periodsPerYear(context.window.candles.timeframe, context.execution.calendar);
    this.#eventSlots = repeat(eventSlots, () => ({
      enterLong: bitmap(),
      exitLong: bitmap(),
      enterShort: bitmap(),
      exitShort: bitmap(),
    }));
    this.#settings = repeat(GROUP_WALKS, () => arena.float64('walks', WALK_SETTINGS));
    this.#sums = repeat(GROUP_WALKS, () => arena.float64('walks', WALK_CELLS));
  }

  begin(variants: number): void {
    this.#rows = new Float64Array(variants * METRIC_NAMES.length);
    this.#scored = 0;
  }

  /** Bitmaps for the events of the next base variant. */
  nextEvents(): EventBitmaps {
    if (this.#eventsUsed === this.#eventSlots.length) this.#run();
    if (this.#walks.length === 0) this.#eventsUsed = 0;
    return this.#eventSlots[this.#eventsUsed++]!;
  }

  add(events: EventBitmaps, barriers: Barriers): void {
    if (this.#walks.length === GROUP_WALKS) this.#run();
    const at = this.#walks.length;
    const settings = this.#settings[at]!;
    writeWalkSettings(settings, simulationSettings(this.#context.execution, barriers));
    this.#walks.push({ market: this.#market, ...events, settings, sums: this.#sums[at]! });
  }

  finish(): Float64Array {
    this.#run();
    return this.#rows;
  }

  #run(): void {
    const { barCount } = this.#market;
    const tileBars = this.#context.tileBars ?? TILE_BARS;
    const kernels = this.#kernels;
    for (const walk of this.#walks) kernels.beginWalk(walk);
    for (let from = 0; from < barCount; from += tileBars) {
      const to = Math.min(from + tileBars, barCount);
      for (const walk of this.#walks) kernels.walkTo(walk, to);
    }
    for (const walk of this.#walks) {
      kernels.endWalk(walk);
      this.#writeRow(walk);
    }
    this.#walks = [];
  }

  #writeRow(walk: WalkInput): void {
    const { sums } = walk;
    const scan = needsBarSums(sums, this.#market) ? this.#scanBars(walk) : scanFromSums(sums, this.#market.barCount);
    const { initialCash } = this.#context.execution;
    const metrics = metricsOfWalk(sums, scan, { initialCash, periodsPerYear: this.#perYear });
    let at = this.#scored * METRIC_NAMES.length;
    for (const name of METRIC_NAMES) this.#rows[at++] = metrics[name] ?? Number.NaN;
    this.#scored++;
    this.#onVariant?.(this.#scored);
  }

  /** Replays a walk into an equity curve and scans that. The scalar twin does it, whichever twin scores: bits are equal. */
  #scanBars(walk: WalkInput): EquityScan {
    this.#equity ??= new Float64Array(this.#market.barCount);
    const replay = { ...walk, record: { equity: this.#equity } };
    SCALAR_KERNELS.beginWalk(replay);
    SCALAR_KERNELS.walkTo(replay, this.#market.barCount);
    SCALAR_KERNELS.endWalk(replay);
    return scanEquity(this.#context.execution.initialCash, this.#equity);
  }
}
