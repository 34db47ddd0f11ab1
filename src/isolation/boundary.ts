// What this system has to fence a process in with, and the command that starts Node inside the fence.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `rooted`: namespaces of its own for network, processes, IPC and mounts, and a read-only root that holds Node and the
 * given folders only. `namespaces`: the same without a root. `permissions`: Node's permission flags alone, no namespaces.
 */
export type BoundaryKind = 'rooted' | 'namespaces' | 'permissions';

export interface Boundary {
  readonly kind: BoundaryKind;
  /** What is missing, one phrase each, for the user; nothing when all holds. */
  readonly missing: readonly string[];
}

export interface FencedCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export interface FencedNode {
  /** Files and folders that may be read, absolute. */
  readonly readable: readonly string[];
  /** Flags, script and arguments of Node. */
  readonly nodeArgs: readonly string[];
}

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const tool = (name: string): string | undefined => FOLDERS.map((folder) => join(folder, name)).find(existsSync);
/** What the shell below calls, and nothing else, is found by this. */
export const FENCE_PATH = FOLDERS.join(':');

/** A folder that is always there, to hang the new root into. */
const ROOT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/process/root' : '../process/root', import.meta.url),
);

/**
 * Inside new namespaces: an empty root in memory, into which what may be read is bound read-only; then Node in it, in one
 * more user namespace, in which it is nobody and has no capabilities.
 */
const ENTER_ROOT = `set -e
root=$1; shift
mount -t tmpfs -o size=1m,mode=755,nosuid,nodev gridmill "$root"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root$(dirname "$1")"; : > "$root$1"; fi
  mount --bind "$1" "$root$1"
  mount -o remount,bind,ro,nosuid,nodev "$root$1"
  shift
done
shift
mount -o remount,bind,ro,nosuid,nodev "$root"
exec env -i TZ="$TZ" "$(command -v unshare)" --user --map-user=65534 --map-group=65534 --root="$root" --wd=/ "$@"`;

/** The command that starts Node behind a boundary of this kind. */
export function fencedCommand(kind: BoundaryKind, { readable, nodeArgs }: FencedNode): FencedCommand {
  const node = realpathSync(process.execPath);
  const inner = [node, ...nodeArgs];
  if (kind === 'permissions') return withDeathSignal(inner);
  const namespaces = [tool('unshare') ?? 'unshare', '--user', '--map-root-user', '--net', '--pid', '--ipc', '--uts'];
  const child = ['--fork', '--kill-child=KILL'];
  if (kind === 'namespaces') return withDeathSignal([...namespaces, ...child, ...inner]);
  const paths = [...new Set([node, ...sharedLibraries(), ...readable])].filter(
    (path) => path !== '/' && existsSync(path),
  );
  const shell = ['/bin/sh', '-c', ENTER_ROOT, 'sh', ROOT, ...outermost(paths), '--', ...inner];
  return withDeathSignal([...namespaces, '--mount', ...child, ...shell]);
}

/** Paths inside other paths of the list are there already: binding them again would hide nothing and cost a mount. */
const outermost = (paths: readonly string[]): string[] =>
  paths.filter((path) => !paths.some((other) => other !== path && path.startsWith(`${other}/`)));

/** Where the system can, the kernel ends the command when this process dies, however it dies. */
function withDeathSignal([file = '', ...args]: readonly string[]): FencedCommand {
  const setpriv = tool('setpriv');
  return setpriv === undefined ? { file, args } : { file: setpriv, args: ['--pdeathsig', 'KILL', '--', file, ...args] };
}

/** Files of the libraries that Node itself is linked with. */
function sharedLibraries(): string[] {
  const { sharedObjects = [] } = process.report.getReport() as { sharedObjects?: readonly string[] };
  return sharedObjects.filter((path) => path.startsWith('/'));
}

let probed: Boundary | undefined;

/** The strongest boundary that works here, found by trying once. */
export function probeBoundary(): Boundary {
  probed ??= probe();
  return probed;
}

function probe(): Boundary {
  const kinds: readonly BoundaryKind[] = process.platform === 'linux' ? ['rooted', 'namespaces'] : [];
  const kind = kinds.find(works) ?? 'permissions';
  const missing: string[] = [];
  if (kind === 'permissions')
    missing.push('no network namespace: strategy code could use the network and signal other processes');
  if (kind !== 'rooted')
    missing.push('no root of its own: only Node itself keeps it from other files, and nothing from local sockets');
  if (tool('setpriv') === undefined)
    missing.push('no setpriv: a process in an endless loop would outlive a gridmill that is killed');
  if (!existsSync('/proc/self/status')) missing.push('no /proc: memory outside the JavaScript heap is not watched');
  return { kind, missing };
}

function works(kind: BoundaryKind): boolean {
  const { file, args } = fencedCommand(kind, { readable: [], nodeArgs: ['--version'] });
  const { status, stdout } = spawnSync(file, args, {
    env: { PATH: FENCE_PATH },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 10_000,
  });
  return status === 0 && stdout.toString().trim() === process.version;
}

/** Ids of the processes a process has started. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Resident bytes of a process; 0 when it is gone, or where nobody knows. */
export function residentBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
