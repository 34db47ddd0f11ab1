// Runs an ONNX model from code that cannot wait for promises: a thread of its own answers, this one sleeps meanwhile.
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { OnnxAnswer, OnnxBlock, OnnxSetup } from './onnx-thread.ts';
import type { OnnxModel } from './packed-model.ts';

export interface OnnxQuestion {
  /** Name of the output; may be left out where there is one. */
  readonly output: string | undefined;
  /** Column of the output; may be left out where there is one. */
  readonly column: number | undefined;
}

/** Rows of one call: they bound the memory that a model takes for what lies between its layers. */
const BLOCK_ROWS = 16_384;

/** The file of the thread: compiled code, also when this file itself is run from the sources or out of a bundle. */
const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/models/onnx-thread.js' : '../models/onnx-thread.js',
  import.meta.url,
);

/** Sessions by model; they end with the models that they belong to, or when the thread does. */
const sessions = new WeakMap<Uint8Array, OnnxSession>();
const ended = new FinalizationRegistry<Worker>((worker) => void worker.terminate());

/** One prediction per row. Errors: DEPENDENCY_MISSING, MODEL_INVALID, MODEL_FAILED. */
export function evaluateOnnx(
  model: OnnxModel,
  inputs: readonly Float64Array[],
  question: OnnxQuestion,
  rows: number,
): Float64Array {
  const known = sessions.get(model.bytes);
  const session = known ?? new OnnxSession(model);
  if (known === undefined) sessions.set(model.bytes, session);
  const out = new Float64Array(rows);
  try {
    for (let from = 0; from < rows; from += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - from);
      out.set(session.run(inputs, from, count, question), from);
    }
    return out;
  } catch (error) {
    // Its thread may hang, or still answer a question that nobody asks any more.
    sessions.delete(model.bytes);
    session.end();
    throw error;
  }
}

class OnnxSession {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #port;
  readonly #answered = new Int32Array(new SharedArrayBuffer(4));
  #asked = 0;

  constructor({ name, bytes, runtimeUrl }: OnnxModel) {
    this.#name = name;
    const { port1, port2 } = new MessageChannel();
    const setup: OnnxSetup = { port: port2, answered: this.#answered, runtimeUrl, model: bytes };
    this.#worker = new Worker(THREAD_FILE, {
      name: 'gridmill-onnx',
      workerData: setup,
      transferList: [port2],
      execArgv: [],
    });
    // Neither a thread that idles nor its port keeps the process alive.
    this.#worker.unref();
    this.#port = port1;
    this.#port.unref();
    ended.register(this, this.#worker);
  }

  run(inputs: readonly Float64Array[], from: number, rows: number, question: OnnxQuestion): Float64Array {
    const width = inputs.length;
    const features = new Float32Array(new SharedArrayBuffer(rows * width * 4));
    const out = new Float64Array(new SharedArrayBuffer(rows * 8));
    for (const [f, input] of inputs.entries()) {
      for (let r = 0; r < rows; r++) features[r * width + f] = input[from + r]!;
    }
    const { output, column } = question;
    this.#port.postMessage({ features, rows, width, output, column, out } satisfies OnnxBlock);
    const answer = this.#answer();
    if ('done' in answer) return out as Float64Array;
    throw this.#fault(answer);
  }

  end(): void {
    void this.#worker.terminate();
  }

  #answer(): OnnxAnswer {
    const before = this.#asked++;
    if (Atomics.wait(this.#answered, 0, before, LIMITS.modelRunMsMax) === 'timed-out') {
      return { fault: 'model', text: `no answer for ${LIMITS.modelRunMsMax / 1000} s` };
    }
    return (receiveMessageOnPort(this.#port) as { readonly message: OnnxAnswer }).message;
  }

  #fault({ fault, text }: Exclude<OnnxAnswer, { done: true }>): AppError {
    if (fault === 'runtime') {
      return new AppError('DEPENDENCY_MISSING', {
        found: `onnxruntime-node, which runs ${this.#name}, does not load: ${text}.`,
        todo: 'Run: npm install onnxruntime-node@1.30.0',
      });
    }
    const todo =
      fault === 'question' ? 'Correct the call of onnx in the strategy.' : 'Check the file and the features.';
    return new AppError(fault === 'question' ? 'MODEL_INVALID' : 'MODEL_FAILED', {
      found: `${this.#name}: ${text}.`,
      todo,
    });
  }
}
