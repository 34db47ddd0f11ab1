// One attempt at a job of the fake AWS Batch: its containers, what strikes them, and how it is said to have ended.
import type { AttemptEnd } from './batch-retry.ts';

/** What a container is started with. */
export interface BatchChild {
  /** `parent:index` for children of arrays. */
  readonly jobId: string;
  readonly jobName: string;
  /** Of a child of an array. */
  readonly index?: number;
  /** 1-based. */
  readonly attempt: number;
  /** 1 for the second container of an attempt that is started twice. */
  readonly copy: 0 | 1;
  readonly queue: string;
  readonly computeEnvironment: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Of the definition, of the overrides, and what AWS Batch adds. */
  readonly environment: Readonly<Record<string, string>>;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly isRootReadOnly: boolean;
  readonly isInitProcess: boolean;
  /** Tells of SIGTERM and SIGKILL. */
  onSignal(listener: (signal: 'SIGTERM' | 'SIGKILL') => void): void;
}

/** Runs a container to its end. Whatever it does with SIGTERM, it ends at SIGKILL. `statusReason` alone: it did not start. */
export type ExecuteChild = (child: BatchChild) => Promise<Partial<AttemptEnd>>;

/**
 * What strikes an attempt, `after` milliseconds or when that settles.
 * `fargate`: notice by SIGTERM. `ec2`: the host goes at once. `lost`: the host is taken for gone, and its container works on beside the next
 * attempt. `twin`: two containers for one attempt from its start; the first one's end counts.
 */
export type Strike =
  | { readonly how: 'fargate' | 'ec2' | 'lost'; readonly after: number | Promise<unknown> }
  | { readonly how: 'twin' };

export type Why = 'timeout' | 'terminated' | 'fargate' | 'ec2' | 'lost';

export interface AttemptTiming {
  /** Between SIGTERM and SIGKILL. */
  readonly stopMs: number;
  /** Of the attempt; none for undefined. */
  readonly timeoutMs?: number | undefined;
}

export interface RunningAttempt {
  /** How it ended, and what ended it when it did not end by itself. */
  readonly ended: Promise<{ readonly end: AttemptEnd; readonly why?: Why }>;
  terminate(): void;
  /** Kills all its containers, also those that live on unseen, and settles when they are gone. */
  destroy(): Promise<void>;
}

type Signal = 'SIGTERM' | 'SIGKILL';
const SIGNALS = { SIGTERM: 143, SIGKILL: 137 } as const;
const ESSENTIAL = 'Essential container in task exited';

/** A container with the listeners of its child. */
interface Container {
  readonly ended: Promise<Partial<AttemptEnd>>;
  signal(signal: Signal): void;
}

/** `instance` names the host in what AWS Batch says of it. */
export function startAttempt(
  child: Omit<BatchChild, 'copy' | 'onSignal'>,
  execute: ExecuteChild,
  strike: Strike | undefined,
  { stopMs, timeoutMs }: AttemptTiming,
  instance: string,
): RunningAttempt {
  const containers = [launch(child, 0, execute)];
  if (strike?.how === 'twin') containers.push(launch(child, 1, execute));
  const [first] = containers as [Container];
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, act: () => void): void => void timers.push(setTimeout(act, ms));
  let why: Why | undefined;
  let isOver = false;
  let leave: (() => void) | undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const hit = (cause: Why): void => {
    if (why !== undefined || isOver) return;
    why = cause;
    if (cause === 'lost') {
      leave?.();
    } else if (cause === 'ec2') {
      first.signal('SIGKILL');
    } else {
      first.signal('SIGTERM');
      later(stopMs, () => first.signal('SIGKILL'));
    }
  };
  if (timeoutMs !== undefined) later(timeoutMs, () => hit('timeout'));
  if (strike !== undefined && strike.how !== 'twin') {
    const { how, after } = strike;
    if (typeof after === 'number') later(after, () => hit(how));
    else void after.then(() => hit(how));
  }
  const ended = Promise.race([first.ended, left.then(() => ({}))]).then((end) => {
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
    return why === undefined ? { end: ownEnd(end) } : { end: endBy(why, end, instance), why };
  });
  return {
    ended,
    terminate: () => hit('terminated'),
    async destroy() {
      hit('terminated');
      for (const container of containers) container.signal('SIGKILL');
      await Promise.all(containers.map((container) => container.ended));
    },
  };
}

function launch(child: Omit<BatchChild, 'copy' | 'onSignal'>, copy: 0 | 1, execute: ExecuteChild): Container {
  const listeners: ((signal: Signal) => void)[] = [];
  const sent: Signal[] = [];
  let kill: ((end: Partial<AttemptEnd>) => void) | undefined;
  const killed = new Promise<Partial<AttemptEnd>>((resolve) => {
    kill = resolve;
  });
  const onSignal = (listener: (signal: Signal) => void): void => {
    listeners.push(listener);
    for (const signal of sent) listener(signal);
  };
  const ended = execute({ ...child, copy, onSignal });
  return {
    // Who does not listen dies at SIGKILL all the same.
    ended: Promise.race([ended, killed]),
    signal(signal) {
      sent.push(signal);
      for (const listener of listeners) listener(signal);
      if (signal === 'SIGKILL' && listeners.length === 0) kill?.({ exitCode: SIGNALS[signal] });
    },
  };
}

const ownEnd = ({ exitCode, reason, statusReason }: Partial<AttemptEnd>): AttemptEnd => ({
  ...(exitCode === undefined ? {} : { exitCode }),
  ...(reason === undefined ? {} : { reason }),
  statusReason: statusReason ?? ESSENTIAL,
});

/** The words of AWS Batch; a host that is gone tells nothing of its container. */
function endBy(why: Why, { exitCode }: Partial<AttemptEnd>, instance: string): AttemptEnd {
  if (why === 'ec2' || why === 'lost') return { statusReason: `Host EC2 (instance ${instance}) terminated.` };
  const words = {
    timeout: 'Job attempt duration exceeded timeout',
    fargate: 'Your Spot Task was interrupted.',
    terminated: ESSENTIAL,
  };
  return { ...(exitCode === undefined ? {} : { exitCode }), statusReason: words[why] };
}
