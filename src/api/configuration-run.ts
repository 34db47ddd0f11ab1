// Runs a list of configurations in the warm workers: each has a result or an error of its own, in the order of the list.
import { type Computation, startComputation } from '../compute/compute-thread.ts';
import { createStopSource, type StopReason } from '../core/cancel.ts';
import { isAppError } from '../core/errors.ts';
import type { PreparedTrials, TrialBatchSelection } from '../runs/trial-batch.ts';
import { isRunnable, prepareTrials } from '../runs/trial-batch.ts';
import { windowBounds } from '../runs/window-selection.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { hasFailed, type TrialOutcome, type TrialSpec } from '../trials/trial.ts';
import { warmCandles } from '../warm/warm-candles.ts';
import type { RouteContext } from './surroundings.ts';
import type { TurboBody } from './turbo-schemas.ts';

/** What the configurations ran on. */
export interface ConfigurationsHead {
  readonly engineVersion: string;
  readonly strategy: string;
  readonly strategyHash: string;
  readonly profile: string;
  /** As `snapshot` rises, candles are newer. */
  readonly candles: {
    readonly key: string;
    readonly contentHash: string;
    readonly bars: number;
    readonly snapshot: number;
  };
  readonly configurations: number;
}

export interface ConfigurationsEnd {
  readonly done: number;
  readonly failed: number;
  /** Why some were not run; null when all were. */
  readonly partial: StopReason | null;
  readonly elapsedMs: number;
}

export type ConfigurationResult =
  | Exclude<TrialOutcome, { readonly error: string }>
  | { readonly error: { readonly code: string; readonly message: string } };

export interface ConfigurationsSink {
  onHead(head: ConfigurationsHead): void;
  /** In the order of the list, each as soon as all before it are there. */
  onResult(result: ConfigurationResult): void;
}

export interface ConfigurationsRequest {
  readonly body: TurboBody;
  readonly user: string;
  /** Hears a function that ends the work; called when the client leaves. */
  readonly onLeave: (leave: () => void) => void;
}

/** Errors: those of loading, BUSY, and CANCELLED or DEADLINE before anything was begun. */
export async function runConfigurations(
  { body, user, onLeave }: ConfigurationsRequest,
  sink: ConfigurationsSink,
  context: RouteContext,
): Promise<ConfigurationsEnd> {
  const { clock, machine, settings, warm } = context;
  const startedMs = clock.monotonicMs();
  const seconds = Math.min(body.deadlineSeconds ?? Number.POSITIVE_INFINITY, settings.syncDeadlineSeconds);
  const stop = createStopSource(clock, seconds * 1000);
  const threads = Math.min(warm.workers.status().expected, body.configurations.length, settings.maxThreads);
  const { granted, leave } = machine.admit({ user, threads, bytes: 0, priority: 0 });
  let loading: Computation<unknown> | undefined;
  const end = (reason: StopReason): void => {
    leave(reason);
    loading?.stop(reason, 0);
  };
  onLeave(() => {
    stop.cancel();
    end('cancelled');
  });
  const deadline = setTimeout(() => end('deadline'), seconds * 1000);
  try {
    const release = await granted;
    try {
      const prepared = await prepare(selectionOf(body), context, (computation) => {
        loading = computation;
      });
      const counts = await run(body, prepared, stop, sink, context);
      return {
        ...counts,
        partial: stopped(counts, stop.reason()),
        elapsedMs: Math.round(clock.monotonicMs() - startedMs),
      };
    } finally {
      release();
    }
  } finally {
    clearTimeout(deadline);
  }
}

const stopped = ({ skipped }: { readonly skipped: number }, reason: StopReason | undefined) =>
  skipped === 0 || reason === undefined ? null : reason;

const selectionOf = ({ strategy, execution = {}, configurations }: TurboBody): TrialBatchSelection => ({
  strategy,
  execution: { ...execution, calendar: execution.calendar ?? 'continuous' },
  configurations,
});

/** What is built in is prepared here; code of others runs in a thread of its own. */
async function prepare(
  selection: TrialBatchSelection,
  { strategiesFolder: folder, storeRoot, engineVersion, clock, entry }: RouteContext,
  onLoading: (computation: Computation<unknown>) => void,
): Promise<PreparedTrials> {
  if (Object.hasOwn(BUILT_IN_STRATEGIES, selection.strategy)) {
    return prepareTrials(selection, { folder, storeRoot, engineVersion, clock, entry });
  }
  const computation = startComputation({ kind: 'trials', selection }, { folder, storeRoot, engineVersion });
  onLoading(computation);
  return (await computation.done).prepared;
}

async function run(
  body: TurboBody,
  prepared: PreparedTrials,
  stop: ReturnType<typeof createStopSource>,
  sink: ConfigurationsSink,
  { warm, strategiesFolder: folder, storeRoot, clock, engineVersion }: RouteContext,
): Promise<{ readonly done: number; readonly failed: number; readonly skipped: number }> {
  const { data, timeframe, from, to } = body;
  const { from: fromMs, to: toMs } = windowBounds({ from, to });
  const { candles, release } = await warmCandles({ data, timeframe }, warm.mirror, { folder, storeRoot, clock });
  const { trials: running, giveBack } = await warm.workers.borrow({ prepared, candles, fromMs, toMs, release });
  const { name: strategy, strategyHash, execution, trials } = prepared;
  const { key, contentHash, snapshot } = candles;
  const bars = candles.candles.barCount;
  try {
    sink.onHead({
      ...{ engineVersion, strategy, strategyHash, profile: execution.profile.name },
      candles: { key, contentHash, bars, snapshot },
      configurations: trials.length,
    });
    const results = inOrder(trials.length, sink.onResult);
    const specs: TrialSpec[] = [];
    const places: number[] = [];
    for (const [place, trial] of trials.entries()) {
      if (!isRunnable(trial)) results.take(place, trial);
      else {
        specs.push({ cell: 0, ...trial });
        places.push(place);
      }
    }
    try {
      await running.run(specs, { stop, onOutcome: (n, outcome) => results.take(places[n]!, outcome) });
      return results.counts();
    } catch (error) {
      // What was finished by then counts; the others have this for an answer.
      if (!isAppError(error)) throw error;
      results.fill({ error: error.message, code: error.code });
      return results.counts();
    }
  } finally {
    giveBack();
  }
}

/** Passes outcomes on in the order of their places, whatever order they come in. */
function inOrder(count: number, onResult: (result: ConfigurationResult) => void) {
  const outcomes = new Array<TrialOutcome | undefined>(count);
  let next = 0;
  let done = 0;
  let failed = 0;
  const pass = (outcome: TrialOutcome): void => {
    next++;
    onResult(hasFailed(outcome) ? { error: { code: outcome.code, message: outcome.error } } : outcome);
  };
  return {
    take(place: number, outcome: TrialOutcome): void {
      outcomes[place] = outcome;
      done++;
      if (hasFailed(outcome)) failed++;
      for (let ready = outcomes[next]; ready !== undefined; ready = outcomes[next]) pass(ready);
    },
    /** The end: places without an outcome have this one. */
    fill(missing: TrialOutcome): void {
      while (next < count) pass(outcomes[next] ?? missing);
    },
    counts: () => ({ done, failed, skipped: count - done }),
  };
}
