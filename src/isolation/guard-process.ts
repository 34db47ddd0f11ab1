// Guards the process object and the global functions that reach out.
import { siteAbove } from './call-site.ts';
import { deniedModule } from './denied-modules.ts';
import { denier, guarded, replace, subject } from './deny.ts';
import { type ForbiddenKind, forbidden } from './forbidden.ts';
import type { Supplied } from './supplied.ts';

const PROCESS: readonly (readonly [kind: ForbiddenKind, names: readonly string[]])[] = [
  ['host', ['abort', 'kill', '_kill', 'chdir', 'umask', 'setuid', 'seteuid', 'setgid', 'setegid']],
  [
    'host',
    ['setgroups', 'initgroups', '_debugProcess', '_debugEnd', 'setUncaughtExceptionCaptureCallback', 'loadEnvFile'],
  ],
  ['process', ['execve']],
  ['native', ['dlopen', 'binding', '_linkedBinding']],
];
const REPORT = ['writeReport'];
const CONSTRUCTORS = ['WebSocket', 'EventSource', 'Worker'];

export function guardProcess(): void {
  for (const [kind, names] of PROCESS) {
    for (const name of names.filter((known) => known in process)) {
      replace(
        process,
        name,
        denier('throws', (args, site) => forbidden(kind, `process.${name}${subject(args)}`, site)),
      );
    }
  }
  guardExit();
  for (const name of REPORT) {
    replace(
      process.report as object,
      name,
      denier('throws', (args, site) => forbidden('write', `process.report.${name}${subject(args)}`, site)),
    );
  }
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  if (getBuiltinModule !== undefined) {
    const guard = guarded(getBuiltinModule as never, 'throws', ([id]) => {
      const kind = deniedModule(String(id));
      return kind && forbidden(kind, `process.getBuiltinModule of ${String(id)}`);
    });
    replace(process, 'getBuiltinModule', guard);
  }
  // Secrets live in the environment, and results must not depend on it: here it is empty, and stays so.
  Object.defineProperty(process, 'env', {
    value: Object.freeze({}),
    enumerable: true,
    configurable: false,
    writable: false,
  });
}

/** Node itself ends a thread by this call after an error that nobody caught, and must be let through. */
function guardExit(): void {
  const exit = process.exit as unknown as (...args: readonly unknown[]) => unknown;
  const guard = guarded(exit as never, 'throws', () =>
    siteAbove(guard as never).startsWith('node:internal/main/worker_thread')
      ? undefined
      : forbidden('host', 'process.exit'),
  );
  replace(process, 'exit', guard);
}

export function guardGlobals(): void {
  replace(
    globalThis,
    'fetch',
    denier('rejects', (args, site) => forbidden('network', `fetch${subject(args)}`, site)),
  );
  for (const name of CONSTRUCTORS.filter((known) => known in globalThis)) {
    replace(
      globalThis,
      name,
      denier('throws', (args, site) => forbidden('network', `new ${name}${subject(args)}`, site)),
    );
  }
}

/** For code that does not name them as bundling expects: `const { random } = Math`, eval, packages loaded by require. */
export function supplyGlobals(supplied: Supplied, crypto: object): void {
  replace(Math, 'random', supplied.random);
  replace(globalThis, 'Date', supplied.Date);
  replace(performance, 'now', supplied.performanceNow);
  for (const target of [globalThis.crypto, crypto]) {
    replace(target, 'randomUUID', supplied.randomUUID);
    replace(target, 'getRandomValues', supplied.getRandomValues);
  }
}
