// From whatever went wrong to the one shape of an error answer. Nothing of the machine's inside is said.
import { ERRORS, isAppError } from '../core/errors.ts';
import { invalidRequest, type SchemaFailure } from './invalid-request.ts';
import type { Problem } from './schemas.ts';

export interface ProblemAnswer {
  readonly status: number;
  readonly body: Problem;
  /** A mistake of this program: to be logged with its stack. */
  readonly isBug: boolean;
}

/** What Fastify itself refuses carries a status code and, for schemas, the failing place. */
interface HttpFault {
  readonly statusCode?: number;
  readonly validation?: readonly SchemaFailure[];
  readonly validationContext?: string;
}

export function problemOf(error: unknown, requestId: string): ProblemAnswer {
  if (isAppError(error)) {
    const { code, message, rule, found, todo, retryable } = error;
    const said = { message: outside(message), rule: outside(rule), found: outside(found), todo: outside(todo) };
    return { status: ERRORS[code].httpStatus, isBug: false, body: { error: { code, ...said, retryable, requestId } } };
  }
  const fault = error as HttpFault;
  if (fault?.validation !== undefined)
    return problemOf(invalidRequest(fault.validationContext ?? 'request', fault.validation[0]!), requestId);
  const status = fault?.statusCode ?? 500;
  if (status >= 400 && status < 500) return { status, isBug: false, body: httpProblem(status, requestId) };
  const message = 'Something broke inside the service; its log has the details under this request id.';
  return { status: 500, isBug: true, body: { error: { code: 'INTERNAL', message, retryable: false, requestId } } };
}

/** Circumstances of HTTP itself, in words of our own: those of libraries may repeat what was sent. */
const HTTP_PROBLEMS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['HTTP_INVALID', 'A request must be well-formed HTTP.'],
  404: ['NOT_FOUND', 'There is nothing at this path. GET /api/openapi.json lists what there is.'],
  405: ['METHOD_NOT_ALLOWED', 'This path has other methods; the header "allow" lists them.'],
  408: ['REQUEST_TIMEOUT', 'A request must arrive within its time.'],
  413: ['BODY_TOO_LARGE', 'A body must stay within its limit.'],
  414: ['URL_TOO_LONG', 'A path must stay within its limit.'],
  415: [
    'CONTENT_TYPE',
    'A body needs the header "content-type: application/json" (an upload: application/octet-stream).',
  ],
  431: ['HEADERS_TOO_LARGE', 'Headers must stay within 16 KiB.'],
};

export function httpProblem(status: number, requestId: string): Problem {
  const [code, message] = HTTP_PROBLEMS[status] ?? ['HTTP_ERROR', 'The request was refused.'];
  return { error: { code, message, retryable: false, requestId } };
}

/** Absolute paths are of this machine, and of no use outside it. Our own routes are no such paths. */
const MACHINE_PATH = /(?<![\w./-])(?:file:\/\/)?\/(?!api\/|backtesting\/)[^\s"'(),;:/]+\/[^\s"'(),;:]*/g;
const outside = (text: string): string => text.replace(MACHINE_PATH, '(a path of the service)');
