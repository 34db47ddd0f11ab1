// One member of a pool as a process of its own: fenced in, watched for memory, ended with this process.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../core/limits.ts';
import { type Boundary, childrenOf, FENCE_PATH, fencedCommand, residentBytes } from './boundary.ts';
import { frameOf, frameReader } from './frames.ts';
import { MESSAGE_FD, POSITION_FD } from './process-channel.ts';

export interface ProcessMemberOptions {
  /** The compiled entry, which calls openProcessChannel. */
  readonly entry: URL;
  readonly boundary: Boundary;
  /** Files and folders it may read besides the entry's own folder, absolute. */
  readonly readable: readonly string[];
  /** Its first message, as `frameOf` writes it: the same bytes serve every member of a pool. */
  readonly setup?: Buffer;
  /** Megabytes of JavaScript heap. */
  readonly heapMb: number;
  /** Resident bytes beyond which it is killed. */
  readonly memoryBytesMax: number;
}

export interface MemberEvents {
  readonly onMessage: (message: unknown) => void;
  /** At most once, and never after `end`. `how` completes the sentence "the thread …". */
  readonly onDeath: (how: string) => void;
}

/** A pool's member: what src/pool calls a ScoringThread. */
export interface ProcessMember {
  post(message: unknown): void;
  /** What it said last of where it is, or -1. */
  position(): number;
  end(): Promise<void>;
}

/** Memory grows by some gigabytes a second at most: between two looks by a few hundred megabytes. */
const LOOK_MS = 50;
/** Kept of what it wrote to stderr: where Node says why it gave up. */
const STDERR_BYTES = 8192;
const NOWHERE = -1;
const MB = 2 ** 20;

/** Starts a process and sends it its setup. A start that fails is a death. */
export function startProcessMember(options: ProcessMemberOptions, events: MemberEvents): ProcessMember {
  const { memoryBytesMax, heapMb } = options;
  const child = spawnFenced(options);
  const pipe = child.stdio[MESSAGE_FD] as unknown as Writable & Readable;
  let at = NOWHERE;
  let fault: string | undefined;
  let isOver = false;
  let sinceAsked = 0;
  let stderr = '';
  let closed = false;
  const done = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = (): void => {
    for (const pid of treeOf(child)) tryKill(pid);
  };
  const fail = (how: string): void => {
    fault ??= how;
    kill();
  };
  const read = frameReader(LIMITS.memberMessageBytesMax, (message) => {
    if (++sinceAsked > LIMITS.memberMessagesMax) throw new RangeError(`${sinceAsked} messages that nobody asked for`);
    if (!isOver) events.onMessage(message);
  });
  pipe.on('data', (piece: Buffer) => {
    if (isOver || fault !== undefined) return;
    try {
      read(piece);
    } catch (error) {
      fail(`sent ${error instanceof RangeError ? error.message : 'a message that does not read'} and was killed`);
    }
  });
  (child.stdio[POSITION_FD] as Readable).on('data', (bytes: Buffer) => {
    if (bytes.length >= 4) at = bytes.readInt32LE(bytes.length - 4);
  });
  child.stderr!.on('data', (text: Buffer) => {
    stderr = (stderr + text.toString()).slice(-STDERR_BYTES);
  });
  // A pipe to a process that has died breaks; its death is told by `close`.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  const watch = setInterval(() => {
    const bytes = treeOf(child).reduce((sum, pid) => sum + residentBytes(pid), 0);
    if (bytes > memoryBytesMax)
      fail(`took ${Math.round(bytes / MB)} MB of memory, more than ${Math.round(memoryBytesMax / MB)}, and was killed`);
  }, LOOK_MS).unref();
  const over = (how: string): void => {
    clearInterval(watch);
    closed = true;
    if (isOver) return;
    isOver = true;
    events.onDeath(fault ?? how);
  };
  child.once('error', (error) => over(`could not be started: ${error.message}`));
  child.once('close', (code, signal) => over(howItLeft(code, signal, stderr, heapMb)));
  if (options.setup !== undefined) pipe.write(options.setup);
  return {
    post(message) {
      sinceAsked = 0;
      if (!closed) pipe.write(frameOf(message));
    },
    position: () => at,
    async end() {
      isOver = true;
      kill();
      await done;
    },
  };
}

function spawnFenced({ entry, boundary, readable, heapMb }: ProcessMemberOptions): ChildProcess {
  const folder = fileURLToPath(new URL('.', entry));
  const allowed = [folder, ...readable];
  const { file, args } = fencedCommand(boundary.kind, {
    readable: allowed,
    nodeArgs: [...permissionFlags(allowed), `--max-old-space-size=${heapMb}`, fileURLToPath(entry)],
  });
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return spawn(file, args, {
    // PATH is for the shell that builds the fence. Inside, the time zone is all there is.
    env: { PATH: FENCE_PATH, TZ: timeZone },
    cwd: '/',
    // A group of its own: a signal to the whole group, which any process may send, must not reach this one.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
}

/** Node's own fence. In Node 24 its module sqlite opens files past it, so that module is switched off. */
function permissionFlags(readable: readonly string[]): string[] {
  const known = process.allowedNodeEnvironmentFlags;
  return [
    known.has('--permission') ? '--permission' : '--experimental-permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...(known.has('--experimental-sqlite') ? ['--no-experimental-sqlite'] : []),
    '--no-addons',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
  ];
}

/** The process that was spawned and what came of it, outermost first. */
function treeOf({ pid }: ChildProcess): number[] {
  if (pid === undefined) return [];
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) tree.push(...childrenOf(tree[i]!));
  return tree;
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function howItLeft(code: number | null, signal: NodeJS.Signals | null, stderr: string, heapMb: number): string {
  if (/heap out of memory|Reached heap limit/.test(stderr)) return `ran out of its ${heapMb} MB of heap memory`;
  const last = stderr
    .trim()
    .split('\n')
    .find((line) => /Error\b|^\w+: /.test(line));
  const said = last === undefined ? '' : `: ${last.trim().slice(0, 200)}`;
  return signal === null ? `left with exit code ${code}${said}` : `was ended by ${signal}${said}`;
}
