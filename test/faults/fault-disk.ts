// The real disk with faults: the n-th operation fails once, or it and all later ones do; writes can be short.
import { type Disk, REAL_DISK } from '../../src/store/disk.ts';

export interface FaultPlan {
  /** 1-based number of the operation that fails; Infinity for none. */
  readonly failAt: number;
  readonly mode: 'once' | 'forever';
  readonly code: string;
  /** Each write takes half of what it is given, at least one byte. */
  readonly shortWrites?: boolean;
}

export interface FaultDisk extends Disk {
  /** How many operations ran or failed. */
  readonly operations: number;
  readonly fired: boolean;
  /** From now on everything works. */
  heal(): void;
}

/** Wraps every operation of the real disk. */
export function createFaultDisk(plan: FaultPlan): FaultDisk {
  let operations = 0;
  let fired = false;
  let healed = false;
  const mustFail = (): boolean => {
    operations++;
    const fails = !healed && (plan.mode === 'once' ? operations === plan.failAt : operations >= plan.failAt);
    fired ||= fails;
    return fails;
  };
  const wrapped: Record<string, unknown> = {};
  for (const [name, real] of Object.entries(REAL_DISK) as [string, (...args: unknown[]) => unknown][]) {
    wrapped[name] = (...args: unknown[]): unknown => {
      const fails = name !== 'isProcessAlive' && mustFail();
      // A failed close still gives the handle back.
      if (fails && name === 'close') real(...args);
      if (fails) throw Object.assign(new Error(`${plan.code} injected into ${name}`), { code: plan.code });
      if (name === 'write' && plan.shortWrites === true) {
        const [handle, bytes] = args as [number, Uint8Array];
        return real(handle, bytes.subarray(0, Math.max(1, bytes.byteLength >> 1)));
      }
      return real(...args);
    };
  }
  return Object.defineProperties(wrapped as unknown as FaultDisk, {
    operations: { get: () => operations },
    fired: { get: () => fired },
    heal: { value: () => void (healed = true) },
  });
}

/**
 * Runs `attempt` with a fault at operation 1, 2, 3 ... until it runs to its end untouched, for each mode and code;
 * calls `check` after each with the healed disk and what was thrown, if anything. Answers how many faults fired.
 */
export function faultLoop(
  codes: readonly string[],
  attempt: (disk: FaultDisk) => void,
  check: (disk: FaultDisk, thrown: unknown, plan: FaultPlan) => void,
): number {
  let faults = 0;
  for (const code of codes) {
    for (const mode of ['once', 'forever'] as const) {
      for (let failAt = 1; ; failAt++) {
        const plan: FaultPlan = { failAt, mode, code };
        const disk = createFaultDisk(plan);
        let thrown: unknown;
        try {
          attempt(disk);
        } catch (error) {
          thrown = error;
        }
        disk.heal();
        check(disk, thrown, plan);
        if (!disk.fired) break;
        faults++;
      }
    }
  }
  return faults;
}
