// A real S3 server on this machine, for tests: Ceph's object gateway over one monitor and one store in memory, all on loopback.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface S3Server {
  readonly endpoint: string;
  /** For clients of S3, in their environment. */
  readonly credentials: Readonly<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY', string>>;
  stop(): Promise<void>;
}

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool', 'ceph'];
const KEY = 'GRIDMILLTEST';
const SECRET = 'a-secret-of-this-test';
const STORE_BYTES = 2 ** 31;
/** Minutes, on a machine that is busy with other things. */
const UP_MS = 240_000;

/** What is missing here, or undefined when a server can be started. */
export function missingForCeph(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start the daemons';
  const missing = PROGRAMS.filter((name) => spawnSync('which', [name]).status !== 0);
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed (Debian: ceph-mon ceph-osd radosgw)`;
}

/** Errors: the words of the program that failed. */
export async function startCeph(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-ceph-'));
  for (const name of ['mon', 'osd', 'run', 'log']) mkdirSync(join(folder, name));
  const [monitor, gateway] = [await freePort(), await freePort()];
  const id = randomUUID();
  writeFileSync(join(folder, 'ceph.conf'), configuration(folder, id, monitor, gateway));
  const env = { ...process.env, CEPH_CONF: join(folder, 'ceph.conf') };
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(command, args, { env, cwd: folder, timeout: UP_MS }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${command} ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}`));
      });
    });
  const daemons: ChildProcess[] = [];
  const daemon = (command: string, ...args: readonly string[]): void => {
    daemons.push(spawn(command, ['-f', ...args], { env, cwd: folder, stdio: 'ignore' }));
  };
  const stop = async (): Promise<void> => {
    const gone = daemons.map(
      (child) => new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0))),
    );
    for (const child of daemons) child.kill('SIGKILL');
    await Promise.all(gone);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await createKeys(run);
    await run('monmaptool', '--create', '--add', 'a', `127.0.0.1:${monitor}`, '--fsid', id, ...RELEASE, 'monmap');
    await run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring');
    daemon('ceph-mon', '-i', 'a');
    const osd = randomUUID();
    await run('ceph', 'osd', 'new', osd, '0');
    await run('ceph', 'auth', 'import', '-i', 'keyring');
    await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    daemon('ceph-osd', '-i', '0');
    await until('the store', async () => / 1 up/.test(await run('ceph', 'osd', 'stat')));
    daemon('radosgw', '-n', 'client.rgw.a');
    const endpoint = `http://127.0.0.1:${gateway}`;
    await until('the gateway', async () => (await fetch(endpoint)).ok);
    const user = ['--uid', 'test', '--display-name', 'test', '--access-key', KEY, '--secret-key', SECRET];
    await run('radosgw-admin', '-n', 'client.rgw.a', 'user', 'create', ...user);
    return { endpoint, credentials: { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const RELEASE = ['--set-min-mon-release', 'pacific'];

async function createKeys(run: (command: string, ...args: readonly string[]) => Promise<string>): Promise<void> {
  const holders: readonly (readonly [string, ...string[]])[] = [
    ['mon.', 'mon', 'allow *'],
    ['client.admin', 'mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *'],
    ['client.rgw.a', 'mon', 'allow rw', 'osd', 'allow rwx'],
    ['osd.0', 'mon', 'allow profile osd', 'osd', 'allow *'],
  ];
  for (const [i, [name, ...rights]] of holders.entries()) {
    const caps = rights.flatMap((word, j) => (j % 2 === 0 ? ['--cap', word] : [word]));
    await run('ceph-authtool', ...(i === 0 ? ['--create-keyring'] : []), 'keyring', '--gen-key', '-n', name, ...caps);
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const begin = performance.now(); performance.now() - begin < UP_MS; ) {
    if (await isSo().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} of Ceph did not come up`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const configuration = (folder: string, id: string, monitor: number, gateway: number): string =>
  [
    '[global]',
    `fsid = ${id}`,
    `mon host = 127.0.0.1:${monitor}`,
    'public addr = 127.0.0.1',
    'cluster addr = 127.0.0.1',
    'ms bind ipv6 = false',
    // Without authentication the gateway waits for minutes.
    'auth cluster required = cephx',
    'auth service required = cephx',
    'auth client required = cephx',
    'osd pool default size = 1',
    'osd pool default min size = 1',
    'osd pool default pg num = 8',
    'osd pool default pgp num = 8',
    'osd pool default pg autoscale mode = off',
    'osd crush chooseleaf type = 0',
    'mon allow pool size one = true',
    'mon warn on pool no redundancy = false',
    'osd objectstore = memstore',
    `memstore device bytes = ${STORE_BYTES}`,
    `keyring = ${folder}/keyring`,
    `log file = ${folder}/log/$name.log`,
    `run dir = ${folder}/run`,
    `admin socket = ${folder}/run/$name.asok`,
    `pid file = ${folder}/run/$name.pid`,
    '[mon.a]',
    `mon data = ${folder}/mon`,
    '[osd.0]',
    `osd data = ${folder}/osd`,
    '[client.rgw.a]',
    `rgw frontends = beast endpoint=127.0.0.1:${gateway}`,
    '',
  ].join('\n');
