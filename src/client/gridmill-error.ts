// The one error of the client: what the service refused, or that it could not be reached.
import type { Problem } from '../api/schemas.ts';

/** Codes that only the client gives; all others are those of the service, listed in docs/api.md. */
export type ClientCode = 'UNREACHABLE' | 'ANSWER_LATE' | 'ANSWER_UNREADABLE' | 'STREAM_BROKEN' | 'HTTP_ERROR';

export interface ErrorFacts extends Omit<Problem['error'], 'requestId'> {
  readonly requestId?: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly partial?: unknown;
  readonly cause?: unknown;
}

/** An answer that is no success, or none at all. `code` is stable; `rule`, `found` and `todo` are for people. */
export class GridmillError extends Error {
  override readonly name = 'GridmillError';
  readonly code: string;
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number;
  readonly rule: string | undefined;
  readonly found: string | undefined;
  readonly todo: string | undefined;
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
  /** Names the request in the log of the service. */
  readonly requestId: string | undefined;
  /** Milliseconds after which the service wants to be asked again, where it says so. */
  readonly retryAfterMs: number | undefined;
  /** Of a sweep cut short by its deadline: the result over what was scored until then. */
  readonly partial: unknown;

  constructor(facts: ErrorFacts) {
    super(facts.message, { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.rule = facts.rule;
    this.found = facts.found;
    this.todo = facts.todo;
    this.retryable = facts.retryable;
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
    this.partial = facts.partial;
  }
}

/** Of the answer to a refused request. Proxies between here and the service answer in shapes of their own. */
export async function refusal(response: Response): Promise<GridmillError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  const problem = problemIn(text);
  if (problem !== undefined)
    return new GridmillError({ ...problem.error, status, retryAfterMs, partial: problem.partial });
  const retryable = status === 429 || status === 502 || status === 503;
  return new GridmillError({ code: 'HTTP_ERROR', message: `HTTP ${status}.`, status, retryable, retryAfterMs });
}

function problemIn(text: string): Problem | undefined {
  try {
    const found = JSON.parse(text) as Partial<Problem> | null;
    return typeof found?.error?.code === 'string' ? (found as Problem) : undefined;
  } catch {
    return undefined;
  }
}
