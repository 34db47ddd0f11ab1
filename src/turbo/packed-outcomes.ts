// Outcomes of trials as few typed arrays: rows of metrics by place, names of a profile's own metrics once, failures apart.
import { LIMITS } from '../core/limits.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import type { ProfileMetrics } from '../sweep/profile-metrics.ts';
import { metricsFromRow } from '../sweep/score.ts';
import { hasFailed, type TrialFailure, type TrialOutcome } from '../trials/trial.ts';

export interface PackedOutcomes {
  /** Places in the batch of the trials that have a row. */
  readonly scored: Int32Array;
  /** METRIC_NAMES.length values per row; NaN stands for null. */
  readonly rows: Float64Array;
  /** The profile's own metrics, once for each list of names that occurs. */
  readonly profile: readonly OwnMetrics[];
  readonly failures: readonly { readonly index: number; readonly error: string; readonly code: string }[];
}

interface OwnMetrics {
  readonly names: readonly string[];
  /** Places in the batch of the trials that have these metrics. */
  readonly of: Int32Array;
  /** One value per place and name, names fastest; NaN stands for null. */
  readonly values: Float64Array;
}

/** Outcomes that wait to be sent, up to one batch of them. Its memory is used again for every part. */
export class OutcomeBuffer {
  #scored = new Int32Array(16);
  #rows = new Float64Array(16 * METRIC_NAMES.length);
  #count = 0;
  readonly #own = new Map<string, { names: string[]; of: number[]; values: number[] }>();
  #failures: { index: number; error: string; code: string }[] = [];

  get count(): number {
    return this.#count + this.#failures.length;
  }

  add(index: number, outcome: TrialOutcome): void {
    if (hasFailed(outcome)) {
      const { error, code } = outcome;
      this.#failures.push({ index, error: error.slice(0, LIMITS.failureTextMax), code });
      return;
    }
    if (this.#count === this.#scored.length) this.#grow();
    this.#scored[this.#count] = index;
    const row = this.#count * METRIC_NAMES.length;
    for (let i = 0; i < METRIC_NAMES.length; i++) {
      this.#rows[row + i] = outcome.metrics[METRIC_NAMES[i]!] ?? Number.NaN;
    }
    this.#count++;
    const { profileMetrics } = outcome;
    if (profileMetrics === undefined) return;
    const names = Object.keys(profileMetrics);
    const key = names.join('\n');
    let own = this.#own.get(key);
    if (own === undefined) {
      own = { names, of: [], values: [] };
      this.#own.set(key, own);
    }
    own.of.push(index);
    for (const name of names) own.values.push(profileMetrics[name] ?? Number.NaN);
  }

  /** What was added since the last call. */
  take(): PackedOutcomes {
    const packed: PackedOutcomes = {
      scored: this.#scored.slice(0, this.#count),
      rows: this.#rows.slice(0, this.#count * METRIC_NAMES.length),
      profile: Array.from(this.#own.values(), ({ names, of, values }) => ({
        names,
        of: Int32Array.from(of),
        values: Float64Array.from(values),
      })),
      failures: this.#failures,
    };
    this.#count = 0;
    this.#own.clear();
    this.#failures = [];
    return packed;
  }

  #grow(): void {
    const scored = new Int32Array(this.#scored.length * 2);
    scored.set(this.#scored);
    this.#scored = scored;
    const rows = new Float64Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
  }
}

/** The outcomes of a part with their places in the batch. */
export function* unpackOutcomes(packed: PackedOutcomes): Generator<[index: number, outcome: TrialOutcome]> {
  const { scored, rows, profile, failures } = packed;
  const own = new Map(profile.flatMap(ownMetrics));
  for (let row = 0; row < scored.length; row++) {
    const index = scored[row]!;
    const metrics = metricsFromRow(rows, row);
    const profileMetrics = own.get(index);
    yield [index, profileMetrics === undefined ? { metrics } : { metrics, profileMetrics }];
  }
  for (const { index, error, code } of failures) yield [index, { error, code } satisfies TrialFailure];
}

function ownMetrics({ of, names, values }: OwnMetrics): [index: number, metrics: ProfileMetrics][] {
  return Array.from(of, (index, row) => {
    const entries = names.map((name, i) => {
      const value = values[row * names.length + i]!;
      return [name, Number.isNaN(value) ? null : value] as const;
    });
    return [index, Object.fromEntries(entries)];
  });
}

/** Checks the shape of packed outcomes; undefined when it is not one. */
export function readOutcomes(value: unknown): PackedOutcomes | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { scored, rows, profile, failures } = value as Partial<PackedOutcomes>;
  if (!(scored instanceof Int32Array) || !(rows instanceof Float64Array) || !Array.isArray(failures)) return undefined;
  if (rows.length !== scored.length * METRIC_NAMES.length) return undefined;
  if (!Array.isArray(profile) || !(profile as unknown[]).every(isOwn)) return undefined;
  const areFailures = (failures as unknown[]).every((failure) => {
    const { index, error, code } = (failure ?? {}) as Record<string, unknown>;
    return Number.isInteger(index) && typeof error === 'string' && typeof code === 'string';
  });
  return areFailures ? (value as PackedOutcomes) : undefined;
}

function isOwn(value: unknown): boolean {
  const { of, names, values } = (value ?? {}) as Partial<OwnMetrics>;
  if (!(of instanceof Int32Array) || !Array.isArray(names) || !(values instanceof Float64Array)) return false;
  return values.length === names.length * of.length && names.every((name) => typeof name === 'string');
}
