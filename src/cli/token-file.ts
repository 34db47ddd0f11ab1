// Tokens from a file: secrets of containers come as files, and environments are shown by many tools.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Host } from './host.ts';

/** The environment with GRIDMILL_TOKEN from the file that GRIDMILL_TOKEN_FILE names, where it names one. Errors: REQUEST_INVALID. */
export function withTokenFile({ environment, folder }: Pick<Host, 'environment' | 'folder'>): Host['environment'] {
  const { GRIDMILL_TOKEN: token = '', GRIDMILL_TOKEN_FILE: path = '' } = environment;
  if (path === '') return environment;
  const invalid = (found: string, cause?: unknown): AppError =>
    new AppError('REQUEST_INVALID', {
      rule: 'GRIDMILL_TOKEN_FILE names a file that holds a token, and GRIDMILL_TOKEN is not set beside it.',
      found,
      todo: 'Set one of the two, or correct the file.',
      cause,
    });
  if (token !== '') throw invalid('both.');
  let text: string;
  try {
    text = readFileSync(resolve(folder, path), 'utf8').trim();
  } catch (cause) {
    throw invalid(`${path} (${(cause as NodeJS.ErrnoException).code}).`, cause);
  }
  if (text === '') throw invalid(`${path}, which is empty.`);
  return { ...environment, GRIDMILL_TOKEN: text };
}
