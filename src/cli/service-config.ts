// The settings of the service from its file, the environment and the command line.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ConfigSources, readConfig, type ServiceConfig } from '../api/config.ts';
import { NAME } from '../api/schemas.ts';
import type { ServiceWarmth } from '../api/server.ts';
import { AppError } from '../core/errors.ts';
import { checkWithinMemory, memoryShares } from '../core/memory-shares.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { Host } from './host.ts';

/** Read where no other file is named, as far as it exists. */
const USUAL_PATH = 'config/gridmill.yaml';

export interface GivenConfig {
  readonly path: string | undefined;
  readonly flags: ConfigSources['flags'];
  /** Memory that budgets which nobody gives are shares of; that of the machine when left out. */
  readonly freeBytes?: number;
}

/** Errors: REQUEST_INVALID; BUDGET_BYTES for budgets that are more than the memory there is. */
export async function loadConfig(given: GivenConfig, host: Host): Promise<ServiceConfig> {
  const path = given.path ?? usualPath(host);
  const file = path === undefined ? undefined : { path, content: await parsedFile(path, host) };
  const memoryBytes = host.machineBytes();
  const { computeBytes, mirrorBytes, answerBytes } = memoryShares(given.freeBytes ?? memoryBytes);
  const config = readConfig({
    file,
    environment: host.environment,
    flags: given.flags,
    defaults: {
      'backtest.max_compute_bytes_total': computeBytes,
      'mirror.bytes': mirrorBytes,
      'cache.bytes': answerBytes,
    },
  });
  checkBudgets(config, memoryBytes);
  return config;
}

function checkBudgets(config: ServiceConfig, memoryBytes: number): void {
  const named = (name: 'backtest.max_compute_bytes_total' | 'backtest.max_bytes_all' | 'mirror.bytes') => ({
    name,
    bytes: config[name] ?? 0,
  });
  const one = named('backtest.max_compute_bytes_total');
  const all = config['backtest.max_bytes_all'] === undefined ? one : named('backtest.max_bytes_all');
  checkWithinMemory([one], memoryBytes);
  checkWithinMemory([all, named('mirror.bytes')], memoryBytes);
}

/** `config/<env>/gridmill.yaml` for the environment that GRIDMILL_ENV names. Errors: REQUEST_INVALID for one without a file. */
function usualPath({ environment, folder }: Host): string | undefined {
  const { GRIDMILL_ENV: name } = environment;
  if (name === undefined || name === '') return existsSync(resolve(folder, USUAL_PATH)) ? USUAL_PATH : undefined;
  const path = `config/${name}/gridmill.yaml`;
  const isName = new RegExp(NAME).test(name);
  if (isName && existsSync(resolve(folder, path))) return path;
  const known = environmentsIn(resolve(folder, 'config'));
  throw new AppError('REQUEST_INVALID', {
    rule: 'GRIDMILL_ENV names a folder of config that has a gridmill.yaml.',
    found: isName ? `no ${path}.${didYouMean(name, known)}` : `"${name.slice(0, 64)}", which is no name.`,
    todo: known.length === 0 ? 'Write the file, or leave GRIDMILL_ENV out.' : `There are: ${known.join(', ')}.`,
  });
}

const environmentsIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'gridmill.yaml'))) : [];

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

/** What the service keeps between requests. */
export function serviceWarmth(config: ServiceConfig, cores: number): ServiceWarmth {
  const bytes = config['backtest.max_bytes_all'] ?? config['backtest.max_compute_bytes_total'];
  const mirrorBytes = config['mirror.bytes'];
  const refreshSeconds = config['mirror.refresh_seconds'];
  const redisUrl = config['cache.redis_url'];
  return {
    workers: config['turbo.workers'] ?? cores,
    residentBytesMax: bytes + mirrorBytes,
    mirror: {
      bytesMax: mirrorBytes,
      preload: config['mirror.preload'],
      ...(config['mirror.tmpfs'] === 0 ? {} : { tmpfsBytes: config['mirror.tmpfs'] }),
      ...(refreshSeconds === 0 ? {} : { refreshEveryMs: refreshSeconds * 1000 }),
    },
    answers: {
      entriesMax: config['cache.entries'],
      bytesMax: config['cache.bytes'],
      ttlMs: config['cache.ttl_seconds'] * 1000,
      ...(redisUrl === '' ? {} : { redisUrl }),
    },
  };
}
