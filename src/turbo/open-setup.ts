// A setup that is open in a pool: what workers are told of it, how fast its trials go, and how often it killed a worker.
import type { BatchSize } from './batch-size.ts';
import type { SetupMessage } from './messages.ts';

export interface OpenSetup {
  readonly message: SetupMessage;
  /** Of the study, named in failures. */
  readonly seed: number | undefined;
  readonly batchSize: BatchSize;
  /** Settled when the first worker has loaded it. */
  readonly opened: PromiseWithResolversOf<void>;
  isOpened: boolean;
  /** Workers that died while they loaded it, in a row. */
  loadDeaths: number;
  /** Workers that held it and died between trials, in a row: without an outcome of it in between. */
  quietDeaths: number;
  /** Why it takes no more trials. */
  end: Error | undefined;
}

export interface PromiseWithResolversOf<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function createResolvers<T>(): PromiseWithResolversOf<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  return { promise, resolve, reject };
}
