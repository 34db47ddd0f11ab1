// Sends requests over fetch: token, query, time limits, and another try where sending twice cannot do anything twice.
import { GridmillError, refusal } from './gridmill-error.ts';
import { CLIENT_LIMITS } from './limits.ts';

export interface ClientOptions {
  /** Where the service answers, such as http://127.0.0.1:8080; a path in it goes before those of the routes. */
  readonly url: string;
  readonly token?: string;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** Milliseconds for a request that is answered whole; CLIENT_LIMITS.answerMsMax when left out. */
  readonly timeoutMs?: number;
  /** Milliseconds before the second try of a request; CLIENT_LIMITS.backoffMs when left out. */
  readonly backoffMs?: number;
}

export interface CallOptions {
  /** Aborting gives up the request, with the reason of the signal; the service then stops computing for it. */
  readonly signal?: AbortSignal;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type RequestBytes = NonNullable<RequestInit['body']>;

export interface Asked extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly bytes?: RequestBytes;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a request that is no GET: whether sending it twice does what sending it once does. */
  readonly isRepeatable?: boolean;
}

export interface Transport {
  /** The whole answer, read as `read` says. */
  whole<T>(path: string, asked: Asked, read: (response: Response) => Promise<T>): Promise<T>;
  json<T>(path: string, asked?: Asked): Promise<T>;
  bytes(path: string, asked?: Asked): Promise<Uint8Array<ArrayBuffer>>;
  /** The answer once its head is there; its body is read, and its silence watched, by the caller. One try. */
  open(path: string, asked: Asked): Promise<Response>;
  /** Waits before try number `tries` + 1, as long as `error` asks for. */
  pause(tries: number, error: GridmillError | undefined, signal?: AbortSignal): Promise<void>;
}

export function createTransport(options: ClientOptions): Transport {
  const { token, timeoutMs = CLIENT_LIMITS.answerMsMax, backoffMs = CLIENT_LIMITS.backoffMs } = options;
  const base = options.url.endsWith('/') ? options.url : `${options.url}/`;

  const open = async (path: string, asked: Asked): Promise<Response> => {
    const { method = 'GET', query = {}, body, bytes, signal } = asked;
    const target = new URL(path.slice(1), base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...asked.headers,
    };
    const content = body === undefined ? bytes : JSON.stringify(body);
    // Streams are sent while the answer is not there yet.
    const stream = content instanceof ReadableStream ? { duplex: 'half' as const } : {};
    const ask = options.fetch ?? fetch;
    let response: Response;
    try {
      response = await ask(target, { method, headers, body: content, signal, redirect: 'error', ...stream });
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(target, error);
    }
    if (!response.ok) throw await refusal(response);
    return response;
  };

  const once = async <T>(path: string, asked: Asked, read: (response: Response) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = asked.signal === undefined ? limit : AbortSignal.any([asked.signal, limit]);
    try {
      const response = await open(path, { ...asked, signal });
      return await read(response);
    } catch (error) {
      asked.signal?.throwIfAborted();
      if (limit.aborted) throw late(path, timeoutMs);
      if (error instanceof GridmillError) throw error;
      throw unreadable(path, error);
    }
  };

  const pause = (tries: number, error: GridmillError | undefined, signal?: AbortSignal): Promise<void> => {
    const grown = Math.min(backoffMs * 2 ** (tries - 1), CLIENT_LIMITS.backoffMsMax);
    const wanted = Math.min(error?.retryAfterMs ?? 0, CLIENT_LIMITS.retryAfterMsMax);
    return sleep(Math.max(grown, wanted), signal);
  };

  const whole = async <T>(path: string, asked: Asked, read: (response: Response) => Promise<T>): Promise<T> => {
    const isRepeatable = (asked.method ?? 'GET') === 'GET' || asked.isRepeatable === true;
    for (let tries = 1; ; tries++) {
      try {
        return await once(path, asked, read);
      } catch (error) {
        if (!isRepeatable || tries >= CLIENT_LIMITS.triesMax || !isPassing(error)) throw error;
        await pause(tries, error, asked.signal);
      }
    }
  };
  const json = <T>(path: string, asked: Asked = {}): Promise<T> =>
    whole(path, asked, async (response) => (await response.json()) as T);
  const bytes = (path: string, asked: Asked = {}): Promise<Uint8Array<ArrayBuffer>> =>
    whole(path, asked, async (response) => new Uint8Array(await response.arrayBuffer()));
  return { whole, json, bytes, open, pause };
}

/** What may be otherwise in a moment. A deadline that passed would pass again. */
export const isPassing = (error: unknown): error is GridmillError =>
  error instanceof GridmillError && error.retryable && error.status !== 504 && error.code !== 'ANSWER_LATE';

/** Errors: the reason of the signal. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal?.addEventListener('abort', leave, { once: true });
  });
}

const unreachable = ({ origin }: URL, cause: unknown): GridmillError =>
  new GridmillError({
    code: 'UNREACHABLE',
    message: `Nothing answers at ${origin}: ${reasonOf(cause)}`,
    retryable: true,
    cause,
  });

/** Fetch says "fetch failed", and why in what caused it. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? `${message} (${cause.message}).` : `${message}.`;
}

const late = (path: string, timeoutMs: number): GridmillError =>
  new GridmillError({
    code: 'ANSWER_LATE',
    message: `${path} was not answered within ${timeoutMs / 1000} s.`,
    retryable: true,
    todo: 'Give the client a longer timeoutMs, or submit a job.',
  });

const unreadable = (path: string, cause: unknown): GridmillError =>
  new GridmillError({
    code: 'ANSWER_UNREADABLE',
    message: `The answer of ${path} broke off or is no answer of Gridmill: ${reasonOf(cause)}`,
    retryable: true,
    cause,
  });
