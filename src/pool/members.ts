// The members of a pool: starts them in numbered places, tells slow from hung, ends them and says who died at what.
import { NOT_SCORING } from './messages.ts';
import type { ScoringThread, ThreadEvents } from './thread.ts';

export interface Member<Job, State, Message> {
  readonly thread: ScoringThread<Message>;
  readonly number: number;
  /** In the order the thread does them. */
  readonly assigned: Job[];
  /** What the owner of the pool remembers of it. */
  readonly state: State;
  lastPosition: number;
  silentTicks: number;
  /** It is being ended, gets no more work and is not listened to. */
  isEnding: boolean;
}

/** How a member was lost. */
export interface Death {
  /** Completes the sentence "a thread that …". */
  readonly how: string;
  /** Where it was in its oldest job, or NOT_SCORING. */
  readonly position: number;
  /** It got no further for too long and was ended. */
  readonly wasHung: boolean;
}

export interface MembersOptions<Job, State, Message> {
  /** Most members at a time: numbers go from 0 to places - 1, and no two that live have the same. */
  readonly places: number;
  readonly start: (events: ThreadEvents, number: number) => ScoringThread<Message>;
  readonly createState: () => State;
  /** A member with a job that gets no further for this long counts as hung. */
  readonly silenceMs: number;
  readonly onMessage: (member: Member<Job, State, Message>, message: unknown) => void;
  /** It is no member any more; its jobs are still in `assigned`. */
  readonly onDeath: (member: Member<Job, State, Message>, death: Death) => void;
  /** The system refuses another thread, or the setup cannot be sent. */
  readonly onRefused: (error: Error) => void;
  /** It hangs and could not be ended: it may still write to the memory it was given. */
  readonly onStuck: (member: Member<Job, State, Message>, how: string) => void;
}

/** Silence is counted in ticks of the event loop, so that a busy calling thread is not mistaken for hung threads. */
const TICK_MS = 250;
/** A thread that has work but is not at it is starting, and gets at least this long: machines can be busy. */
const START_MS = 10_000;
/** A thread stuck in native code cannot be ended; nobody waits for it longer than this. */
const END_MS = 1000;

export class Members<Job, State, Message> {
  /** How often `checkSilence` is to be called. */
  readonly tickMs: number;
  readonly #options: MembersOptions<Job, State, Message>;
  /** Lets go of all that threads share when the pool is closed. */
  #start: MembersOptions<Job, State, Message>['start'] | undefined;
  readonly #all = new Set<Member<Job, State, Message>>();
  readonly #freeNumbers: number[];

  constructor(options: MembersOptions<Job, State, Message>) {
    this.#options = options;
    this.#start = options.start;
    this.#freeNumbers = Array.from({ length: options.places }, (_, i) => options.places - 1 - i);
    this.tickMs = Math.min(TICK_MS, options.silenceMs / 4);
  }

  get strength(): number {
    return this.#all.size;
  }

  get hasPlace(): boolean {
    return this.#freeNumbers.length > 0;
  }

  [Symbol.iterator](): IterableIterator<Member<Job, State, Message>> {
    return this.#all.values();
  }

  /** Starts one more member; undefined when there is no place, after `close`, or when the system refuses. */
  add(): Member<Job, State, Message> | undefined {
    const number = this.#freeNumbers.pop();
    if (number === undefined || this.#start === undefined) return undefined;
    try {
      const events: ThreadEvents = {
        onMessage: (message) => {
          if (this.#all.has(member) && !member.isEnding) this.#options.onMessage(member, message);
        },
        onDeath: (how) => this.#bury(member, how, false),
      };
      const thread = this.#start(events, number);
      const state = this.#options.createState();
      const member: Member<Job, State, Message> = {
        thread,
        number,
        assigned: [],
        state,
        lastPosition: NOT_SCORING,
        silentTicks: 0,
        isEnding: false,
      };
      this.#all.add(member);
      return member;
    } catch (error) {
      this.#freeNumbers.push(number);
      this.#options.onRefused(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  /** Ends members that got no further for too long. To be called every `tickMs`. */
  checkSilence(): void {
    const { silenceMs } = this.#options;
    for (const member of this.#all) {
      if (member.isEnding) continue;
      const position = member.thread.position();
      const isSilent = member.assigned.length > 0 && position === member.lastPosition;
      member.silentTicks = isSilent ? member.silentTicks + 1 : 0;
      member.lastPosition = position;
      const limitMs = position === NOT_SCORING ? Math.max(silenceMs, START_MS) : silenceMs;
      if (member.silentTicks * this.tickMs > limitMs) {
        void this.endHung(member, `gave no sign of life for ${limitMs / 1000} s`);
      }
    }
  }

  /** Ends a member in the middle of its job. It counts as dead only when it is gone: until then it may write. */
  async endHung(member: Member<Job, State, Message>, how: string): Promise<void> {
    member.isEnding = true;
    if (await within(member.thread.end(), END_MS)) this.#bury(member, how, true);
    else this.#options.onStuck(member, how);
  }

  /** Ends a member that has nothing to do. False when it could not be ended, or died meanwhile. */
  async dismiss(member: Member<Job, State, Message>): Promise<boolean> {
    member.isEnding = true;
    if (!(await within(member.thread.end(), END_MS)) || !this.#all.delete(member)) return false;
    this.#freeNumbers.push(member.number);
    return true;
  }

  /** Forgets a member that cannot be ended; its place stays taken. */
  abandon(member: Member<Job, State, Message>): void {
    this.#all.delete(member);
  }

  /** Ends all. False when some thread could not be ended in time. */
  async close(): Promise<boolean> {
    const threads = [...this.#all].map(({ thread }) => thread);
    this.#start = undefined;
    this.#all.clear();
    return within(Promise.all(threads.map((thread) => thread.end())), END_MS);
  }

  #bury(member: Member<Job, State, Message>, how: string, wasHung: boolean): void {
    if (!this.#all.delete(member)) return;
    this.#freeNumbers.push(member.number);
    this.#options.onDeath(member, { how, position: member.thread.position(), wasHung });
  }
}

/** Whether `done` comes within `ms`. */
async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
    timer.unref();
  });
  const isDone = await Promise.race([done.then(() => true), late]);
  clearTimeout(timer);
  return isDone;
}
