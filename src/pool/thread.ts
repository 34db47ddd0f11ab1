// One scoring thread as the pool sees it: messages in and out, the word it is at, and its death.
import { Worker } from 'node:worker_threads';
import { NOT_SCORING, type WorkMessage } from './messages.ts';

export interface ThreadEvents {
  readonly onMessage: (message: unknown) => void;
  /** At most once, and never after `end`. `how` completes the sentence "the thread …". */
  readonly onDeath: (how: string) => void;
}

/** One member of a pool, whatever it runs in. `Message` is what it is sent. */
export interface ScoringThread<Message = WorkMessage> {
  post(message: Message): void;
  /** What of its work the thread is at, such as the variant of its batch or the column of its list, or NOT_SCORING. */
  position(): number;
  /** Ends the thread, even inside an endless loop, and silences its events at once. */
  end(): Promise<void>;
}

/** Room for new objects in a thread, of which V8 keeps three parts: more of it makes no sweep faster. */
const YOUNG_MB = 12;

/** Starts thread `thread` of a pool on the compiled `file`, which reads `setup`, its number and the word of its position. */
export function startThread<Message = WorkMessage>(
  file: URL,
  setup: object,
  thread: number,
  heapMb: number,
  events: ThreadEvents,
): ScoringThread<Message> {
  const position = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(NOT_SCORING);
  const worker = new Worker(file, {
    name: 'gridmill-score',
    workerData: { ...setup, thread, position },
    // Not those of this process: some of them, such as --input-type, would keep a thread from starting.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let isOver = false;
  let fault: string | undefined;
  worker.on('message', (message: unknown) => {
    if (!isOver) events.onMessage(message);
  });
  worker.on('error', (error: unknown) => {
    fault = `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  });
  // Comes last: messages posted before the death have been delivered.
  worker.on('exit', (code) => {
    if (isOver) return;
    isOver = true;
    events.onDeath(fault ?? `left with exit code ${code}`);
  });
  return {
    post: (message) => worker.postMessage(message),
    position: () => Atomics.load(position, 0),
    async end() {
      isOver = true;
      await worker.terminate();
    },
  };
}
