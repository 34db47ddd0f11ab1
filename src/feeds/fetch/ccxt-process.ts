// Starts the download process and reads its messages, each within its time.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StopToken } from '../../core/cancel.ts';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { CcxtMessage, CcxtOrder } from './ccxt-protocol.ts';

export interface CcxtProcessOptions {
  /** File of the child; the one beside this file by default. */
  readonly childEntry?: string;
  /** Environment of the child: nothing by default, so that no secret reaches it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stop?: StopToken;
  /** For loading the library. */
  readonly startMs?: number;
  /** For the first answer of the exchange: LIMITS.firstByteMsMax by default. */
  readonly firstAnswerMs?: number;
  /** Between messages after it: LIMITS.downloadIdleMsMax by default. */
  readonly idleMs?: number;
}

const START_MS = 60_000;
const STOP_POLL_MS = 50;
const LINE_CHARS_MAX = 16_777_216;
const ERROR_TEXT_MAX = 2_000;

const besideThisFile = (): string =>
  fileURLToPath(new URL(`./ccxt-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url));

/**
 * Yields the messages of one download process, which is ended when the loop is left. Errors: FETCH_FAILED when it is
 * silent for too long, dies or breaks the protocol; CANCELLED, DEADLINE.
 */
export async function* ccxtMessages(order: CcxtOrder, options: CcxtProcessOptions): AsyncGenerator<CcxtMessage> {
  const { firstAnswerMs = LIMITS.firstByteMsMax, idleMs = LIMITS.downloadIdleMsMax } = options;
  const child = spawn(process.execPath, [options.childEntry ?? besideThisFile()], {
    env: { ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = new LineQueue(child);
  // A child that dies early closes the pipe; its death is reported by the queue.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(order)}\n`);
  try {
    for (let waitMs = options.startMs ?? START_MS, what = 'to load'; ; ) {
      const line = await lines.next(waitMs, options.stop);
      if (line === 'late') throw silent(order, waitMs, what);
      if (line === undefined) throw died(order, lines.errorText);
      const message = parseMessage(order, line);
      yield message;
      if (message.type === 'done' || message.type === 'failed') return;
      waitMs = message.type === 'started' ? firstAnswerMs : idleMs;
      what = message.type === 'started' ? 'for its first answer' : 'between answers';
    }
  } finally {
    child.kill('SIGKILL');
  }
}

/** Lines of a child's output as they come, and the end of what it wrote to standard error. */
class LineQueue {
  errorText = '';
  readonly #lines: string[] = [];
  #rest = '';
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(child: ChildProcess) {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#push(text, child));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errorText = (this.errorText + text).slice(-ERROR_TEXT_MAX);
    });
    const close = (): void => {
      this.#closed = true;
      this.#wake?.();
    };
    child.on('close', close).on('error', (error) => {
      this.errorText = error.message;
      close();
    });
  }

  /** The next line, undefined at the end, 'late' after `waitMs`. Errors: CANCELLED, DEADLINE. */
  async next(waitMs: number, stop: StopToken | undefined): Promise<string | undefined | 'late'> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake?.();
    }, waitMs);
    const poll = setInterval(() => this.#wake?.(), STOP_POLL_MS);
    try {
      for (;;) {
        const reason = stop?.reason();
        if (reason !== undefined) {
          const todo = 'Run it again: pages already downloaded are kept.';
          throw new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', {
            found: 'a download under way.',
            todo,
          });
        }
        const line = this.#lines.shift();
        if (line !== undefined || this.#closed) return line;
        if (late) return 'late';
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    } finally {
      clearTimeout(timer);
      clearInterval(poll);
    }
  }

  #push(text: string, child: ChildProcess): void {
    const pieces = (this.#rest + text).split('\n');
    this.#rest = pieces.pop()!;
    this.#lines.push(...pieces);
    if (this.#rest.length > LINE_CHARS_MAX) {
      this.errorText = `a line of more than ${LINE_CHARS_MAX} characters`;
      child.kill('SIGKILL');
    }
    this.#wake?.();
  }
}

function parseMessage(order: CcxtOrder, line: string): CcxtMessage {
  try {
    const message = JSON.parse(line) as CcxtMessage;
    if (['started', 'clock', 'page', 'done', 'failed'].includes(message?.type)) return message;
  } catch {
    // Reported below like any other line that is no message.
  }
  throw new AppError('FETCH_FAILED', {
    found: `the download process for ${order.exchange} wrote ${JSON.stringify(line.slice(0, 80))}.`,
    todo: 'Install the version of ccxt that this release names.',
  });
}

const silent = (order: CcxtOrder, waitMs: number, what: string): AppError =>
  new AppError('FETCH_FAILED', {
    found: `${order.exchange} took more than ${waitMs} ms ${what}.`,
    todo: 'Check that this machine is online, then run it again.',
  });

const died = (order: CcxtOrder, errorText: string): AppError =>
  new AppError('FETCH_FAILED', {
    found: `the download process for ${order.exchange} ended early (${errorText.trim().split('\n').at(-1) || 'no reason given'}).`,
    todo: 'Run it again.',
  });
