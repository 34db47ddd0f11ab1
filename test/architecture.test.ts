// The rules of the house as a test: import matrix, no cycles, no ambient calls, names, first lines.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');

/** What each folder may import besides itself. Imports point down only; ARCHITECTURE.md says why. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  market: ['core'],
  indicators: ['core', 'market'],
  metrics: ['core', 'market'],
  models: ['core', 'market'],
  kernels: ['core', 'market', 'indicators', 'simulate'],
  strategy: ['core', 'market', 'indicators', 'models'],
  simulate: ['core', 'market', 'indicators', 'metrics', 'strategy'],
  executors: ['core', 'market'],
  controllers: ['core', 'market', 'indicators', 'metrics', 'strategy', 'executors'],
  bars: ['core', 'market', 'indicators', 'metrics', 'strategy', 'simulate', 'executors'],
  sweep: [
    'core',
    'market',
    'indicators',
    'metrics',
    'models',
    'strategy',
    'simulate',
    'executors',
    'controllers',
    'bars',
    'kernels',
  ],
  trials: ['core', 'market', 'metrics', 'strategy', 'simulate', 'sweep'],
  isolation: ['core'],
  pool: [
    'core',
    'market',
    'indicators',
    'metrics',
    'models',
    'strategy',
    'simulate',
    'controllers',
    'sweep',
    'trials',
    'isolation',
  ],
  turbo: [
    'core',
    'market',
    'kernels',
    'metrics',
    'models',
    'strategy',
    'simulate',
    'sweep',
    'trials',
    'pool',
    'isolation',
  ],
  optimise: ['core', 'market', 'indicators', 'metrics', 'strategy', 'simulate', 'sweep', 'trials'],
  store: ['core', 'market'],
  mirror: ['core', 'market', 'store'],
  feeds: ['core', 'market'],
  loader: ['core', 'models', 'strategy', 'controllers', 'isolation'],
  jobs: ['core', 'store'],
  report: ['core', 'market', 'indicators', 'metrics', 'strategy', 'simulate', 'sweep', 'store'],
  runs: [
    'core',
    'market',
    'indicators',
    'metrics',
    'models',
    'strategy',
    'simulate',
    'executors',
    'controllers',
    'sweep',
    'isolation',
    'trials',
    'optimise',
    'pool',
    'turbo',
    'store',
    'mirror',
    'feeds',
    'loader',
    'report',
  ],
  warm: ['core', 'market', 'sweep', 'trials', 'turbo', 'store', 'mirror', 'runs'],
  compute: [
    'core',
    'market',
    'metrics',
    'sweep',
    'optimise',
    'pool',
    'store',
    'mirror',
    'feeds',
    'loader',
    'runs',
    'jobs',
  ],
  api: [
    'core',
    'market',
    'metrics',
    'strategy',
    'simulate',
    'sweep',
    'trials',
    'optimise',
    'store',
    'mirror',
    'feeds',
    'runs',
    'jobs',
    'compute',
    'warm',
  ],
  client: ['api'],
  images: ['core', 'loader'],
  cluster: ['core', 'market', 'sweep', 'store', 'loader', 'runs', 'images'],
  cli: [
    'images',
    'api',
    'client',
    'cluster',
    'compute',
    'jobs',
    'core',
    'market',
    'indicators',
    'metrics',
    'strategy',
    'simulate',
    'executors',
    'controllers',
    'sweep',
    'trials',
    'optimise',
    'pool',
    'store',
    'feeds',
    'loader',
    'report',
    'runs',
  ],
  app: ['*'],
  'index.ts': ['*'],
};

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  sweep: ['lru-cache'],
  store: ['@uwdata/flechette'],
  feeds: ['hyparquet', 'hyparquet-compressors', 'hyparquet-writer', '@uwdata/flechette', 'fzstd', 'ccxt'],
  loader: ['esbuild'],
  jobs: ['better-sqlite3', 'pg'],
  warm: ['lru-cache', '@redis/client'],
  controllers: ['yaml'],
  report: ['cli-table3'],
  images: ['@aws-sdk/client-ecr'],
  cluster: [
    '@aws-sdk/client-batch',
    '@aws-sdk/client-cloudformation',
    '@aws-sdk/client-ecr',
    '@aws-sdk/client-s3',
    'typebox',
    'typebox/value',
  ],
  api: ['fastify', '@fastify/swagger', 'typebox', 'ajv'],
  cli: ['commander', 'yaml'],
};

/** Calls that reach for something ambient, and the folders that may make them. */
const AMBIENT: readonly { readonly name: string; readonly pattern: RegExp; readonly allowed: readonly string[] }[] = [
  { name: 'the environment', pattern: /\bprocess\.(env|argv|cwd)\b/, allowed: ['app'] },
  { name: 'the clock', pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, allowed: ['app'] },
  { name: 'randomness', pattern: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/, allowed: [] },
  { name: 'the console', pattern: /\bconsole\.\w+\(/, allowed: [] },
  { name: 'the end of the process', pattern: /\bprocess\.(exit|abort)\(/, allowed: ['app'] },
  { name: 'the network', pattern: /from 'node:(http|https|net|dns|tls)|\bfetch\(/, allowed: ['feeds', 'client'] },
  {
    name: 'a child process',
    pattern: /from 'node:child_process'/,
    allowed: ['feeds', 'isolation', 'cluster', 'images'],
  },
  { name: 'a thread', pattern: /\bnew Worker\(/, allowed: ['pool', 'compute'] },
  {
    name: 'files',
    pattern: /from 'node:fs/,
    allowed: ['app', 'store', 'feeds', 'loader', 'report', 'runs', 'cluster', 'cli', 'isolation', 'images'],
  },
];

/** Files that may break one ambient rule, each with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/app/process-host.ts': 'is where everything ambient comes in, and makes ids that no other process makes',
  'src/feeds/fetch/ccxt-child.ts': 'runs as its own process and speaks through stdout',
  'src/pool/worker.ts': 'is the entry of a thread: its clock and exit are its own',
  'src/isolation/process-channel.ts': 'is the inside of a fenced process: pipe and exit are its own',
  'src/isolation/supplied.ts': 'names the calls for chance and time that it stands in for',
  'src/jobs/keeper-thread.ts': 'starts the thread that renews leases: threads of the pool compute',
  'src/jobs/lease-thread.ts': 'is the entry of a thread: its clock is its own',
  'src/jobs/process-identity.ts': 'asks the system which processes live, under /proc',
  'src/turbo/worker.ts': 'is the inside of a worker: its clock is its own',
  'src/models/onnx-session.ts':
    'answers synchronously what a package answers only asynchronously, from a thread of its own',
  'src/kernels/wasm-module.ts': 'reads the compiled kernels that lie beside it',
};

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|services?|managers?|types)(\.|$)|_v\d|-v\d/;

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

/** `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')`. */
const IMPORT = /^(?:import|export)\b[^;'"]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

const isTest = (path: string): boolean => /\.(test|contract)\.ts$/.test(path);
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(^|[^:'"`])\/\/.*$/gm, '$1');

const files: SourceFile[] = listFiles(source)
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const code = withoutComments(text);
    const imports = [...code.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3])!);
    return { path: relative(root, path), folder: relative(source, path).split('/')[0]!, text, imports };
  });
const production = files.filter((file) => !isTest(file.path));

describe('layers', () => {
  test('every folder is in the import matrix', () => {
    expect([...new Set(files.map((file) => file.folder))].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  test('imports point down only', () => {
    const broken = production.flatMap((file) => {
      const allowed = [file.folder, ...MAY_IMPORT[file.folder]!];
      return file.imports
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(source, resolve(root, dirname(file.path), name)).split('/')[0]!)
        .filter((folder) => !allowed.includes('*') && !allowed.includes(folder))
        .map((folder) => `${file.path} imports ${folder}`);
    });
    expect(broken).toEqual([]);
  });

  test('packages are imported only where they belong', () => {
    const broken = production.flatMap((file) =>
      file.imports
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !name.startsWith('file:'))
        .filter((name) => !(PACKAGES[file.folder] ?? []).includes(name) && name !== 'gridmill')
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(broken).toEqual([]);
  });

  test('there is no import cycle', () => {
    const graph = new Map(
      production.map((file) => [
        file.path,
        file.imports
          .filter((name) => name.startsWith('.'))
          .map((name) => relative(root, resolve(root, dirname(file.path), name))),
      ]),
    );
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) expect.fail(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      if (done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
  });
});

describe('nothing ambient', () => {
  test.each(AMBIENT.map((rule) => [rule.name, rule] as const))('%s is reached only where allowed', (_, rule) => {
    const broken = production
      .filter((file) => !rule.allowed.includes(file.folder) && !(file.path in EXCEPTIONS))
      .filter((file) => rule.pattern.test(withoutComments(file.text)))
      .map((file) => file.path);
    expect(broken).toEqual([]);
  });

  test('every exception names a file that exists', () => {
    const paths = new Set(production.map((file) => file.path));
    expect(Object.keys(EXCEPTIONS).filter((path) => !paths.has(path))).toEqual([]);
  });
});

describe('files', () => {
  test('have names that say the thing', () => {
    const names = files.flatMap((file) => file.path.split('/').slice(1));
    expect(names.filter((name) => FORBIDDEN_NAMES.test(name))).toEqual([]);
  });

  test('begin with one sentence on what they own', () => {
    expect(files.filter((file) => !/^\/\/ .+[.:]\n/.test(file.text)).map((file) => file.path)).toEqual([]);
  });

  test('stay short enough to read in one go', () => {
    const long = production.filter((file) => file.text.split('\n').length > 400);
    expect(long.map((file) => file.path)).toEqual([]);
  });

  test('leave nothing for later', () => {
    expect(files.filter((file) => /\b(TODO|FIXME|XXX)\b/.test(file.text)).map((file) => file.path)).toEqual([]);
  });
});
