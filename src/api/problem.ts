// From whatever went wrong to the one shape of an error answer. Nothing of the machine's inside is said.
import { AppError, ERRORS, isAppError } from '../core/errors.ts';
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
  readonly code?: string;
  readonly message: string;
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}

export function problemOf(error: unknown, requestId: string): ProblemAnswer {
  if (isAppError(error)) {
    const { code, message, rule, found, todo, retryable } = error;
    const status = ERRORS[code].httpStatus;
    return { status, isBug: false, body: { error: { code, message, rule, found, todo, retryable, requestId } } };
  }
  const fault = error as HttpFault;
  if (fault?.validation !== undefined) return problemOf(invalidRequest(fault), requestId);
  const status = fault?.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    const code = fault.code ?? 'HTTP_ERROR';
    return { status, isBug: false, body: { error: { code, message: fault.message, retryable: false, requestId } } };
  }
  const message = 'Something broke inside the service; its log has the details under this request id.';
  return { status: 500, isBug: true, body: { error: { code: 'INTERNAL', message, retryable: false, requestId } } };
}

function invalidRequest({ validation, validationContext }: HttpFault): AppError {
  const [first] = validation!;
  const place = `${validationContext ?? 'request'}${first!.instancePath.replaceAll('/', '.')}`;
  return new AppError('REQUEST_INVALID', {
    rule: 'A request must match its schema.',
    found: `${place}: ${first!.message ?? 'not as described'}.`,
    todo: 'GET /api/openapi.json describes every request.',
  });
}
