// Shares one machine among computations: threads and bytes for those that run, a bounded room for those that wait.
import { assert } from '../core/assert.ts';
import type { StopReason } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';

export interface AdmissionLimits {
  /** Scoring threads of all computations together. */
  readonly threads: number;
  /** Scoring threads of one user's computations together. */
  readonly threadsPerUser: number;
  /** Bytes that computations together may take. */
  readonly bytes: number;
  /** Computations that may wait; one more is refused. */
  readonly waitingMax: number;
  /** Of one user, so that nobody fills the room alone; all of it when left out. */
  readonly waitingPerUser?: number;
}

export interface Demand {
  readonly user: string;
  readonly threads: number;
  readonly bytes: number;
  /** Higher goes first. Of equal ones goes first whose user had his turn longest ago; those of one user in the order they came. */
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

export function createMachine(limits: AdmissionLimits): Machine {
  const waiting: Waiting[] = [];
  const threadsOf = new Map<string, number>();
  /** By user, when room was last granted: those who had it longest ago come first. */
  const turns = new Map<string, number>();
  let turn = 0;
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
    turns.delete(demand.user);
    turns.set(demand.user, ++turn);
    if (turns.size > TURNS_MAX) turns.delete(turns.keys().next().value!);
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

  const hasShare = ({ user, threads: wanted }: Demand): boolean =>
    (threadsOf.get(user) ?? 0) + wanted <= limits.threadsPerUser;

  /** Who goes first of those that their own user's share does not hold back. */
  const firstInTurn = (): Waiting | undefined => {
    let first: Waiting | undefined;
    for (const entry of waiting) {
      if (!hasShare(entry.demand)) continue;
      if (first === undefined || goesBefore(entry.demand, first.demand)) first = entry;
    }
    return first;
  };
  const goesBefore = (a: Demand, b: Demand): boolean =>
    a.priority === b.priority ? (turns.get(a.user) ?? 0) < (turns.get(b.user) ?? 0) : a.priority > b.priority;

  /** Those behind one that waits for the machine itself do not overtake it, or it would wait for ever. */
  const admitWaiting = (): void => {
    for (let next = firstInTurn(); next !== undefined && fits(next.demand); next = firstInTurn()) {
      waiting.splice(waiting.indexOf(next), 1);
      next.admit(grant(next.demand));
    }
  };

  return {
    admit(demand) {
      const refusal = neverFits(demand, limits);
      if (refusal !== undefined) return { granted: Promise.reject(refusal), leave: () => undefined };
      const isFirst = !waiting.some((other) => other.demand.priority >= demand.priority);
      if (isFirst && fits(demand)) return { granted: Promise.resolve(grant(demand)), leave: () => undefined };
      const own = waiting.filter((other) => other.demand.user === demand.user).length;
      const isFull = waiting.length >= limits.waitingMax;
      if (isFull || own >= (limits.waitingPerUser ?? limits.waitingMax)) {
        return {
          granted: Promise.reject(isFull ? roomIsFull(waiting.length) : shareIsFull(own)),
          leave: () => undefined,
        };
      }
      let leave: (reason: StopReason) => void = () => undefined;
      const granted = new Promise<Release>((admit, refuse) => {
        const entry: Waiting = { demand, admit, refuse };
        waiting.push(entry);
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

/** Users whose last turn is remembered. */
const TURNS_MAX = 1_000;

function neverFits(demand: Demand, limits: AdmissionLimits): AppError | undefined {
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

const shareIsFull = (count: number): AppError =>
  new AppError('BUSY', {
    rule: 'One user may have so many requests that wait.',
    found: `${count} of this user waiting already.`,
    todo: 'Try again later, or submit it as a job.',
  });
