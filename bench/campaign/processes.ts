// The system as processes under a small supervisor, like units of systemd with Restart=always and a health check.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeLiveness } from './liveness.ts';
import { freePorts } from './ports.ts';
import { ROLES, type Role, type System, type SystemPlace, settingsOf } from './system.ts';

/** As RestartSec of systemd. */
const RESTART_MS = 100;
const LOG_BYTES = 20_000;
const MEMORY_ROOT = '/sys/fs/cgroup/memory';

interface Unit {
  child: ChildProcess | undefined;
  log: string;
}

export async function startProcesses(place: SystemPlace, bin: string, clockHook: string): Promise<System> {
  const [port, serveDebugger, workerDebugger] = (await freePorts(3)) as [number, number, number];
  const debuggers = { serve: serveDebugger, worker: workerDebugger };
  const clockFile = join(place.folder, 'clock');
  const groups = makeGroups(place.memoryBytes);
  const units: Record<Role, Unit> = {
    serve: { child: undefined, log: '' },
    worker: { child: undefined, log: '' },
  };
  let isOpen = true;

  const launch = (role: Role): void => {
    const unit = units[role];
    const environment = {
      ...process.env,
      ...settingsOf(port, place),
      GRIDMILL_HOME: place.home,
      GRIDMILL_CAMPAIGN_CLOCK: clockFile,
      GRIDMILL_STRATEGIES_FOLDER: place.strategies,
      NODE_OPTIONS: `--inspect-port=127.0.0.1:${debuggers[role]} --import=${clockHook}`,
    };
    // The shell enters the group and becomes the program.
    const enter = groups === undefined ? '' : `echo $$ > ${join(groups[role], 'cgroup.procs')} && `;
    const child = spawn('sh', ['-c', `${enter}exec "$0" "$@"`, process.execPath, bin, role], {
      cwd: place.folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    unit.child = child;
    const keep = (bytes: Buffer): void => {
      unit.log = (unit.log + bytes.toString()).slice(-LOG_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('exit', (code, signal) => {
      unit.log += `[supervisor] ended with ${signal ?? code}\n`;
      if (unit.child === child) unit.child = undefined;
      if (isOpen) setTimeout(() => isOpen && launch(role), RESTART_MS);
    });
  };
  for (const role of ROLES) launch(role);
  const probing = probeLiveness(
    `http://127.0.0.1:${port}/healthz`,
    () => isOpen,
    () => units.serve.child?.kill('SIGKILL'),
  );
  return {
    name: 'processes',
    url: `http://127.0.0.1:${port}`,
    pidOf: (role) => units[role].child?.pid,
    debuggerOf: (role) => debuggers[role],
    memoryGroupOf: (role) => groups?.[role],
    clockFile,
    logOf: (role) => units[role].log,
    async stop() {
      isOpen = false;
      const ends = ROLES.map((role) => end(units[role].child));
      await Promise.all([...ends, probing]);
      for (const role of ROLES) if (groups !== undefined) removeGroup(groups[role]);
    },
  };
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(late);
}

/** A group of version 1 for each; undefined where they cannot be made. */
function makeGroups(memoryBytes: number): Record<Role, string> | undefined {
  if (!existsSync(join(MEMORY_ROOT, 'memory.limit_in_bytes'))) return undefined;
  const parent = join(MEMORY_ROOT, `gridmill-campaign-${process.pid}`);
  try {
    const groups = { serve: `${parent}-serve`, worker: `${parent}-worker` };
    for (const role of ROLES) {
      mkdirSync(groups[role]);
      writeFileSync(join(groups[role], 'memory.limit_in_bytes'), String(memoryBytes));
    }
    return groups;
  } catch {
    return undefined;
  }
}

function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    process.stderr.write(`${folder} could not be removed: ${readdirSync(folder).length} files\n`);
  }
}
