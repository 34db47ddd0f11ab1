// The settings of the service: their names, defaults and bounds; read from a file, then the environment, then flags.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { HTTP_LIMITS } from './limits.ts';

interface Setting<T> {
  readonly about: string;
  /** What a value must be, such as `a whole number from 0 to 65535`. */
  readonly wanted: string;
  /** Undefined where the machine decides. */
  readonly fallback: T;
  /** Throws a text that says what is wanted. */
  readonly read: (value: unknown) => T;
}

const fail = (wanted: string): never => {
  throw wanted;
};

function number<F extends number | undefined>(
  about: string,
  fallback: F,
  low: number,
  high: number,
  isWhole = true,
): Setting<number | F> {
  const wanted = `${isWhole ? 'a whole number' : 'a number'} from ${low} to ${high}`;
  const read = (value: unknown): number => {
    const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof found !== 'number' || !(found >= low && found <= high)) return fail(wanted);
    return isWhole && !Number.isInteger(found) ? fail(wanted) : found;
  };
  return { about, wanted, fallback, read };
}

function text(about: string, fallback: string): Setting<string> {
  const wanted = 'a text';
  return { about, wanted, fallback, read: (value) => (typeof value === 'string' ? value : fail(wanted)) };
}

function names(about: string): Setting<readonly string[]> {
  const wanted = 'a list of texts';
  const read = (value: unknown): readonly string[] => {
    const list = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
    return Array.isArray(list) && list.every((name) => typeof name === 'string') ? list : fail(wanted);
  };
  return { about, wanted, fallback: [], read };
}

function flag(about: string): Setting<boolean> {
  const wanted = 'true or false';
  const read = (value: unknown): boolean => {
    if (typeof value === 'boolean') return value;
    return value === 'true' ? true : value === 'false' ? false : fail(wanted);
  };
  return { about, wanted, fallback: false, read };
}

/** Every setting by the name it has in the file. The environment has it as GRIDMILL_ and the name in capitals. */
export const SETTINGS = {
  'server.port': number('port to listen on; 0 takes any free one', 8080, 0, 65_535),
  'server.listen': text('address to listen on; others than this machine need a token', '127.0.0.1'),
  'server.host_names': names('further names under which it is reached'),
  'server.waiting_max': number('requests that may wait for room', 8, 0, 10_000),
  'server.waiting_max_per_user': number(
    'of them of one user; with several tokens half of them when left out, else all',
    undefined,
    0,
    10_000,
  ),
  'server.requests_per_second': number('requests a second of one token', HTTP_LIMITS.requestsPerSecond, 1, 1_000_000),
  'server.silence_seconds': number(
    'silence of the main thread after which the process ends itself; 0 never',
    10,
    0,
    3_600,
    false,
  ),
  'server.idle_seconds': number(
    'time without a computation after which idle workers end and memory is given back; 0 never',
    HTTP_LIMITS.idleSeconds,
    0,
    86_400,
    false,
  ),
  'strategies.folder': text('folder of strategy files that requests may name', 'strategies'),
  'strategies.uploads': flag('whether strategy files are taken over HTTP, which needs a token'),
  'backtest.sync.sync_deadline_seconds': number('longest that a request waits for its answer', 50, 0.1, 86_400, false),
  'backtest.cpu.max_threads': number(
    'scoring threads of one computation; one per core when left out',
    undefined,
    1,
    LIMITS.workersMax,
  ),
  'backtest.cpu.max_threads_per_user': number(
    'scoring threads of all computations of one user; all of them when left out',
    undefined,
    1,
    LIMITS.workersMax,
  ),
  'backtest.max_variants_per_compute': number(
    'most variants of one job; a request that waits gets half',
    200_000_000,
    2,
    Number.MAX_SAFE_INTEGER,
  ),
  'backtest.max_compute_bytes_total': number(
    'most bytes of one job; a request that waits gets half',
    2 ** 32,
    2 ** 20,
    Number.MAX_SAFE_INTEGER,
  ),
  'jobs.concurrency': number(
    'jobs that one process runs at once; 0 leaves them to workers',
    1,
    0,
    LIMITS.runnerJobsMax,
  ),
  'jobs.lease_seconds': number('silence after which a job is given to another runner', 20, 2, 3600, false),
  'jobs.sweep_seconds': number('between two looks for jobs whose runner is gone', 5, 0.1, 60, false),
  'jobs.shard_seconds': number(
    'predicted seconds of one core for a shard; sweeps of twice that are cut, 0 never',
    60,
    0,
    86_400,
    false,
  ),
  'backtest.max_bytes_all': number(
    'most bytes of all computations together; those of one job when left out',
    undefined,
    2 ** 20,
    Number.MAX_SAFE_INTEGER,
  ),
  'mirror.preload': names('stored candles that are read when the service starts'),
  'mirror.bytes': number('most bytes of candles kept in memory', 2 ** 30, 2 ** 20, Number.MAX_SAFE_INTEGER),
  'mirror.tmpfs': number(
    'most bytes of mirror files in memory-backed storage, for other processes; 0 writes none',
    0,
    0,
    Number.MAX_SAFE_INTEGER,
  ),
  'mirror.refresh_seconds': number('how often the store is looked at for changes; 0 never', 10, 0, 86_400, false),
  'turbo.workers': number(
    'workers of the turbo pool, which start with its first request; one per core when left out',
    undefined,
    1,
    LIMITS.workersMax,
  ),
  'cache.entries': number('most answers kept', 1_000, 1, 1_000_000),
  'cache.bytes': number('most bytes of answers kept', 2 ** 27, 2 ** 16, Number.MAX_SAFE_INTEGER),
  'cache.ttl_seconds': number('how long an answer is kept', 3_600, 1, 30 * 86_400),
  'cache.redis_url': text('a Redis or Valkey server that keeps answers for several services', ''),
} as const;

