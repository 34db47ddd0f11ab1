// What this process may use of the machine: the memory and processors that its control group leaves it.

/** Text of a file, undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

export interface MachineLimits {
  readonly memoryBytes: number;
  /** Processor time per second, in processors; a fraction where a quota says so. */
  readonly processors: number;
}

/** What the operating system says without looking at control groups. */
export interface WholeMachine {
  readonly memoryBytes: number;
  /** Processors that the affinity of this process leaves it. */
  readonly processors: number;
}

const ROOT = '/sys/fs/cgroup';

/**
 * The strictest limit on the way from the group of this process up to the root, in version 1 and 2 of control groups. A container may
 * see its own group as the root while `/proc/self/cgroup` names it as the host does; then the root is what counts.
 * Node reads some of this itself, but never the quota of version 1, and versions differ in how they round that of 2.
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst of the Linux kernel.
 */
export function machineLimits(read: ReadText, whole: WholeMachine): MachineLimits {
  let { memoryBytes, processors } = whole;
  for (const { controllers, path } of groups(read('/proc/self/cgroup') ?? '')) {
    const isUnified = controllers === '';
    const names = controllers.split(',');
    const folders = (mount: string): string[] => ancestors(path).map((group) => `${mount}${group}`);
    if (isUnified) {
      for (const folder of folders(ROOT)) {
        memoryBytes = Math.min(memoryBytes, bytesOf(read(`${folder}/memory.max`)));
        processors = Math.min(processors, ...quotaOf(read(`${folder}/cpu.max`)));
      }
    } else if (names.includes('memory')) {
      for (const folder of folders(`${ROOT}/memory`)) {
        memoryBytes = Math.min(memoryBytes, bytesOf(read(`${folder}/memory.limit_in_bytes`)));
      }
    } else if (names.includes('cpu')) {
      for (const folder of [...folders(`${ROOT}/${controllers}`), ...folders(`${ROOT}/cpu`)]) {
        const parts = [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)];
        processors = Math.min(processors, ...quotaOf(parts.join(' ')));
      }
    }
  }
  return { memoryBytes, processors };
}

/** Threads that keep a share of the processors busy: a quota of 1.5 is used up by two. */
export const threadsFor = (processors: number): number => Math.max(1, Math.ceil(processors));

/** Lines like `4:memory:/docker/ab` (version 1) and `0::/docker/ab` (version 2). */
function groups(text: string): { readonly controllers: string; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers, path }];
  });
}

/** `/a/b` as `/a/b`, `/a` and the root, which is empty. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, i) =>
    parts
      .slice(0, parts.length - i)
      .map((part) => `/${part}`)
      .join(''),
  );
}

/** `max` and the page-rounded 2^63 of version 1 are no limits; both are more than any machine has. */
function bytesOf(text: string | undefined): number {
  const bytes = Number(text?.trim() || Number.NaN);
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
}

/** `50000 100000` is half a processor; `max 100000` and `-1 100000` are no quota. */
function quotaOf(text: string | undefined): number[] {
  const [quota = Number.NaN, period = Number.NaN] = (text ?? '').trim().split(/\s+/).map(Number);
  return quota > 0 && period > 0 ? [quota / period] : [];
}
