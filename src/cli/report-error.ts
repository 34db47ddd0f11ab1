// Prints an error once, in one form, and answers its exit code.
import { AppError } from '../core/errors.ts';
import { asCalled } from './called-as.ts';
import type { Host } from './host.ts';

/**
 * To stderr: `error [CODE]: rule`, then what was found and what to do. With --json also one JSON object to stdout, so
 * that a script always reads exactly one value there. Anything but an AppError is a bug of ours: exit code 1.
 */
export function reportError(
  error: unknown,
  host: Host,
  asked: { readonly json: boolean; readonly debug: boolean },
): number {
  const known = error instanceof AppError ? error : undefined;
  const code = known?.code ?? 'BUG';
  const exitCode = known?.exitCode ?? 1;
  const rule = known?.rule ?? messageOf(error);
  const red = (text: string): string => (host.stderr.color ? `\x1b[31m${text}\x1b[39m` : text);
  const lines = [`${red(`error [${code}]:`)} ${rule}`];
  if (known !== undefined) lines.push(`  Found: ${indent(known.found)}`, `  ${indent(known.todo)}`);
  else lines.push('  This is a bug in gridmill. Run again with --debug and report what it prints.');
  host.stderr.write(asCalled(`${lines.join('\n')}\n`, host));
  if (asked.debug && error instanceof Error) host.stderr.write(`${stackOf(error)}\n`);
  if (asked.json) {
    const body = { code, exitCode, message: messageOf(error), found: known?.found, todo: known?.todo };
    host.stdout.write(`${JSON.stringify({ error: body })}\n`);
  }
  return exitCode;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const indent = (text: string): string => text.trimEnd().replaceAll('\n', '\n  ');

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
