// Computes columns into the slots of the shared memory, and gives a scorer that runs alone slots of its own choosing.
import { assert } from '../core/assert.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import { checkParams, INDICATORS } from '../indicators/registry.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import type { ColumnStats, ColumnStore } from './columns.ts';
import {
  type FastMemory,
  type KernelColumn,
  kernelColumn,
  kernelScratch,
  slotOffset,
  sourceOffset,
  threadOffset,
} from './fast-memory.ts';
import type { Window } from './window.ts';

/** Which slots hold which columns. */
export interface PlacedColumns {
  readonly ids: readonly number[];
  readonly slots: readonly number[];
}

export class FastColumns {
  readonly #catalog: ColumnCatalog;
  readonly #store: ColumnStore;
  readonly #memory: FastMemory;
  readonly #window: Window;
  readonly #arithmetic: Arithmetic;
  /** Slots by column id, as this thread chose them when nobody else did. */
  readonly #own = new Map<number, number>();
  #hits = 0;
  #misses = 0;

  constructor(catalog: ColumnCatalog, store: ColumnStore, memory: FastMemory, window: Window, arithmetic: Arithmetic) {
    this.#arithmetic = arithmetic;
    this.#catalog = catalog;
    this.#store = store;
    this.#memory = memory;
    this.#window = window;
  }

  get stats(): ColumnStats {
    return { columnsComputed: this.#misses, hits: this.#hits, misses: this.#misses };
  }

  /** Writes column `id` into `slot`. Errors: STRATEGY_FAILED. */
  compute(id: number, slot: number): void {
    const { column, parameters } = this.#catalog.describe(id);
    this.#store.begin(parameters);
    const { plan } = this.#memory;
    const out = this.#column(slotOffset(plan, slot));
    const kernel = kernelColumn(column);
    if (kernel !== undefined) this.#computeIndicator(kernel, parameters, out);
    else out.set(this.#store.baseColumn(column) as Float64Array);
    this.#misses++;
  }

  /** By the kernel, which reads columns of the candles where they lie; other inputs are copied beside its scratch. */
  #computeIndicator(column: KernelColumn, parameters: ParameterValues, out: Float64Array): void {
    const { plan, thread, kernels } = this.#memory;
    const definition = INDICATORS[column.indicator];
    const params = column.params.map((param) => (typeof param === 'number' ? param : parameters[param.parameter]!));
    checkParams(definition, params);
    let used = 0;
    const work = (): Float64Array => this.#column(threadOffset(plan, thread) + used++ * plan.columnBytes);
    const inputs = column.inputs.map((input) => {
      if (input.kind === 'source') return this.#column(sourceOffset(plan, input.field));
      const copy = work();
      copy.set(this.#store.column(input) as Float64Array);
      return copy;
    });
    kernels.computeIndicator({
      indicator: column.indicator,
      arithmetic: this.#arithmetic,
      params,
      inputs,
      outputs: definition.outputs.map((_, index) => (index === column.output ? out : undefined)),
      scratch: Array.from({ length: kernelScratch(column, this.#arithmetic) }, work),
    });
  }

  #column(offset: number): Float64Array {
    return new Float64Array(this.#memory.buffer, offset, this.#window.history.barCount) as Float64Array;
  }

  /** Address of bar 0 of the window in a slot. */
  address(slot: number): number {
    return slotOffset(this.#memory.plan, slot) + this.#window.from * 8;
  }

  /**
   * Addresses of the columns of a base variant, computed where they are missing; undefined when there is no slot left
   * for one of them. `forget` makes room for the next program.
   */
  place(ids: readonly number[]): number[] | undefined {
    const missing = ids.filter((id) => !this.#own.has(id));
    const { slots } = this.#memory.plan;
    assert(ids.length <= slots, 'there are slots for the columns of one variant');
    if (this.#own.size + new Set(missing).size > slots) return undefined;
    for (const id of missing) {
      if (this.#own.has(id)) continue;
      this.compute(id, this.#own.size);
      this.#own.set(id, this.#own.size);
    }
    this.#hits += ids.length - missing.length;
    return ids.map((id) => this.address(this.#own.get(id)!));
  }

  forget(): void {
    this.#own.clear();
  }
}
