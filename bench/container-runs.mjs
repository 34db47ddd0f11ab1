// What measurements of containers share: podman, a service with a published port, control groups, and figures of repetitions.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const TOKEN = 'a-token-of-this-measurement';
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function podman(...args) {
  const { status, stdout, stderr, error } = spawnSync('podman', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
  return stdout.trim();
}

export function needImage(name) {
  if (spawnSync('podman', ['image', 'exists', name]).status === 0) return name;
  const target = name.split(':')[1];
  throw new Error(
    `no image ${name}: podman build --format docker --target ${target} -t ${name} -f deploy/docker/Dockerfile .`,
  );
}

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A random walk of 1-minute candles from a fixed seed. */
export function randomWalk(bars) {
  let state = 7;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let price = 40_000;
  const lines = ['time,open,high,low,close,volume'];
  for (let i = 0; i < bars; i++) {
    const open = price;
    price = Math.max(1, price * (1 + (next() - 0.5) * 0.002));
    const time = Date.UTC(2024, 0, 1) + i * 60_000;
    lines.push(
      `${time},${open},${Math.max(open, price) * 1.0002},${Math.min(open, price) * 0.9998},${price},${next() * 10}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Calls `work` with a service in a container of its own, and removes that whatever happens. */
export async function withService(image, options, work) {
  const service = await startService(needImage(image), ...options);
  try {
    return await work(service);
  } finally {
    podman('rm', '--force', '--volumes', '--time', '3', service.name);
  }
}

/** `ready()` answers milliseconds from `since` until it answers requests; `ask()` the JSON of a route. */
async function startService(image, ...options) {
  const port = await freePort();
  const since = performance.now();
  const published = ['--publish', `127.0.0.1:${port}:8080`, '--env', `GRIDMILL_TOKEN=${TOKEN}`];
  const name = podman('run', '--detach', '--tmpfs', '/tmp', '--volume', '/data', ...published, ...options, image);
  return {
    name,
    since,
    url: `http://127.0.0.1:${port}`,
    ready: (from) => untilReady(`http://127.0.0.1:${port}`, from),
    ask: (method, path, body) => ask(`http://127.0.0.1:${port}${path}`, method, body),
  };
}

async function ask(url, method, body) {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const isReady = async (url) => {
  try {
    const headers = { authorization: `Bearer ${TOKEN}`, connection: 'close' };
    return (await fetch(`${url}/readyz`, { headers, signal: AbortSignal.timeout(1000) })).status === 200;
  } catch {
    return false;
  }
};

const READY_MS = 120_000;

async function untilReady(url, from) {
  while (!(await isReady(url))) {
    if (performance.now() - from > READY_MS) throw new Error(`${url} is not ready after ${READY_MS / 1000} s`);
    await sleep(5);
  }
  return performance.now() - from;
}

/** Polls until the service no longer answers, so that what follows is its return and not its last breath. */
export async function untilSilent(url) {
  const from = performance.now();
  while (await isReady(url)) {
    if (performance.now() - from > READY_MS) throw new Error(`${url} still answers`);
    await sleep(5);
  }
}

/** The process of Node.js under the init of a container, as the host numbers it. */
export function nodeOf(container) {
  const init = podman('inspect', '--format', '{{.State.Pid}}', container);
  return Number(readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ')[0]);
}

/** Memory and processor time that the control group of a container is charged with, version 1 or 2. */
export function groupOf(container) {
  const init = podman('inspect', '--format', '{{.State.Pid}}', container);
  const lines = readFileSync(`/proc/${init}/cgroup`, 'utf8').split('\n');
  const of = (controller) => lines.find((line) => line.split(':')[1].split(',').includes(controller));
  const number = (path) => Number(readFileSync(path, 'utf8'));
  const field = (path, name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  const unified = `/sys/fs/cgroup${lines.find((line) => line.startsWith('0::'))?.slice(3) ?? ''}`;
  if (existsSync(`${unified}/memory.current`)) {
    return {
      bytes: () => number(`${unified}/memory.current`) - field(`${unified}/memory.stat`, 'inactive_file'),
      peakBytes: () => number(`${unified}/memory.peak`),
      kills: () => field(`${unified}/memory.events`, 'oom_kill'),
      cpuMs: () => field(`${unified}/cpu.stat`, 'usage_usec') / 1e3,
      throttled: () => field(`${unified}/cpu.stat`, 'nr_throttled'),
    };
  }
  const folder = (controller) => {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(of(controller) ?? '') ?? [];
    return [`/sys/fs/cgroup/${controller}${path}`, `/sys/fs/cgroup/${names}${path}`].find((one) => existsSync(one));
  };
  const [memory, usage, cpu] = [folder('memory'), folder('cpuacct'), folder('cpu')];
  return {
    bytes: () => number(`${memory}/memory.usage_in_bytes`) - field(`${memory}/memory.stat`, 'total_inactive_file'),
    peakBytes: () => number(`${memory}/memory.max_usage_in_bytes`),
    kills: () => field(`${memory}/memory.oom_control`, 'oom_kill'),
    cpuMs: () => number(`${usage}/cpuacct.usage`) / 1e6,
    throttled: () => field(`${cpu}/cpu.stat`, 'nr_throttled'),
  };
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}

export const median = (values) => quantile(values, 0.5);

const RESAMPLES = 10_000;

/** 95 % interval of the median by the percentile bootstrap, with a fixed seed: the same values give the same interval. */
export function medianInterval(values) {
  let state = 1;
  // Lehmer's generator of Park and Miller: good enough to draw indices.
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(next() * values.length)])),
  );
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}

export const spread = (values, digits = 2) =>
  `median ${median(values).toFixed(digits)}, ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)} (${values.length} times)`;

/** Rows of name, figure and aim, in columns. */
export function table(title, rows) {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => String(row[column]).length)));
  process.stdout.write(`\n${title}\n`);
  for (const [name, figure, aim = ''] of rows) {
    process.stdout.write(`  ${name.padEnd(widths[0])}  ${String(figure).padEnd(widths[1])}  ${aim}\n`);
  }
}
