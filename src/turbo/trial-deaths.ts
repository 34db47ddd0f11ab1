// What to say when a worker dies: of a trial, of a strategy that kills whoever loads it, of workers that never start.
import { AppError } from '../core/errors.ts';
import type { Death } from '../pool/members.ts';
import type { TrialFailure, TrialSpec } from '../trials/trial.ts';
import type { OpenSetup } from './open-setup.ts';

const LOOK = 'Look in the strategy for process.exit, endless loops and runaway memory.';

/** The failure of a trial that took its worker with it: what it was, and how to run it again. */
export function deathOfTrial(setup: OpenSetup, trial: TrialSpec, { how, wasHung }: Death): TrialFailure {
  const { seed } = setup;
  const error = new AppError('WORKER_DIED', {
    rule: 'A trial must end in time and leave its worker alive.',
    found: `${describe(setup, trial)}: a worker that ${how}.`,
    todo: LOOK,
  });
  return { error: error.message, code: codeOf(how, wasHung), trial, ...(seed === undefined ? {} : { seed }) };
}

function codeOf(how: string, wasHung: boolean): string {
  if (wasHung) return 'TIME_LIMIT';
  return /memory/i.test(how) ? 'OUT_OF_MEMORY' : 'WORKER_DIED';
}

function describe({ message, seed }: OpenSetup, { cell, parameters, barriers }: TrialSpec): string {
  const values = Object.entries({ ...parameters, ...barriers }).map(([name, value]) => `${name}=${value}`);
  const market = message.cells[cell]?.market ?? 'none';
  const study = seed === undefined ? '' : `, seed ${seed}`;
  return `${values.join(',') || 'no parameters'} on ${market} (cell ${cell}${study})`;
}

export function setupKills(setup: OpenSetup, how: string, times: number): AppError {
  return new AppError('WORKER_DIED', {
    rule: 'A strategy must load in a worker and leave it alive between trials.',
    found: `${setup.message.name}: a worker that ${how}, ${times} times in a row.`,
    todo: LOOK,
  });
}

export function workersDie(how: string, times: number): AppError {
  return new AppError('WORKER_DIED', {
    rule: 'Workers must start.',
    found: `a worker that ${how} before it was asked for anything, ${times} times in a row.`,
    todo: 'Check the memory and thread limits of this machine.',
  });
}
