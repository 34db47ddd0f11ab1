// The inside of the thread that runs ONNX models: its one package answers asynchronously, its caller waits.
import { type MessagePort, workerData } from 'node:worker_threads';

/** What a thread of inference is told once. All numbers lie in shared memory. */
export interface OnnxSetup {
  readonly port: MessagePort;
  /** One word: the number of answers given. The caller sleeps on it. */
  readonly answered: Int32Array;
  readonly runtimeUrl: string;
  readonly model: Uint8Array;
}

/** Rows of features, one behind the other as float32; predictions of `output` and `column` go to `out`. */
export interface OnnxBlock {
  readonly features: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly output: string | undefined;
  readonly column: number | undefined;
  readonly out: Float64Array;
}

export type OnnxAnswer =
  | { readonly done: true }
  | { readonly fault: 'runtime' | 'model' | 'question'; readonly text: string };

/** The part of onnxruntime-node that is used. */
interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
}
interface Runtime {
  readonly InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;
}

/** One thread, and none that spins while it waits: a sweep has its own threads. */
const OPTIONS = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
};

/** A question that the model cannot answer as it is asked. */
class Unanswerable extends Error {}

async function serve({ port, answered, runtimeUrl, model }: OnnxSetup): Promise<void> {
  let opened: { readonly runtime: Runtime; readonly session: Session } | undefined;
  const open = async () => {
    const loaded = (await import(runtimeUrl)) as Runtime & { readonly default?: Runtime };
    const runtime = loaded.default ?? loaded;
    const session = await runtime.InferenceSession.create(new Uint8Array(model), OPTIONS);
    return { runtime, session };
  };
  const say = (answer: OnnxAnswer): void => {
    port.postMessage(answer);
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  };
  port.on('message', async (block: OnnxBlock) => {
    try {
      opened ??= await open();
      await predict(opened.runtime, opened.session, block);
      say({ done: true });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const missing = (error as { code?: string }).code?.includes('MODULE_NOT_FOUND') === true;
      say({ fault: missing ? 'runtime' : error instanceof Unanswerable ? 'question' : 'model', text });
    }
  });
}

async function predict(runtime: Runtime, session: Session, block: OnnxBlock): Promise<void> {
  const { rows, width, out } = block;
  if (session.inputNames.length !== 1) {
    throw new Unanswerable(
      `it has ${session.inputNames.length} inputs: ${session.inputNames.join(', ')}; one tensor of rows and features is fed`,
    );
  }
  const { outputNames } = session;
  const output = block.output ?? (outputNames.length === 1 ? outputNames[0]! : undefined);
  if (output === undefined || !outputNames.includes(output)) {
    throw new Unanswerable(
      `it has the outputs ${outputNames.join(', ')}; choose one with { output: '${outputNames.at(-1)}' }`,
    );
  }
  const input = new runtime.Tensor('float32', new Float32Array(block.features), [rows, width]);
  const answer = (await session.run({ [session.inputNames[0]!]: input }, [output]))[output];
  if (answer?.dims === undefined || answer.dims[0] !== rows || answer.dims.length > 2) {
    throw new Unanswerable(
      `output ${output} has the shape [${answer?.dims}] for ${rows} rows; it must be one number, or a row of them, per row`,
    );
  }
  const columns = answer.dims[1] ?? 1;
  const column = block.column ?? (columns === 1 ? 0 : undefined);
  if (column === undefined || column >= columns) {
    throw new Unanswerable(`output ${output} has ${columns} columns; choose one with { column: ${columns - 1} }`);
  }
  for (let r = 0; r < rows; r++) out[r] = Number(answer.data[r * columns + column]);
}

void serve(workerData as OnnxSetup);
