// Containers measured: node bench/container.mjs [first|start|idle|sweep|quota|native|recovery]... (all when none is named) on a quiet machine.
// Options: --serve IMAGE --slim IMAGE (gridmill:serve, gridmill:slim), --pairs 15, --times 10, --seconds 30. Needs podman and root; `first` docker-registry.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureNative } from './container-native.mjs';
import {
  freePort,
  groupOf,
  needImage,
  nodeOf,
  podman,
  randomWalk,
  sleep,
  spread,
  table,
  untilSilent,
  withService,
} from './container-runs.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(
    Object.entries({ serve: 'gridmill:serve', slim: 'gridmill:slim', pairs: '15', times: '10', seconds: '30' }).map(
      ([name, fallback]) => [name, { type: 'string', default: fallback }],
    ),
  ),
});
const times = Number(values.times);
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const seconds = (list) => list.map((ms) => ms / 1000);

/** A year of 1-minute candles is what the demo makes when it is told not to download. */
const DEMO = ['demo', '--offline', '--json', '--report', '/tmp/report.html'];
const SERVICE = ['--memory', '512m', '--cpus', '2', '--read-only'];
const SMALL = [
  '--read-only',
  '--network',
  'none',
  '--cap-drop',
  'all',
  '--tmpfs',
  '/tmp',
  '--env',
  'GRIDMILL_HOME=/tmp/home',
];

/** A host that has nothing: a storage of its own, filled from a registry on the loopback. */
async function first(folder) {
  const port = await freePort();
  const config = join(folder, 'registry.yml');
  const storage = `storage: { filesystem: { rootdirectory: ${join(folder, 'registry')} } }`;
  writeFileSync(config, `version: 0.1\n${storage}\nhttp: { addr: '127.0.0.1:${port}' }\n`);
  const registry = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const failed = new Promise((_, reject) =>
    registry.on('error', () => reject(new Error('docker-registry is not installed'))),
  );
  const empty = ['--root', join(folder, 'empty'), '--runroot', join(folder, 'empty-run')];
  try {
    const up = async () => {
      while (!(await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined))?.ok) await sleep(50);
    };
    await Promise.race([up(), failed]);
    const rows = [];
    for (const image of [values.serve, values.slim].map(needImage)) {
      const remote = `127.0.0.1:${port}/${image.replace(/^localhost\//, '')}`;
      podman('push', '--quiet', '--tls-verify=false', image, `docker://${remote}`);
      const from = performance.now();
      podman(...empty, 'pull', '--quiet', '--tls-verify=false', remote);
      const pulled = performance.now();
      podman(...empty, 'run', '--rm', ...SMALL, '--memory', '2g', remote, ...DEMO);
      const done = performance.now();
      const { layers } = await (
        await fetch(`http://127.0.0.1:${port}/v2/${remote.split('/')[1].replace(':', '/manifests/')}`, {
          headers: {
            accept: 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json',
          },
        })
      ).json();
      const bytes = layers.reduce((sum, { size }) => sum + size, 0);
      const slow = (bytes * 8) / 100e6;
      rows.push([
        image,
        `${((done - from) / 1000).toFixed(1)} s: pull ${((pulled - from) / 1000).toFixed(1)} s of ${mb(bytes)}, first sweep ${((done - pulled) / 1000).toFixed(1)} s`,
        `aim: under 300 s. A line of 100 Mbit/s adds ${slow.toFixed(0)} s`,
      ]);
    }
    table('from a registry (on the loopback) to the first result (the demo) on an empty host', rows);
  } finally {
    registry.kill();
    spawnSync('podman', [...empty, 'system', 'reset', '--force'], { stdio: 'ignore' });
  }
}

async function start() {
  const rows = [];
  for (const image of [values.serve, values.slim]) {
    const list = [];
    for (let i = 0; i < times; i++) {
      await withService(image, SERVICE, async ({ ready, since }) => list.push(await ready(since)));
    }
    rows.push([image, `${spread(seconds(list))} s`, 'aim: at most 2 s']);
  }
  table('podman run to ready (512 MiB, 2 cpus, read-only)', rows);
}

async function idle() {
  const rows = [];
  for (const image of [values.serve, values.slim]) {
    await withService(image, SERVICE, async ({ name, ready, since }) => {
      await ready(since);
      await sleep(Number(values.seconds) * 1000);
      const group = groupOf(name);
      const before = group.cpuMs();
      await sleep(5000);
      const cpu = ((group.cpuMs() - before) / 5000) * 100;
      const memory = `${mb(group.bytes())} without idle file cache, ${mb(group.peakBytes())} at most`;
      rows.push([image, `${memory}, ${cpu.toFixed(1)} % of a processor`, 'aim: at most 100 MB']);
    });
  }
  table(`idle for ${values.seconds} s (control group of the container)`, rows);
}

