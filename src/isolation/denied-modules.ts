// Which of Node's modules strategy code may not import, and which kind of deed each stands for.
import type { ForbiddenKind } from './forbidden.ts';

const DENIED: Readonly<Record<string, ForbiddenKind>> = {
  http: 'network',
  https: 'network',
  http2: 'network',
  net: 'network',
  tls: 'network',
  dgram: 'network',
  dns: 'network',
  quic: 'network',
  child_process: 'process',
  cluster: 'process',
  vm: 'escape',
  v8: 'escape',
  repl: 'escape',
  inspector: 'escape',
  trace_events: 'escape',
  test: 'escape',
  sea: 'escape',
  wasi: 'escape',
  sqlite: 'write',
};

/** Names of the denied modules, without subpaths. */
export const DENIED_MODULES = Object.keys(DENIED);

/** Why a module may not be imported; undefined when it may. Takes it with or without `node:` and subpath. */
export function deniedModule(specifier: string): ForbiddenKind | undefined {
  const name = specifier.replace(/^node:/, '');
  // Node's own inner parts, such as _http_client, stand for the module they belong to.
  if (/^_(http|tls)/.test(name)) return 'network';
  const [head = ''] = name.split('/');
  return Object.hasOwn(DENIED, head) && isBuiltinPath(specifier, name) ? DENIED[head] : undefined;
}

/** `dns/promises` is Node's; `test/own-file` belongs to a package called test, and so does `test` without `node:`. */
function isBuiltinPath(specifier: string, name: string): boolean {
  if (specifier.startsWith('node:')) return true;
  if (['test', 'sea', 'sqlite', 'quic'].includes(name.split('/')[0]!)) return false;
  return !name.includes('/') || name.endsWith('/promises');
}
