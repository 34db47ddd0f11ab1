// Downloads one file within limits of time and size, trying again where that can help.
import type { StopToken } from '../../core/cancel.ts';
import { AppError, isAppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { reasonOf } from '../input-fault.ts';
import { type HttpAnswer, type HttpFetch, leave } from './guarded-fetch.ts';

export interface DownloadDeps {
  readonly fetch: HttpFetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1): spreads retries. */
  readonly random?: () => number;
  readonly stop?: StopToken;
  /** LIMITS.firstByteMsMax by default. */
  readonly firstByteMs?: number;
  /** LIMITS.downloadIdleMsMax by default. */
  readonly idleMs?: number;
  /** LIMITS.downloadBytesMax by default. */
  readonly bytesMax?: number;
}

const RETRY_AFTER_MS_MAX = 60_000;

/**
 * Downloads files one after another. Until the first answer has come nothing is tried again: an offline machine is told
 * so within the time of one first byte. After that a file has LIMITS.downloadAttemptsMax attempts.
 */
export class Downloader {
  readonly #deps: DownloadDeps;
  #answered = false;

  constructor(deps: DownloadDeps) {
    this.#deps = deps;
  }

  /** The bytes at `url`, or undefined when the server says there is no such file. Errors: FETCH_FAILED, FETCH_FORBIDDEN, LIMIT_EXCEEDED, CANCELLED, DEADLINE. */
  async get(url: string): Promise<Buffer | undefined> {
    for (let attempt = 1; ; attempt++) {
      this.checkStop();
      try {
        return await this.#attempt(url);
      } catch (error) {
        const failure = isAppError(error) ? error : noAnswer(url, error);
        if (!failure.retryable || !this.#answered || attempt === LIMITS.downloadAttemptsMax) throw failure;
        const wait = failure.cause instanceof RetryAfter ? failure.cause.ms : 1_000 * 2 ** (attempt - 1);
        await this.#deps.sleep(wait * (1 + (this.#deps.random?.() ?? 0) / 2));
      }
    }
  }

  /** Throws when the run is to stop. */
  checkStop(): void {
    const reason = this.#deps.stop?.reason();
    if (reason !== undefined) {
      const todo = 'Run it again: files already downloaded are kept.';
      throw new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found: 'a download under way.', todo });
    }
  }

  async #attempt(url: string): Promise<Buffer | undefined> {
    const { firstByteMs = LIMITS.firstByteMsMax, idleMs = LIMITS.downloadIdleMsMax } = this.#deps;
    const abort = new AbortController();
    let found = `no first byte within ${firstByteMs} ms`;
    const late = (): void => abort.abort(new Error(found));
    let timer = setTimeout(late, firstByteMs);
    try {
      const answer = await aborting(this.#deps.fetch(url, { signal: abort.signal }), abort.signal);
      this.#answered = true;
      if (answer.status === 404) {
        await leave(answer.body);
        return undefined;
      }
      if (answer.status !== 200) {
        await leave(answer.body);
        throw badStatus(url, answer);
      }
      return await this.#readBody(url, answer, abort.signal, () => {
        clearTimeout(timer);
        found = `no byte for ${idleMs} ms`;
        timer = setTimeout(late, idleMs);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #readBody(url: string, answer: HttpAnswer, signal: AbortSignal, onBytes: () => void): Promise<Buffer> {
    const bytesMax = this.#deps.bytesMax ?? LIMITS.downloadBytesMax;
    const declared = Number(answer.headers.get('content-length') ?? Number.NaN);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const body = answer.body[Symbol.asyncIterator]();
    try {
      if (declared > bytesMax) throw tooLarge(url, bytesMax);
      for (;;) {
        const part = await aborting(body.next(), signal);
        if (part.done === true) break;
        onBytes();
        bytes += part.value.length;
        if (bytes > bytesMax) throw tooLarge(url, bytesMax);
        parts.push(part.value);
        this.checkStop();
      }
    } catch (error) {
      // Not awaited: a body that hangs would hang here too.
      body.return?.().catch(() => undefined);
      throw error;
    }
    if (bytes < declared) throw noAnswer(url, new Error(`the answer ends after ${bytes} of ${declared} bytes`));
    return Buffer.concat(parts);
  }
}

/** Carries the wait that a server asked for. */
class RetryAfter extends Error {
  readonly ms: number;
  constructor(ms: number) {
    super('the server asks to wait');
    this.ms = ms;
  }
}

/** `work`, or the reason of `signal` as soon as it aborts, whether or not the work notices. */
function aborting<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function badStatus(url: string, { status, headers }: HttpAnswer): AppError {
  const busy = status === 429 || status >= 500;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const cause = seconds >= 0 ? new RetryAfter(Math.min(seconds * 1_000, RETRY_AFTER_MS_MAX)) : undefined;
  return new AppError(busy ? 'FETCH_FAILED' : 'FETCH_FORBIDDEN', {
    rule: 'A download must answer with status 200.',
    found: `status ${status} from ${url}.`,
    todo: busy ? 'Try again later.' : 'Check the symbol and that the exchange serves your country.',
    cause,
  });
}

const tooLarge = (url: string, bytesMax: number): AppError =>
  new AppError('LIMIT_EXCEEDED', {
    found: `more than ${bytesMax} bytes from ${url}.`,
    todo: 'Report the address if it is right.',
  });

function noAnswer(url: string, error: unknown): AppError {
  const { hostname, pathname } = new URL(url);
  const found = `${hostname} gave no ${pathname.slice(pathname.lastIndexOf('/') + 1)} (${reasonOf(error)}).`;
  return new AppError('FETCH_FAILED', {
    found,
    todo: 'Check that this machine is online, then run it again.',
    cause: error,
  });
}
