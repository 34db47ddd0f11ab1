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
  type Remark,
  STOP_REASONS,
  type ThreadSetup,
  type Unfit,
  type Work,
  type WorkMessage,
} from './messages.ts';
import { type ImportStrategy, resolveStrategy } from './resolve-strategy.ts';
import { anotherStrategy, strategyIdentity } from './strategy-identity.ts';

/** Guards may take the clock away from the strategy; this thread still measures. */
const now = performance.now.bind(performance);

/** What a member of a pool says to it, in whatever it runs. */
export interface MemberChannel {
  post(message: Answer | Unfit | Remark): void;
  /** The variant of its batch or column of its list it is at, or NOT_SCORING. */
  moveTo(position: number): void;
}

/** Serves the pool that started this thread, until it ends the thread. */
export async function serveBatches(importStrategy: ImportStrategy): Promise<void> {
  const setup = workerData as ThreadSetup;
  const port = parentPort!;
  const { position } = setup;
  const serve = await openMember(setup, importStrategy, {
    post: (message) => port.postMessage(message),
    // This thread alone writes the word, the calling thread reads it.
    moveTo: (at) => Atomics.store(position, 0, at),
  });
  if (serve !== undefined) port.on('message', serve);
}

/** Builds the scorer of a member and gives what answers its work; tells the pool when it cannot. */
export async function openMember(
  setup: Omit<ThreadSetup, 'position'>,
  importStrategy: ImportStrategy,
  channel: MemberChannel,
): Promise<((message: WorkMessage) => void) | undefined> {
  try {
    const scorer = await createScorer(setup, importStrategy, channel);
    const server = { scorer, stop: stopToken(setup), channel };
    return (message) => channel.post(answer(server, message));
  } catch (error) {
    channel.post({ unfit: packError(error) });
    return undefined;
  }
}

async function createScorer(
  setup: Omit<ThreadSetup, 'position'>,
  importStrategy: ImportStrategy,
  channel: MemberChannel,
): Promise<VariantScorer> {
  const { history, from, dataHash, strategyRef, identity, models, memory, thread } = setup;
  const strategy = await resolveStrategy(strategyRef, (ref) => importStrategy(ref, channel.post));
  if (!isStrategy(strategy) || strategyIdentity(strategy) !== identity) {
    throw anotherStrategy(setup.grid.strategyName, strategy);
  }
  adoptModels(modelFilesOf(strategy), models);
  const window = { history, from, candles: sliceCandles(history, from, history.barCount), dataHash };
  return createVariantScorer(
    {
      ...setup,
      strategy,
      window,
      stop: stopToken(setup),
      memory: memory && attachFastMemory(memory.plan, memory.shared, thread),
    },
    channel.moveTo,
  );
}

const stopToken = ({ stop }: Pick<ThreadSetup, 'stop'>): StopToken => ({
  reason: () => STOP_REASONS[Atomics.load(stop, 0)],
});

interface Server {
  readonly scorer: VariantScorer;
  readonly stop: StopToken;
  readonly channel: MemberChannel;
}

/**
 * Does the work. Rows are copied into the answer, not transferred: a transfer detaches a buffer, after which V8 checks
 * every access to every typed array of this thread for detachment. That costs the bar loops a quarter of their speed.
 */
function answer(server: Server, message: WorkMessage): Answer {
  const { scorer, channel } = server;
  const { token } = message;
  const startedMs = now();
  channel.moveTo(0);
  try {
    const result = work(server, message);
    const stats = { ...scorer.stats() };
    return { token, ...result, stats, kernels: scorer.kernels, ms: now() - startedMs };
  } catch (error) {
    return { token, error: packError(error) };
  } finally {
    channel.moveTo(NOT_SCORING);
  }
}

function work({ scorer, stop, channel }: Server, message: Work): { rows: Float64Array } | { filled: true } {
  if ('batch' in message) return { rows: scorer.score(message.batch) };
  for (const [n, task] of message.columns.entries()) {
    channel.moveTo(n);
    giveUpWhenStopped(stop);
    scorer.computeColumns!([task]);
  }
  return { filled: true };
}
