// The inside of a scoring thread: builds a scorer from its setup once, then does one piece of work after the other.
import { parentPort, workerData } from 'node:worker_threads';
import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { sliceCandles } from '../market/candles.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { isStrategy } from '../strategy/strategy.ts';
import { createVariantScorer } from '../sweep/engines.ts';
import { attachFastMemory } from '../sweep/fast-memory.ts';
import { giveUpWhenStopped, type VariantScorer } from '../sweep/score.ts';
import {
  type Answer,
  type ModuleRef,
  NOT_SCORING,
  packError,
  type Remark,
  STOP_REASONS,
  type ThreadSetup,
  type Unfit,
  type Work,
  type WorkMessage,
} from './messages.ts';
import { strategyIdentity } from './strategy-identity.ts';

/** Imports a strategy module and gives its default export. `tell` sends the pool what it should hear besides answers. */
export type ImportStrategy = (ref: ModuleRef, tell: (message: Unfit | Remark) => void) => Promise<unknown>;

/** Guards may take the clock away from the strategy; this thread still measures. */
const now = performance.now.bind(performance);

/** Serves the pool that started this thread, until it ends the thread. */
export async function serveBatches(importStrategy: ImportStrategy): Promise<void> {
  const setup = workerData as ThreadSetup;
  const port = parentPort!;
  try {
    const scorer = await createScorer(setup, importStrategy);
    const server = { scorer, stop: stopToken(setup), position: setup.position };
    port.on('message', (message: WorkMessage) => port.postMessage(answer(server, message)));
  } catch (error) {
    port.postMessage({ unfit: packError(error) } satisfies Unfit);
  }
}

async function createScorer(setup: ThreadSetup, importStrategy: ImportStrategy): Promise<VariantScorer> {
  const { history, from, dataHash, strategyRef, identity, position, memory, thread } = setup;
  const tell = (message: Unfit | Remark): void => parentPort!.postMessage(message);
  const strategy =
    'builtIn' in strategyRef ? BUILT_IN_STRATEGIES[strategyRef.builtIn] : await importStrategy(strategyRef, tell);
  if (!isStrategy(strategy) || strategyIdentity(strategy) !== identity) throw anotherStrategy(setup, strategy);
  const window = { history, from, candles: sliceCandles(history, from, history.barCount), dataHash };
  // This thread alone writes the word, the calling thread reads it.
  return createVariantScorer(
    {
      ...setup,
      strategy,
      window,
      stop: stopToken(setup),
      memory: memory && attachFastMemory(memory.plan, memory.shared, thread),
    },
    (at) => Atomics.store(position, 0, at),
  );
}

const stopToken = ({ stop }: ThreadSetup): StopToken => ({ reason: () => STOP_REASONS[Atomics.load(stop, 0)] });

function anotherStrategy({ grid }: ThreadSetup, found: unknown): AppError {
  const name = isStrategy(found) ? found.name : 'none';
  return new AppError('STRATEGY_FAILED', {
    rule: 'A strategy must be the same in every thread that loads it.',
    found: `${name === grid.strategyName ? `another ${name}` : name} in place of ${grid.strategyName}.`,
    todo: 'Make its file independent of time, chance and environment, or use --workers 1.',
  });
}

interface Server {
  readonly scorer: VariantScorer;
  readonly stop: StopToken;
  readonly position: Int32Array;
}

/**
 * Does the work. Rows are copied into the answer, not transferred: a transfer detaches a buffer, after which V8 checks
 * every access to every typed array of this thread for detachment. That costs the bar loops a quarter of their speed.
 */
function answer(server: Server, message: WorkMessage): Answer {
  const { scorer, position } = server;
  const { token } = message;
  const startedMs = now();
  Atomics.store(position, 0, 0);
  try {
    const result = work(server, message);
    const stats = { ...scorer.stats() };
    return { token, ...result, stats, kernels: scorer.kernels, ms: now() - startedMs };
  } catch (error) {
    return { token, error: packError(error) };
  } finally {
    Atomics.store(position, 0, NOT_SCORING);
  }
}

function work({ scorer, stop, position }: Server, message: Work): { rows: Float64Array } | { filled: true } {
  if ('batch' in message) return { rows: scorer.score(message.batch) };
  for (const [n, task] of message.columns.entries()) {
    Atomics.store(position, 0, n);
    giveUpWhenStopped(stop);
    scorer.computeColumns!([task]);
  }
  return { filled: true };
}
