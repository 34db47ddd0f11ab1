// Shares one machine among computations: threads and bytes for those that run, a bounded room for those that wait.
import { assert } from '../core/assert.ts';
import type { StopReason } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';

export interface MachineLimits {
  /** Scoring threads of all computations together. */
  readonly threads: number;
  /** Scoring threads of one user's computations together. */
  readonly threadsPerUser: number;
  /** Bytes that computations together may take. */
  readonly bytes: number;
  /** Computations that may wait; one more is refused. */
  readonly waitingMax: number;
}

export interface Demand {
  readonly user: string;
  readonly threads: number;
  readonly bytes: number;
  /** Higher goes first; equal ones go in the order they came. */
  readonly priority: number;
}

/** Gives back what was granted. Calling it again does nothing. */
export type Release = () => void;

interface Waiting {
  readonly demand: Demand;
  readonly admit: (release: Release) => void;
  readonly refuse: (error: AppError) => void;
}

export interface MachineStatus {
  readonly running: number;
  readonly waiting: number;
  readonly threadsBusy: number;
  readonly threads: number;
  readonly bytesGranted: number;
  readonly bytes: number;
}

export interface Machine {
  /**
   * Resolves when the demand has room, with what gives it back. `leave` takes it out of the waiting room, with CANCELLED
   * or DEADLINE. Errors: BUSY when the room is full, BUDGET_BYTES and LIMIT_EXCEEDED for what never fits.
   */
  admit(demand: Demand): { readonly granted: Promise<Release>; readonly leave: (reason: StopReason) => void };
  /** Whether somebody of a higher priority waits for room. */
  isWantedAbove(priority: number): boolean;
  /** Calls `listener` each time when nothing has run or waited for `quietMs`, counted from now at first. One listener at most. */
  onQuiet(quietMs: number, listener: () => void): void;
  status(): MachineStatus;
}

export function createMachine(limits: MachineLimits): Machine {
  const waiting: Waiting[] = [];
  const threadsOf = new Map<string, number>();
  let running = 0;
  let threads = 0;
  let bytes = 0;
  let quiet: { readonly ms: number; readonly listener: () => void } | undefined;
  let quietTimer: NodeJS.Timeout | undefined;

  const awaitQuiet = (): void => {
    clearTimeout(quietTimer);
    if (quiet === undefined || running > 0 || waiting.length > 0) return;
    quietTimer = setTimeout(quiet.listener, quiet.ms).unref();
  };

  const fits = ({ user, threads: wanted, bytes: room }: Demand): boolean =>
    threads + wanted <= limits.threads &&
    bytes + room <= limits.bytes &&
    (threadsOf.get(user) ?? 0) + wanted <= limits.threadsPerUser;

  const grant = (demand: Demand): Release => {
    const move = (sign: 1 | -1): void => {
      running += sign;
      threads += sign * demand.threads;
      bytes += sign * demand.bytes;
      const own = (threadsOf.get(demand.user) ?? 0) + sign * demand.threads;
      if (own === 0) threadsOf.delete(demand.user);
      else threadsOf.set(demand.user, own);
    };
    move(1);
    clearTimeout(quietTimer);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      move(-1);
      assert(threads >= 0 && bytes >= 0, 'what is given back was granted');
      admitWaiting();
      awaitQuiet();
    };
  };

  /** In order: whoever is first of those that their own user's share does not hold back. */
  const admitWaiting = (): void => {
    for (let at = 0; at < waiting.length; ) {
      const { demand, admit } = waiting[at]!;
      if (fits(demand)) {
        waiting.splice(at, 1);
        admit(grant(demand));
        continue;
      }
      // Those behind one that waits for the machine itself must not overtake it, or it would wait for ever.
      if ((threadsOf.get(demand.user) ?? 0) + demand.threads <= limits.threadsPerUser) return;
      at++;
    }
  };

  return {
    admit(demand) {
      const refusal = neverFits(demand, limits);
      if (refusal !== undefined) return { granted: Promise.reject(refusal), leave: () => undefined };
      const isFirst = !waiting.some((other) => other.demand.priority >= demand.priority);
      if (isFirst && fits(demand)) return { granted: Promise.resolve(grant(demand)), leave: () => undefined };
      if (waiting.length >= limits.waitingMax) {
        return { granted: Promise.reject(roomIsFull(waiting.length)), leave: () => undefined };
      }
      let leave: (reason: StopReason) => void = () => undefined;
      const granted = new Promise<Release>((admit, refuse) => {
        const entry: Waiting = { demand, admit, refuse };
        const before = waiting.findIndex((other) => other.demand.priority < demand.priority);
        waiting.splice(before < 0 ? waiting.length : before, 0, entry);
        leave = (reason) => {
          const at = waiting.indexOf(entry);
          if (at < 0) return;
          waiting.splice(at, 1);
          const found = 'a request that was still waiting for room.';
          refuse(new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Ask again later.' }));
          admitWaiting();
          awaitQuiet();
        };
        admitWaiting();
      });
      return { granted, leave };
    },
    onQuiet(ms, listener) {
      assert(quiet === undefined, 'a machine has one listener for quiet');
      quiet = { ms, listener };
      awaitQuiet();
    },
    isWantedAbove: (priority) => waiting.some(({ demand }) => demand.priority > priority),
    status: () => ({
      running,
      waiting: waiting.length,
      threadsBusy: threads,
      threads: limits.threads,
      bytesGranted: bytes,
      bytes: limits.bytes,
    }),
  };
}

function neverFits(demand: Demand, limits: MachineLimits): AppError | undefined {
  const threadsMax = Math.min(limits.threads, limits.threadsPerUser);
  if (demand.threads > threadsMax) {
    return new AppError('LIMIT_EXCEEDED', {
      rule: `A request may take at most ${threadsMax} threads.`,
      found: `${demand.threads}.`,
      todo: 'Ask for fewer.',
    });
  }
  if (demand.bytes <= limits.bytes) return undefined;
  return new AppError('BUDGET_BYTES', {
    rule: `All computations together may take ${limits.bytes.toLocaleString('en')} bytes.`,
    found: `${demand.bytes.toLocaleString('en')} bytes for one.`,
    todo: 'Ask for less, or raise the budget of the service.',
  });
}

const roomIsFull = (count: number): AppError =>
  new AppError('BUSY', {
    found: `${count} requests waiting already.`,
    todo: 'Try again later, or submit it as a job.',
  });
