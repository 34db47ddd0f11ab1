// Controller configurations as YAML text. Apart from the rest, so that who has no YAML does not load its parser.
import { parse } from 'yaml';
import { AppError } from '../core/errors.ts';

/**
 * The fields of one of Hummingbot's controller files (`conf/controllers/*.yml`) as they are written, in the YAML 1.1 that
 * it writes. Errors: REQUEST_INVALID.
 */
export function parseControllerYaml(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parse(text, { version: '1.1', logLevel: 'error' });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split('\n')[0]!.replace(/:$/, '.') : String(cause);
    throw new AppError('REQUEST_INVALID', {
      rule: 'A controller file must be YAML.',
      found,
      todo: 'Correct the line, or check that the file is a controller configuration.',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A controller file must hold names and values.',
    found: value === null ? 'nothing.' : Array.isArray(value) ? 'a list.' : `${String(value).slice(0, 40)}.`,
    todo: 'Give a file such as conf/controllers/bollinger_v1.yml.',
  });
}
