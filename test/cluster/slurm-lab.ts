// A Slurm cluster on this machine, for tests: munge, one controller, several nodes, all on loopback.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SlurmLab {
  /** For every Slurm command. */
  readonly environment: Readonly<Record<string, string>>;
  run(command: string, ...args: readonly string[]): string;
  /** Ends a node with all that runs on it, as if its power was cut. */
  loseNode(name: string): void;
  restartController(): void;
  stop(): void;
}

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'scontrol', 'squeue'];
const CONTROLLER_PORT = 26_817;

/** What is missing here, or undefined when a cluster can be started. */
export function missingForSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start the daemons';
  const missing = PROGRAMS.filter((name) => spawnSync('which', [name]).status !== 0);
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed (Debian: slurm-wlm munge)`;
}

export async function startSlurm(nodes: readonly string[], cpusEach: number): Promise<SlurmLab> {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-slurm-'));
  const path = (...parts: readonly string[]): string => join(folder, ...parts);
  for (const name of ['state', 'spool', 'log']) mkdirSync(path(name));
  writeFileSync(path('slurm.conf'), configuration(folder, nodes, cpusEach));
  writeFileSync(path('cgroup.conf'), 'CgroupAutomount=no\nConstrainCores=no\nConstrainRAMSpace=no\n');
  const environment = { SLURM_CONF: path('slurm.conf') };
  const env = { ...process.env, ...environment };
  const daemons = new Map<string, ChildProcess>();
  const daemon = (name: string, command: string, args: readonly string[]): void => {
    daemons.set(name, spawn(command, args, { env, stdio: 'ignore' }));
  };
  const run = (command: string, ...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  startMunge();
  daemon('controller', 'slurmctld', ['-D']);
  for (const name of nodes) daemon(name, 'slurmd', ['-D', '-N', name]);
  const lab: SlurmLab = {
    environment,
    run,
    loseNode(name) {
      daemons.get(name)?.kill('SIGKILL');
      // Its steps and what they started would live on: a node that is gone has none.
      const spool = path('spool', name);
      spawnSync('pkill', ['-9', '-f', `slurmstepd: .*`]);
      spawnSync('pkill', ['-9', '-f', spool]);
    },
    restartController() {
      daemons.get('controller')?.kill('SIGKILL');
      daemon('controller', 'slurmctld', ['-D']);
    },
    stop() {
      for (const child of daemons.values()) child.kill('SIGKILL');
      spawnSync('pkill', ['-9', 'slurmstepd']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; ; tries++) {
    const idle = spawnSync('sinfo', ['-h', '-N', '-o', '%T'], { env, encoding: 'utf8' }).stdout;
    if (idle.split('\n').filter((state) => state === 'idle').length === nodes.length) return lab;
    if (tries === 150) {
      lab.stop();
      throw new Error(`Slurm did not come up: ${idle}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** One for the whole machine; it may run already. */
function startMunge(): void {
  if (spawnSync('munge', ['-n']).status === 0) return;
  if (!existsSync('/etc/munge/munge.key')) spawnSync('mungekey', ['-f']);
  for (const folder of ['/run/munge', '/var/log/munge', '/var/lib/munge']) {
    mkdirSync(folder, { recursive: true });
    spawnSync('chown', ['munge:munge', folder]);
  }
  spawnSync('chown', ['munge:munge', '/etc/munge/munge.key']);
  spawnSync('su', ['munge', '-s', '/bin/sh', '-c', '/usr/sbin/munged']);
}

const configuration = (folder: string, nodes: readonly string[], cpus: number): string =>
  [
    'ClusterName=gridmilltest',
    `SlurmctldHost=${hostname()}(127.0.0.1)`,
    `SlurmctldPort=${CONTROLLER_PORT}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    'CommunicationParameters=NoInAddrAny,NoCtldInAddrAny',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool/%n`,
    `SlurmctldPidFile=${folder}/controller.pid`,
    `SlurmdPidFile=${folder}/node-%n.pid`,
    `SlurmctldLogFile=${folder}/log/controller.log`,
    `SlurmdLogFile=${folder}/log/%n.log`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SchedulerType=sched/backfill',
    'SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0',
    'SlurmctldTimeout=10',
    'SlurmdTimeout=10',
    'MessageTimeout=5',
    'KillWait=5',
    'ReturnToService=2',
    'MpiDefault=none',
    'AccountingStorageType=accounting_storage/none',
    ...nodes.map((name, i) =>
      [
        `NodeName=${name} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${CONTROLLER_PORT + 1 + i}`,
        `CPUs=${cpus} RealMemory=2000 State=UNKNOWN`,
      ].join(' '),
    ),
    `PartitionName=main Nodes=${nodes.join(',')} Default=YES MaxTime=INFINITE State=UP`,
    '',
  ].join('\n');
