// The errors of input files: which file, which line, what stood there.
import { AppError, type ErrorCode } from '../core/errors.ts';

/** A piece of the input as a quoted, printable text of at most 60 characters. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** An error about `file`, at `place` ("line 7", "row 3") when known. `found` is a clause without a full stop. */
export function inputFault(
  code: ErrorCode,
  file: string,
  place: string | undefined,
  found: string,
  todo: string,
  cause?: unknown,
): AppError {
  return new AppError(code, { found: `${file}${place === undefined ? '' : `, ${place}`}: ${found}.`, todo, cause });
}

/** The message of anything thrown, for use inside a larger sentence. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/[.\s]+$/, '');
}
