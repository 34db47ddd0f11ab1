// The system as two containers of podman with limits, a read-only root and a restart policy, as docs/deploy.md starts them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeLiveness } from './liveness.ts';
import { freePorts } from './ports.ts';
import { ROLES, type Role, type System, type SystemPlace, settingsOf } from './system.ts';

/** Answers standard output of a command that must succeed. */
function ask(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('podman', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** Why there can be no containers here, or undefined. */
export function containersMissing(image: string): string | undefined {
  const { error, status } = spawnSync('podman', ['info']);
  if (error !== undefined) return 'podman is not installed';
  if (status !== 0) return 'podman does not work here';
  return spawnSync('podman', ['image', 'exists', image]).status === 0 ? undefined : `there is no image ${image}`;
}

export async function startContainers(place: SystemPlace, image: string, cpuShares?: string): Promise<System> {
  const [port, serveDebugger, workerDebugger] = (await freePorts(3)) as [number, number, number];
  const debuggers = { serve: serveDebugger, worker: workerDebugger };
  const nameOf = (role: Role): string => `gridmill-campaign-${process.pid}-${role}`;
  const groups = {} as Record<Role, string | undefined>;
  let isOpen = true;
  for (const role of ROLES) {
    const settings = { ...settingsOf(port, place), NODE_OPTIONS: `--inspect-port=127.0.0.1:${debuggers[role]}` };
    ask([
      ...['run', '--detach', '--name', nameOf(role), '--restart', 'always', '--stop-timeout', '3', '--no-healthcheck'],
      ...['--read-only', '--tmpfs', '/tmp:size=64m', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
      ...['--memory', String(place.memoryBytes), '--memory-swap', String(place.memoryBytes), '--pids-limit', '256'],
      ...(cpuShares === undefined ? [] : ['--cpu-shares', cpuShares]),
      // The network of this machine: it has the gate of Redis, and the debuggers.
      ...[
        '--network',
        'host',
        '--volume',
        `${place.home}:/data`,
        '--volume',
        `${place.strategies}:/work/strategies:ro`,
      ],
      ...Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...[image, role],
    ]);
    groups[role] = groupOf(Number(ask(['inspect', '--format', '{{.State.Pid}}', nameOf(role)])));
  }
  // Not by podman: a container that its own health check has killed counts as stopped by its user, and stays so (podman 4.3).
  const checking = probeLiveness(
    `http://127.0.0.1:${port}/healthz`,
    () => isOpen,
    () => {
      const pid = nodeIn(groups.serve);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
  );
  return {
    name: 'containers',
    url: `http://127.0.0.1:${port}`,
    pidOf: (role) => nodeIn(groups[role]),
    debuggerOf: (role) => debuggers[role],
    memoryGroupOf: (role) => groups[role],
    clockFile: undefined,
    logOf(role) {
      const told = (...args: readonly string[]): string =>
        spawnSync('podman', [...args, nameOf(role)], { encoding: 'utf8' }).output.join('');
      return `${told('inspect', '--format', '{{json .State}}')}${told('logs', '--tail', '30')}`;
    },
    async stop() {
      isOpen = false;
      await checking;
      for (const role of ROLES) {
        const pid = nodeIn(groups[role]);
        if (pid !== undefined) process.kill(pid, 'SIGCONT');
        spawnSync('podman', ['rm', '--force', '--time', '5', nameOf(role)]);
      }
    },
  };
}

/** It keeps its name when the container is started again. */
function groupOf(pid: number): string | undefined {
  const [, path] = /^\d+:memory:(\S+)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
  const folder = path === undefined ? undefined : join('/sys/fs/cgroup/memory', path);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}

/** The process of the command; health checks run beside it. */
function nodeIn(group: string | undefined): number | undefined {
  if (group === undefined) return undefined;
  try {
    const pids = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    const found = pids.find((pid) =>
      /^[^\0]*node\0.*gridmill\.mjs/s.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
    );
    return found === undefined ? undefined : Number(found);
  } catch {
    // Just now it ended.
    return undefined;
  }
}
