// How long a sweep will take, foretold once from the pace of its first batches.
import type { WorkTimes } from './score.ts';

/** The pace is known by then; shorter sweeps are over before anybody could read a prediction. */
const LISTEN_MS = 300;

export class SecondsPrediction {
  readonly #toScore: number | undefined;
  readonly #columns: number;
  readonly #threads: number;
  #seconds: number | undefined;

  /** Of a sweep over `toScore` variants, where known, and `columns` different columns. */
  constructor(toScore: number | undefined, columns: number, threads: number) {
    this.#toScore = toScore;
    this.#columns = columns;
    this.#threads = threads;
  }

  /** Seconds from the start to the end; undefined when it was too short, or its variants were not counted. */
  get seconds(): number | undefined {
    return this.#seconds;
  }

  /** `scored` variants are done, an earlier attempt's included, the last ones in `rowMs` each. */
  hear(
    elapsedMs: number,
    scored: number,
    rowMs: number | undefined,
    columns: number,
    worked: WorkTimes | undefined,
  ): void {
    if (this.#seconds !== undefined || this.#toScore === undefined || elapsedMs < LISTEN_MS) return;
    if (worked === undefined || rowMs === undefined) return;
    const rowsMs = rowMs * Math.max(0, this.#toScore - scored);
    const columnsMs = (worked.columnsMs / Math.max(1, columns)) * Math.max(0, this.#columns - columns);
    this.#seconds = (elapsedMs + (rowsMs + columnsMs) / this.#threads) / 1000;
  }
}
