// What this process may use: memory and processors by the control group, and a JavaScript heap that fits into them.
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { type MachineLimits, machineLimits } from '../core/machine-limits.ts';
import { memoryShares } from '../core/memory-shares.ts';

export const ownLimits = (): MachineLimits =>
  machineLimits(readText, {
    memoryBytes: totalmem(),
    processors: allowedProcessors(readText('/proc/self/status')) ?? availableParallelism(),
  });

/** Younger than the declarations that this is compiled with: replaces the program of this process, from Node.js 22.15 on. */
type Replace = (file: string, args: readonly string[], environment: NodeJS.ProcessEnv) => never;

const HEAP_FLAG = '--max-old-space-size';

/**
 * Starts Node.js once more in this process, with a smaller heap, where a container has less memory than V8 takes for granted: it
 * sizes its heap to half of the container and more, and never below 256 MB. The heap of a running process cannot be bounded.
 * Does nothing without a control group's limit, where somebody chose a heap, and before Node.js 22.15, which cannot.
 */
export function fitHeap(): void {
  const { memoryBytes } = ownLimits();
  const { execve } = process as NodeJS.Process & { readonly execve?: Replace };
  if (memoryBytes >= totalmem() || execve === undefined) return;
  const isChosen = process.execArgv.some((flag) => flag.startsWith(HEAP_FLAG));
  if (isChosen || process.env['NODE_OPTIONS']?.includes(HEAP_FLAG) === true) return;
  const { heapBytes } = memoryShares(memoryBytes);
  if (getHeapStatistics().heap_size_limit <= heapBytes) return;
  const flag = `${HEAP_FLAG}=${Math.floor(heapBytes / 2 ** 20)}`;
  execve(process.execPath, [process.execPath, flag, ...process.execArgv, ...process.argv.slice(1)], process.env);
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Another system, or one that does not show it.
    return undefined;
  }
}

/** Processors of the affinity mask, such as `0-3,8`: what Node itself answers is cut by quotas in some of its versions. */
function allowedProcessors(status: string | undefined): number | undefined {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status ?? '')?.[1];
  return list?.split(',').reduce((sum, part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return sum + last - first + 1;
  }, 0);
}
