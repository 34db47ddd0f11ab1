// The inside of a scoring thread: builds a scorer from its setup once, then answers one batch after the other.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../core/errors.ts';
import { sliceCandles } from '../market/candles.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { isStrategy } from '../strategy/strategy.ts';
import { createVariantScorer } from '../sweep/engines.ts';
import type { VariantBatch, VariantScorer } from '../sweep/score.ts';
import { type Answer, type BatchMessage, NOT_SCORING, packError, type ThreadSetup, type Unfit } from './messages.ts';
import { strategyIdentity } from './strategy-identity.ts';

/** Imports a strategy module and gives its default export. */
export type ImportStrategy = (moduleUrl: string) => Promise<unknown>;

/** Serves the pool that started this thread, until it ends the thread. */
export async function serveBatches(importStrategy: ImportStrategy): Promise<void> {
  const setup = workerData as ThreadSetup;
  const port = parentPort!;
  try {
    const scorer = await createScorer(setup, importStrategy);
    port.on('message', (message: BatchMessage) => answer(port, setup.position, scorer, message));
  } catch (error) {
    port.postMessage({ unfit: packError(error) } satisfies Unfit);
  }
}

async function createScorer(setup: ThreadSetup, importStrategy: ImportStrategy): Promise<VariantScorer> {
  const { history, from, dataHash, strategyRef, identity, position } = setup;
  const strategy =
    'builtIn' in strategyRef ? BUILT_IN_STRATEGIES[strategyRef.builtIn] : await importStrategy(strategyRef.moduleUrl);
  if (!isStrategy(strategy) || strategyIdentity(strategy) !== identity) throw anotherStrategy(setup, strategy);
  const window = { history, from, candles: sliceCandles(history, from, history.barCount), dataHash };
  // This thread alone writes the word, the calling thread reads it.
  return createVariantScorer({ ...setup, strategy, window }, (at) => Atomics.store(position, 0, at));
}

function anotherStrategy({ grid }: ThreadSetup, found: unknown): AppError {
  const name = isStrategy(found) ? found.name : 'none';
  return new AppError('STRATEGY_FAILED', {
    rule: 'A strategy must be the same in every thread that loads it.',
    found: `${name === grid.strategyName ? `another ${name}` : name} in place of ${grid.strategyName}.`,
    todo: 'Make its file independent of time, chance and environment, or use --workers 1.',
  });
}

function answer(port: MessagePort, position: Int32Array, scorer: VariantScorer, { token, batch }: BatchMessage): void {
  Atomics.store(position, 0, 0);
  const scored = attempt(scorer, token, batch);
  Atomics.store(position, 0, NOT_SCORING);
  // Rows are copied, not transferred: a transfer detaches a buffer, after which V8 checks every access to every typed
  // array of this thread for detachment. That costs the bar loops a quarter of their speed.
  port.postMessage(scored);
}

function attempt(scorer: VariantScorer, token: number, batch: VariantBatch): Answer {
  try {
    const rows = scorer.score(batch);
    const { columnsComputed, hits, misses } = scorer.stats();
    return { token, rows, stats: { columnsComputed, hits, misses }, kernels: scorer.kernels };
  } catch (error) {
    return { token, error: packError(error) };
  }
}
