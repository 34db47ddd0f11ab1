// The inside of a trial worker: keeps a scorer for each open setup, and scores one batch of trials after the other.

import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import type { StopToken } from '../core/cancel.ts';
import { isAppError } from '../core/errors.ts';
import { createCollector } from '../core/reclaim.ts';
import { loadKernels } from '../kernels/wasm-loader.ts';
import { adoptModels } from '../models/model-file.ts';
import { NOT_SCORING, packError, STOP_REASONS } from '../pool/messages.ts';
import { type ImportStrategy, resolveStrategy } from '../pool/resolve-strategy.ts';
import { anotherStrategy, strategyIdentity } from '../pool/strategy-identity.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import { isStrategy } from '../strategy/strategy.ts';
import { dropIdleMemory } from '../sweep/kept-memory.ts';
import { createTrialScorer, type TrialScorer } from '../trials/trial-scorer.ts';
import type { FromWorker, SetupMessage, ToWorker, WorkerMemory } from './messages.ts';
import { OutcomeBuffer } from './packed-outcomes.ts';
import { unpackTrials } from './packed-trials.ts';

/** What the starter of a trial thread hands it. */
export interface TrialThreadData {
  /** One word of shared memory: the trial of its batch the thread is at, or NOT_SCORING. It alone writes it. */
  readonly position: Int32Array;
}

/** Where a worker gets its messages and leaves its answers, whatever it runs in. */
export interface TrialPort {
  receive(take: (message: ToWorker) => void): void;
  answer(message: FromWorker): void;
  /** Says which trial of its batch the worker is at. */
  at(position: number): void;
}

/** Captured, as guards take them away from the strategy. */
const now = performance.now.bind(performance);
const heapStatistics = getHeapStatistics;
const collectGarbage = createCollector();

/** A long batch is answered in parts, so that a worker that dies takes little finished work with it. */
const PART_MS = 200;

/** Serves the pool that started this thread, until it ends the thread. */
export function serveTrialsInThread(importStrategy: ImportStrategy): void {
  const { position } = workerData as TrialThreadData;
  const port = parentPort!;
  serveTrials(importStrategy, {
    receive: (take) => void port.on('message', take),
    answer: (message) => port.postMessage(message),
    at: (index) => void Atomics.store(position, 0, index),
  });
}

/** Does what messages ask for, strictly one after the other: a strategy is imported before its first batch is begun. */
export function serveTrials(importStrategy: ImportStrategy, port: TrialPort): void {
  const scorers = new Map<number, TrialScorer>();
  const outcomes = new OutcomeBuffer();
  let last: Promise<void> | undefined;
  const take = (message: ToWorker): void | Promise<void> => {
    if ('release' in message) scorers.delete(message.release);
    else if ('open' in message) return open(message.token, message.open);
    else if ('collect' in message) collect(message.token);
    else score(message);
  };
  const collect = (token: number): void => {
    dropIdleMemory();
    collectGarbage();
    port.answer({ token, collected: true, memory: memoryNow() });
  };
  const remark = (text: string): void => port.answer({ remark: text, memory: memoryNow() });
  const open = async (token: number, setup: SetupMessage): Promise<void> => {
    try {
      scorers.set(setup.id, await createScorer(setup, importStrategy, remark));
      port.answer({ token, opened: true, notes: loadKernels().notes, memory: memoryNow() });
    } catch (error) {
      port.answer({ token, error: packError(error) });
    }
  };
  const score = ({ token, setup, trials, stop }: Extract<ToWorker, { trials: unknown }>): void => {
    let sinceMs = now();
    const send = (done: boolean): void => {
      const nowMs = now();
      port.answer({ token, part: outcomes.take(), done, ms: nowMs - sinceMs, memory: memoryNow() });
      sinceMs = nowMs;
    };
    try {
      port.at(0);
      scorers.get(setup)?.score(unpackTrials(trials), port.at, {
        stop: stopToken(stop),
        onOutcome(index, outcome) {
          outcomes.add(index, outcome);
          if (now() - sinceMs > PART_MS) send(false);
        },
      });
    } catch (error) {
      if (!isAppError(error, 'CANCELLED') && !isAppError(error, 'DEADLINE')) throw error;
    } finally {
      port.at(NOT_SCORING);
    }
    send(true);
  };
  port.receive((message) => {
    // Batches are taken at once; only what comes while a strategy is being imported has to wait.
    const done = last === undefined ? take(message) : last.then(() => take(message));
    if (done === undefined) return;
    const mine = done.finally(() => {
      if (last === mine) last = undefined;
    });
    last = mine;
  });
  port.answer({ online: true, memory: memoryNow() });
}

async function createScorer(
  setup: SetupMessage,
  importStrategy: ImportStrategy,
  remark: (text: string) => void,
): Promise<TrialScorer> {
  const { strategyRef, identity, markets } = setup;
  const strategy = await resolveStrategy(strategyRef, (ref) =>
    importStrategy(ref, (said) => remark('remark' in said ? said.remark : said.unfit.message)),
  );
  if (!isStrategy(strategy) || (identity !== undefined && strategyIdentity(strategy) !== identity)) {
    throw anotherStrategy(setup.name, strategy);
  }
  adoptModels(modelFilesOf(strategy), setup.models);
  return createTrialScorer({ ...setup, strategy, candlesOf: (market) => markets[market]! });
}

const stopToken = (word: Int32Array): StopToken => ({ reason: () => STOP_REASONS[Atomics.load(word, 0)] });

/** Of this thread alone: each has a heap of its own. */
function memoryNow(): WorkerMemory {
  const { used_heap_size, external_memory } = heapStatistics();
  return { heapBytes: used_heap_size, externalBytes: external_memory };
}