export type SettingName = keyof typeof SETTINGS;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
export type ServiceConfig = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** What they are set to may hold a password, and is not repeated. */
const SECRET_SETTINGS: ReadonlySet<SettingName> = new Set(['cache.redis_url']);

/** The name a setting has in the environment. */
export const environmentName = (name: SettingName): string => `GRIDMILL_${name.replaceAll('.', '_').toUpperCase()}`;

export interface ConfigSources {
  /** What the file holds, parsed: sections within sections. */
  readonly file?: { readonly path: string; readonly content: unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By setting name, as read already. */
  readonly flags: Partial<ServiceConfig>;
  /** What stands in place of the usual defaults, such as budgets of a small machine. */
  readonly defaults?: Partial<ServiceConfig>;
}

/** Later sources win: file, environment, flags. Errors: REQUEST_INVALID naming source, setting and nearest name. */
export function readConfig({ file, environment, flags, defaults = {} }: ConfigSources): ServiceConfig {
  const values: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) values[name] = defaults[name] ?? SETTINGS[name].fallback;
  const take = (name: SettingName, value: unknown, where: string): void => {
    try {
      values[name] = SETTINGS[name].read(value);
    } catch (wanted) {
      if (typeof wanted !== 'string') throw wanted;
      throw new AppError('REQUEST_INVALID', {
        rule: `${name} must be ${wanted}.`,
        found: `${SECRET_SETTINGS.has(name) ? 'something else' : JSON.stringify(value)} in ${where}.`,
        todo: 'Correct it, or leave it out.',
      });
    }
  };
  if (file !== undefined) {
    for (const [name, value] of leavesOf(file.content, '', file.path)) take(name, value, file.path);
  }
  refuseUnknown(environment);
  for (const name of SETTING_NAMES) {
    const value = environment[environmentName(name)];
    if (value !== undefined && value !== '') take(name, value, `the environment (${environmentName(name)})`);
  }
  for (const [name, value] of Object.entries(flags)) if (value !== undefined) values[name] = value;
  return values as ServiceConfig;
}

/** What begins like a section of settings must be one of them; other names are of other things. */
function refuseUnknown(environment: ConfigSources['environment']): void {
  const known = SETTING_NAMES.map(environmentName);
  const sections = new Set(SETTING_NAMES.map((name) => `GRIDMILL_${name.split('.', 1)[0]!.toUpperCase()}_`));
  for (const [name, value] of Object.entries(environment)) {
    const isOfSection = [...sections].some((section) => name.startsWith(section));
    if (!isOfSection || value === undefined || value === '' || known.includes(name)) continue;
    throw new AppError('REQUEST_INVALID', {
      rule: 'The environment holds known settings only.',
      found: `${name}.${didYouMean(name, known)}`,
      todo: 'Correct or remove it; docs/settings.md lists the names.',
    });
  }
}

function* leavesOf(content: unknown, prefix: string, path: string): Generator<[SettingName, unknown]> {
  if (content === null || content === undefined) return;
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A configuration file holds sections of settings.',
      found: `${prefix === '' ? 'no section at all' : `a value at "${prefix.slice(0, -1)}"`} in ${path}.`,
      todo: 'docs/api.md shows a whole file.',
    });
  }
  for (const [key, value] of Object.entries(content)) {
    const name = `${prefix}${key}`;
    if ((SETTING_NAMES as readonly string[]).includes(name)) yield [name as SettingName, value];
    else if (SETTING_NAMES.some((known) => known.startsWith(`${name}.`))) yield* leavesOf(value, `${name}.`, path);
    else {
      throw new AppError('REQUEST_INVALID', {
        rule: 'A configuration file holds known settings only.',
        found: `"${name}" in ${path}.${didYouMean(name, SETTING_NAMES)}`,
        todo: `Settings: ${SETTING_NAMES.join(', ')}.`,
      });
    }
  }
}
