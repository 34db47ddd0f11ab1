// The settings of the service from its file, the environment and the command line.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigSources, readConfig, type ServiceConfig } from '../api/config.ts';
import { AppError } from '../core/errors.ts';
import type { Host } from './host.ts';

/** Read where no other file is named, as far as it exists. */
const USUAL_PATH = 'config/gridmill.yaml';

/** Errors: REQUEST_INVALID. */
export async function loadConfig(
  given: { readonly path: string | undefined; readonly flags: ConfigSources['flags'] },
  host: Host,
): Promise<ServiceConfig> {
  const path = given.path ?? usualPath(host);
  const file = path === undefined ? undefined : { path, content: await parsedFile(path, host) };
  return readConfig({ file, environment: host.environment, flags: given.flags });
}

/** `config/<env>/gridmill.yaml` for the environment that GRIDMILL_ENV names. */
function usualPath({ environment, folder }: Host): string | undefined {
  const { GRIDMILL_ENV: name } = environment;
  if (name !== undefined && name !== '') return `config/${name}/gridmill.yaml`;
  return existsSync(resolve(folder, USUAL_PATH)) ? USUAL_PATH : undefined;
}

async function parsedFile(path: string, { folder }: Host): Promise<unknown> {
  const invalid = (found: string, cause?: unknown): AppError =>
    new AppError('REQUEST_INVALID', {
      rule: 'A configuration file must be readable YAML.',
      found,
      todo: 'Correct it; docs/api.md shows a whole file.',
      cause,
    });
  let text: string;
  try {
    text = readFileSync(resolve(folder, path), 'utf8');
  } catch (cause) {
    throw invalid(`${path}: ${(cause as Error).message}.`, cause);
  }
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw invalid(`${path}: ${error.message.split('\n')[0]}`, error);
  return document.toJS({ maxAliasCount: 100 });
}
