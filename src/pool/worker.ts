// The inside of a scoring thread: builds a scorer from its setup once, then does one piece of work after the other.
import { parentPort, workerData } from 'node:worker_threads';
import type { StopToken } from '../core/cancel.ts';
import { sliceCandles } from '../market/candles.ts';
import { adoptModels } from '../models/model-file.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import { isStrategy } from '../strategy/strategy.ts';
import { createVariantScorer } from '../sweep/engines.ts';
import { attachFastMemory } from '../sweep/fast-memory.ts';
import { giveUpWhenStopped, type VariantScorer } from '../sweep/score.ts';
import {
  type Answer,
  NOT_SCORING,
  packError,
  STOP_REASONS,
  type ThreadSetup,
  type Unfit,
  type Work,
  type WorkMessage,
} from './messages.ts';
import { type ImportStrategy, resolveStrategy } from './resolve-strategy.ts';
import { anotherStrategy, strategyIdentity } from './strategy-identity.ts';

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
  const { history, from, dataHash, strategyRef, identity, models, position, memory, thread } = setup;
  const strategy = await resolveStrategy(strategyRef, importStrategy);
  if (!isStrategy(strategy) || strategyIdentity(strategy) !== identity) {
    throw anotherStrategy(setup.grid.strategyName, strategy);
  }
  adoptModels(modelFilesOf(strategy), models);
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
  const startedMs = performance.now();
  Atomics.store(position, 0, 0);
  try {
    const result = work(server, message);
    const stats = { ...scorer.stats() };
    return { token, ...result, stats, kernels: scorer.kernels, ms: performance.now() - startedMs };
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
