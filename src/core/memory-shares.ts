// How the memory of a machine or a container is shared out where nobody says otherwise, and the refusal of more than there is.
import { AppError } from './errors.ts';

export interface MemoryShares {
  /** JavaScript heap of the main thread: old objects, without those just made. */
  readonly heapBytes: number;
  /** One sweep, run or study of the command line, with everything the process takes. */
  readonly commandBytes: number;
  /** All computations of a service together. */
  readonly computeBytes: number;
  /** Candles that a service keeps. */
  readonly mirrorBytes: number;
  /** Answers that a service keeps. */
  readonly answerBytes: number;
}

const MIB = 2 ** 20;
/** Less of a heap, and reading a long file or answering a large result would fail where there is memory. */
const HEAP_BYTES_MIN = 64 * MIB;

/**
 * Shares of `memoryBytes`. Those of a service leave about a third: for Node.js itself, the heap, and what the kernel counts
 * (files being written, memory-backed folders). A heap that V8 sizes by itself may be larger than a small container.
 */
export function memoryShares(memoryBytes: number): MemoryShares {
  const share = (part: number, most = Number.POSITIVE_INFINITY): number =>
    Math.floor(Math.min(most, memoryBytes * part));
  return {
    heapBytes: Math.max(HEAP_BYTES_MIN, share(1 / 4)),
    commandBytes: share(3 / 4),
    computeBytes: share(1 / 2, 2 ** 32),
    mirrorBytes: share(1 / 8, 2 ** 30),
    answerBytes: share(1 / 32, 2 ** 27),
  };
}

/** `names` say what was asked for. Errors: BUDGET_BYTES when together it is more than there is. */
export function checkWithinMemory(
  wanted: readonly { readonly name: string; readonly bytes: number }[],
  memoryBytes: number,
): void {
  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= memoryBytes) return;
  const list = wanted.map(({ name, bytes }) => `${name} ${text(Math.ceil(bytes / MIB))}`).join(' + ');
  throw new AppError('BUDGET_BYTES', {
    rule: 'A budget must lie within the memory of the machine, or of the container.',
    found: `${list}${wanted.length > 1 ? ` = ${text(Math.ceil(total / MIB))}` : ''}; there are ${text(Math.floor(memoryBytes / MIB))}.`,
    todo: 'Give less, leave it out to have it chosen, or give the container more memory.',
  });
}

const text = (mebibytes: number): string => `${mebibytes.toLocaleString('en')} MiB`;
