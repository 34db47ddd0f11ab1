// Guards imports, and the modules that would reach the network, processes or the engine itself.
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { DENIED_MODULES, deniedModule } from './denied-modules.ts';
import { denier, type Manner, replace, subject } from './deny.ts';
import { type ForbiddenKind, forbidden } from './forbidden.ts';
import type { CheckRead } from './guard-files.ts';

const require = createRequire(import.meta.url);

interface Resolved {
  readonly url: string;
}
type Resolve = (
  specifier: string,
  context: { readonly parentURL?: string },
  next: (...args: unknown[]) => Resolved,
) => Resolved;

/** Captured: it is among what is taken away. */
const { registerHooks } = module as unknown as { registerHooks?: (hooks: { resolve: Resolve }) => void };

/** Methods behind which other ways to the network end. */
const METHODS: readonly (readonly [module: string, type: string, methods: readonly string[]])[] = [
  ['net', 'Socket', ['connect']],
  ['net', 'Server', ['listen']],
  ['dgram', 'Socket', ['bind', 'connect', 'send']],
];

/** Members of allowed modules that are not allowed. */
const MEMBERS: readonly (readonly [module: string, kind: ForbiddenKind, names: readonly string[]])[] = [
  ['worker_threads', 'process', ['Worker']],
  ['worker_threads', 'escape', ['moveMessagePortToContext', 'postMessageToThread']],
  [
    'module',
    'escape',
    [
      'register',
      'registerHooks',
      'runMain',
      'syncBuiltinESMExports',
      'enableCompileCache',
      '_initPaths',
      '_preloadModules',
    ],
  ],
  ['crypto', 'native', ['setEngine', 'setFips']],
];

/** They do not load in threads or without vm, or run code and warn when they load. */
const UNLOADED = ['repl', 'trace_events', 'wasi', 'sqlite', 'test', 'sea', 'quic'];
/** Where imports are watched the rest cannot be reached, and loading it would cost each thread milliseconds. */
const POISONED =
  registerHooks === undefined
    ? DENIED_MODULES.filter((name) => !UNLOADED.includes(name))
    : ['net', 'dgram', 'child_process', 'vm', 'v8'];

/** Every call of the denied modules refuses, however the module was reached. */
export function poisonModules(): void {
  for (const [name, type, methods] of METHODS) {
    const { prototype } = (require(`node:${name}`) as Record<string, { prototype: object }>)[type]!;
    for (const method of methods) deny(prototype, method, `${name}.${type}.${method}`, 'network', 'throws');
  }
  // All are loaded before the first is changed: they are made of one another.
  const loaded = POISONED.flatMap((name) => [name, `${name}/promises`])
    .filter((name) => module.builtinModules.includes(name))
    .map((name) => ({ name, exports: require(`node:${name}`) as object }));
  for (const { name, exports } of loaded) poison(exports, name.replace('/', '.'), deniedModule(name)!);
  for (const [name, kind, members] of MEMBERS) {
    for (const member of members) deny(require(`node:${name}`), member, `${name}.${member}`, kind, 'throws');
  }
}

/** Of the denied modules these give their errors to a callback; the rest throw, or give objects that would emit them. */
const isCallback = (path: string, name: string): boolean =>
  path === 'dns' ? /^[a-z]/.test(name) : path === 'child_process' && (name === 'exec' || name === 'execFile');

function poison(target: object, path: string, kind: ForbiddenKind): void {
  for (const name of Object.getOwnPropertyNames(target)) {
    if (typeof Reflect.get(target, name) !== 'function') continue;
    const manner = path.endsWith('.promises') ? 'rejects' : isCallback(path, name) ? 'calls-back' : 'throws';
    deny(target, name, `${path}.${name}`, kind, manner);
  }
}

function deny(target: object, name: string, call: string, kind: ForbiddenKind, manner: Manner): void {
  replace(
    target,
    name,
    denier(manner, (args, site) => forbidden(kind, `${call}${subject(args)}`, site)),
  );
}

interface Loader {
  _load: (request: string, parent: unknown, isMain: boolean) => unknown;
  _resolveFilename: (request: string, parent: unknown, isMain: boolean) => string;
}

/**
 * Refuses imports that bundling could not see: `require`, and `import()` of a computed name. The latter can be watched
 * where Node has synchronous hooks (22.15 and later); before, denied modules can be imported, but each of their calls refuses.
 */
export function guardImports(check: CheckRead, engineUrl: string): void {
  const loader = module as unknown as Loader;
  const { _load: load, _resolveFilename: resolveFilename } = loader;
  loader._load = (request, parent, isMain) => {
    refuseModule(request, 'require');
    const path = module.isBuiltin(request) ? undefined : resolveFilename(request, parent, isMain);
    if (path?.endsWith('.node') === true) throw forbidden('native', `require of ${path}`);
    const error = path === undefined ? undefined : check('require', path);
    if (error !== undefined) throw error;
    return load(request, parent, isMain);
  };
  registerHooks?.({
    resolve(specifier, context, next) {
      // The engine imports what it needs, some of it late.
      if (context.parentURL?.startsWith(engineUrl) === true) return next(specifier, context);
      refuseModule(specifier, 'import');
      const resolved = next(specifier, context);
      const error = resolved.url.startsWith('file:') ? check('import', fileURLToPath(resolved.url)) : undefined;
      if (error !== undefined) throw error;
      return resolved;
    },
  });
}

function refuseModule(specifier: string, how: string): void {
  const kind = deniedModule(specifier);
  if (kind !== undefined) throw forbidden(kind, `${how} of ${specifier}`);
}
