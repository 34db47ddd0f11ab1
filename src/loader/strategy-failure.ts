// Says where in the user's own files an error came from.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, isAppError } from '../core/errors.ts';

/** STRATEGY_FAILED with message and place; errors that already carry a code of ours keep it and gain the place. */
export function strategyFailure(when: string, error: unknown, files: readonly string[]): AppError {
  const place = placeIn(error, files);
  if (isAppError(error)) {
    if (place === undefined) return error;
    return new AppError(error.code, {
      rule: error.rule,
      found: `${place}: ${error.found}`,
      todo: error.todo,
      cause: error,
    });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new AppError('STRATEGY_FAILED', {
    found: `${place === undefined ? '' : `${place}: `}${message}, thrown ${when}.`,
    todo: 'Correct the strategy file.',
    cause: error,
  });
}

/** `file:line:column` of the innermost stack frame that lies in one of `files`. */
function placeIn(error: unknown, files: readonly string[]): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  for (const [, location = '', line, column] of error.stack.matchAll(
    /\s+at .*?\(?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/gm,
  )) {
    const path = location.startsWith('file:') ? fileURLToPath(location) : location;
    if (files.includes(path)) return `${relative('.', path)}:${line}:${column}`;
  }
  return undefined;
}