/** Runs a command in a container and watches its control group until it ends. */
async function watched(options, command, onSample) {
  const name = podman('run', '--detach', ...SMALL, ...options, needImage(values.serve), ...command);
  const from = performance.now();
  try {
    const group = groupOf(name);
    for (;;) {
      try {
        onSample({
          ms: performance.now() - from,
          cpuMs: group.cpuMs(),
          bytes: group.bytes(),
          peakBytes: group.peakBytes(),
          kills: group.kills(),
          throttled: group.throttled(),
        });
      } catch {
        // The group goes with the container.
        break;
      }
      await sleep(50);
    }
    const status = Number(podman('wait', name));
    return { status, text: podman('logs', name) };
  } finally {
    podman('rm', '--force', '--volumes', name);
  }
}

async function sweep() {
  const samples = [];
  const { status } = await watched(['--memory', '2g', '--memory-swap', '2g', '--cpus', '2'], DEMO, (one) =>
    samples.push(one),
  );
  const last = samples.at(-1);
  table("the README's sweep (demo: a year of 1-minute candles) with --memory 2g", [
    ['ended with', status === 0 ? 'exit status 0, no process killed' : `EXIT STATUS ${status}`, 'aim: no OOM'],
    ['peak of the control group', mb(last.peakBytes)],
    ['killed by the kernel', last.kills],
    ['took', `${(last.ms / 1000).toFixed(1)} s`],
  ]);
}

/**
 * Useful is processor time that the container was charged with while it scored; possible is quota times wall time. What the quota would have given
 * and nobody took is lost: waiting for one another, for memory, for the disk. Start and end, which one thread does, are left out by their share of the samples.
 */
async function quota(folder) {
  const rows = [];
  for (const cpus of [1, 2]) {
    const samples = [];
    const grid = [
      '--set',
      'fast=2..200',
      '--set',
      'slow=201..1000',
      '--fee',
      '0.1%',
      '--deadline',
      `${values.seconds}s`,
    ];
    const mounts = ['--volume', `${folder}:/work:ro`, '--memory', '2g', '--cpus', String(cpus)];
    await watched(mounts, ['sweep', 'sma-cross', '--data', 'candles.csv', ...grid, '--no-save', '--json'], (one) =>
      samples.push(one),
    );
    const end = samples.at(-1).ms;
    const inside = samples.filter(({ ms }) => ms > end * 0.1 && ms < end * 0.9);
    const [a, b] = [inside[0], inside.at(-1)];
    const share = (b.cpuMs - a.cpuMs) / ((b.ms - a.ms) * cpus);
    const whole = samples.at(-1).cpuMs / (end * cpus);
    rows.push([
      `--cpus ${cpus}`,
      `${(share * 100).toFixed(1)} % while scoring, ${(whole * 100).toFixed(1)} % from start to end`,
      `aim: at least 97 %; throttled ${b.throttled} times`,
    ]);
  }
  table(`processor time used of the quota, in a sweep of ${values.seconds} s`, rows);
}

const HANG = `
const [{ webSocketDebuggerUrl: url }] = await (await fetch('http://127.0.0.1:9229/json')).json();
const socket = new WebSocket(url);
socket.onopen = () => {
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } }));
  setTimeout(() => process.exit(0), 300);
};`;

async function recovery() {
  const rows = [];
  for (const image of [values.serve, values.slim]) {
    const [killed, hung] = [[], []];
    await withService(image, ['--restart', 'on-failure:100', ...SERVICE], async ({ name, url, ready, since }) => {
      await ready(since);
      for (let i = 0; i < times; i++) {
        const from = performance.now();
        process.kill(nodeOf(name), 'SIGKILL');
        await untilSilent(url);
        killed.push(await ready(from));
      }
      for (let i = 0; i < Math.min(times, 3); i++) {
        process.kill(nodeOf(name), 'SIGUSR1');
        const hang = ['exec', name, 'node', '--input-type=module', '-e', HANG];
        while (spawnSync('podman', hang).status !== 0) await sleep(100);
        const from = performance.now();
        await untilSilent(url);
        hung.push(await ready(from));
      }
    });
    rows.push([`${image}, kill -9`, `${spread(seconds(killed))} s`, 'aim: at most 2 s']);
    rows.push([`${image}, main thread hangs`, `${spread(seconds(hung))} s`, 'aim: at most 30 s']);
  }
  table('to serving again (--restart on-failure, 512 MiB, 2 cpus)', rows);
}

const native = (folder) => measureNative(needImage(values.slim), folder, Number(values.pairs));
const MEASURES = { first, start, idle, sweep, quota, native, recovery };

const unknown = positionals.find((name) => !(name in MEASURES));
if (unknown !== undefined) throw new Error(`${unknown}: name some of ${Object.keys(MEASURES).join(', ')}`);
const folder = mkdtempSync(join(tmpdir(), 'gridmill-container-'));
chmodSync(folder, 0o755);
try {
  writeFileSync(join(folder, 'candles.csv'), randomWalk(60_000));
  for (const name of positionals.length === 0 ? Object.keys(MEASURES) : positionals) await MEASURES[name](folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
