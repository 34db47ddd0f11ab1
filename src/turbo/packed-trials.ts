// Trials of a batch as few typed arrays: a thousand small objects would take longer to send than to score.
import type { Barriers } from '../simulate/simulation.ts';
import { RISK_PARAMETERS } from '../sweep/grid.ts';
import type { TrialSpec } from '../trials/trial.ts';

export interface PackedTrials {
  readonly cells: Int32Array;
  /** Of all parameters that occur, in the order in which they come up first. */
  readonly names: readonly string[];
  /** One value per trial and name, names fastest; NaN where a trial lacks the parameter. */
  readonly values: Float64Array;
  /** One value per trial and RISK_PARAMETERS, those fastest; NaN where a barrier is absent. */
  readonly barriers: Float64Array;
}

export function packTrials(trials: readonly TrialSpec[]): PackedTrials {
  const places = new Map<string, number>();
  for (const { parameters } of trials) {
    for (const name of Object.keys(parameters)) if (!places.has(name)) places.set(name, places.size);
  }
  const cells = new Int32Array(trials.length);
  const values = new Float64Array(trials.length * places.size).fill(Number.NaN);
  const barriers = new Float64Array(trials.length * RISK_PARAMETERS.length);
  for (const [n, trial] of trials.entries()) {
    cells[n] = trial.cell;
    for (const [name, value] of Object.entries(trial.parameters)) values[n * places.size + places.get(name)!] = value;
    for (const [r, name] of RISK_PARAMETERS.entries()) {
      barriers[n * RISK_PARAMETERS.length + r] = trial.barriers[name] ?? Number.NaN;
    }
  }
  return { cells, names: [...places.keys()], values, barriers };
}

export function unpackTrials({ cells, names, values, barriers }: PackedTrials): TrialSpec[] {
  return Array.from(cells, (cell, n) => ({
    cell,
    parameters: present(names, values.subarray(n * names.length)),
    barriers: present(RISK_PARAMETERS, barriers.subarray(n * RISK_PARAMETERS.length)) satisfies Barriers,
  }));
}

function present(names: readonly string[], values: Float64Array): Record<string, number> {
  const found: Record<string, number> = {};
  for (let i = 0; i < names.length; i++) if (!Number.isNaN(values[i]!)) found[names[i]!] = values[i]!;
  return found;
}
