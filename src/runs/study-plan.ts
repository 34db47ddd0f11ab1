// The memory of a study: what its trials need, how much room columns get, and whether the budget holds it.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export interface StudyPlan {
  readonly bytesPredicted: number;
  /** Threads or processes that score: the calling thread when it scores itself. */
  readonly scorers: number;
  /** Finished columns that each worker may keep. */
  readonly cacheBytes: number;
}

export interface StudyPlanInput {
  /** What is resident when the candles are loaded and shared. */
  readonly residentBytes: number;
  /** Most that was resident until then. */
  readonly peakBytes: number;
  readonly budgetBytes: number | undefined;
  /** Threads besides the calling one; 0 when it scores itself. */
  readonly workers: number;
  /** Bars of the longest market, and cells of the study. */
  readonly bars: number;
  readonly cells: number;
  readonly trials: number;
  /** Whether trials place their own orders: bar-by-bar code and controllers. */
  readonly runsPrograms: boolean;
}

const MB = 1e6;
/** Code to come, batches in hand and room for garbage of the calling thread. */
const CALLER_BYTES = 40 * MB;
/** A thread with its code and its heap at work. */
const WORKER_BYTES = 45 * MB;
/** What is remembered of each trial, to rank, to learn and to tell what was tried. */
const TRIAL_BYTES = 500;
/** Columns' worth of bars that runs of programs leave behind before they are collected, and what they hold of a market. */
const PROGRAM_COLUMNS = 18;
/** Columns of a market kept per worker when nobody asks for less. */
const COLUMNS_WANTED = 64;
/** How much more another run may have taken at its peak of reading candles. How much of it stays resident is chance. */
const PEAK_SPREAD = 1.2;
const CACHE_MIN_BYTES = 8 * MB;
const CACHE_MAX_BYTES = 256 * MB;

/** Errors: BUDGET_BYTES with the sum and a budget that works. */
export function planStudy(input: StudyPlanInput): StudyPlan {
  const { residentBytes, peakBytes, budgetBytes, workers, bars, cells, trials } = input;
  const scorers = Math.max(1, workers);
  // Equity and signals of a run, and the tables of the fast engine, for each cell that a worker keeps open.
  const windowBytes =
    Math.min(cells, LIMITS.openCellsMax) * bars * 8 * 3 + (input.runsPrograms ? PROGRAM_COLUMNS * bars * 8 : 0);
  const remembered = Math.min(trials, LIMITS.studyTrialsMax) * TRIAL_BYTES;
  const fixed = residentBytes + CALLER_BYTES + remembered + workers * WORKER_BYTES + scorers * windowBytes;
  const wanted = Math.min(CACHE_MAX_BYTES, Math.max(CACHE_MIN_BYTES, COLUMNS_WANTED * bars * 8));
  if (budgetBytes === undefined) return { scorers, bytesPredicted: fixed + scorers * wanted, cacheBytes: wanted };
  const least = fixed + scorers * CACHE_MIN_BYTES;
  if (budgetBytes < least) {
    const mb = (bytes: number): string => `${Math.ceil(bytes / MB)} MB`;
    throw new AppError('BUDGET_BYTES', {
      found:
        `a budget of ${mb(budgetBytes)}; the study needs ${mb(least)}: ${mb(residentBytes)} resident with the candles, ` +
        `${mb(CALLER_BYTES + remembered)} for ${trials.toLocaleString('en')} trials, ` +
        `${mb(workers * WORKER_BYTES + scorers * (windowBytes + CACHE_MIN_BYTES))} for ${scorers} scoring ${scorers === 1 ? 'thread' : 'threads'}.`,
      todo: `Give at least --memory ${mb(least - residentBytes + PEAK_SPREAD * Math.max(peakBytes, residentBytes)).replace(' ', '')}${workers > 1 ? ', or fewer --workers' : ''}.`,
    });
  }
  const cacheBytes = Math.min(wanted, Math.floor((budgetBytes - fixed) / scorers));
  return { scorers, bytesPredicted: fixed + scorers * cacheBytes, cacheBytes };
}
