// What the command line needs from the machine it runs on. Only src/app makes a real one; tests make their own.
import type { Clock } from '../core/clock.ts';

/** Where text goes: a terminal, a pipe or a file. Writing to a closed pipe does nothing. */
export interface TextOutput {
  write(text: string): void;
  readonly isTty: boolean;
  /** Whether colours may be used. */
  readonly color: boolean;
  /** Width in characters. */
  readonly columns: number;
}

export interface Host {
  readonly version: string;
  /** What the user types to start this program. */
  readonly calledAs: string;
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Folder of stored candles, results and caches. */
  readonly storeRoot: string;
  /** Settings by the names that begin with GRIDMILL_, USE_SQLITE and DATABASE_URL, and what schedulers say of an array job. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** A text that nobody makes twice, of A-Z a-z 0-9 and hyphens. */
  readonly newId: () => string;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** How this program is started: its interpreter and its file, for machines that see the same files. */
  readonly program: readonly string[];
  /** Processors this process may use. */
  readonly cores: number;
  /** Most resident bytes of this process so far. */
  readonly peakBytes: () => number;
  /** Memory of the machine, or of the container this process is in. */
  readonly machineBytes: () => number;
  /** Whether this is the first process of its container. */
  readonly isInit: boolean;
  /** Most bytes of JavaScript heap of the main thread. */
  readonly heapBytes: number;
  /** Processor time of all threads of this process so far, and what is resident now. */
  readonly usage: () => { readonly cpuMs: number; readonly residentBytes: number };
  /** Resident bytes of this process, as the kernel counts them. */
  readonly residentBytes: () => number;
  /** Keeps the heap of this process close to what is alive in it, as long as it is called again and again. */
  readonly boundHeap: () => void;
  /** Collects garbage and answers how many bytes of this process are resident then. */
  readonly settleHeap: () => number;
  /** Absolute path of the type declarations of the package entry, for editors. */
  readonly entryTypes: string;
  /** Imports the package entry: what `import … from 'gridmill'` means in a strategy. */
  readonly entry: () => Promise<Readonly<Record<string, unknown>>>;
  /** Calls `handler` on the first Ctrl-C or termination signal; a second one ends the process. Returns the undo. */
  readonly onInterrupt: (handler: () => void) => () => void;
}
