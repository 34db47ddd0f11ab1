// The same sweep inside and outside of a container, by the same Node.js and program: interleaved pairs.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { median, medianInterval, podman, table } from './container-runs.mjs';

/** 48,951 pairs of lengths at 60,000 bars: several seconds, so that starts weigh little. */
const SWEEP = [
  ...['sweep', 'sma-cross', '--data', 'candles.csv', '--set', 'fast=2..100', '--set', 'slow=101..600'],
  ...['--fee', '0.1%', '--memory', '1GB', '--no-save', '--json'],
];

/** `folder` holds candles.csv. Prints medians of the ratios of container to native, with their 95 % intervals. */
export function measureNative(image, folder, pairs) {
  const name = podman('create', image);
  const program = join(folder, 'program');
  mkdirSync(program, { recursive: true });
  try {
    podman('cp', `${name}:/app`, program);
    podman('cp', `${name}:/usr/local/bin/node`, join(program, 'node'));
  } finally {
    podman('rm', '--force', '--volumes', name);
  }
  const cpus = availableParallelism();
  const workers = ['--workers', String(cpus)];
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', GRIDMILL_HOME: join(folder, 'home') };
  const native = () =>
    timed(join(program, 'node'), [join(program, 'app', 'bin', 'gridmill.mjs'), ...SWEEP, ...workers], {
      cwd: folder,
      env,
    });
  const limits = [
    '--rm',
    '--read-only',
    '--tmpfs',
    '/tmp',
    '--network',
    'none',
    '--memory',
    '2g',
    '--cpus',
    String(cpus),
  ];
  const mounts = ['--volume', `${folder}:/work:ro`, '--env', 'GRIDMILL_HOME=/tmp/home'];
  const contained = () => timed('podman', ['run', ...limits, ...mounts, image, ...SWEEP, ...workers], {});
  // The first of each fills caches of files.
  const hashes = new Set([native().hash, contained().hash]);
  const rows = [];
  for (let i = 0; i < pairs; i++) {
    const order = i % 2 === 0 ? [native, contained] : [contained, native];
    const [first, second] = order.map((one) => one());
    const [outside, inside] = i % 2 === 0 ? [first, second] : [second, first];
    for (const { hash } of [first, second]) hashes.add(hash);
    rows.push({ outside, inside });
    process.stderr.write(`pair ${i + 1}: ${outside.ms} ms outside, ${inside.ms} ms inside\n`);
  }
  const ratio = (part) => rows.map(({ outside, inside }) => (inside[part] / outside[part] - 1) * 100);
  const line = (part) => {
    const values = ratio(part);
    const [low, high] = medianInterval(values);
    return `${median(values).toFixed(1)} % slower, 95 % interval ${low.toFixed(1)} to ${high.toFixed(1)} %`;
  };
  table(`container against the same Node.js outside (${cpus} processors, ${pairs} interleaved pairs)`, [
    ['the sweep', line('ms'), 'aim: at most 5 %'],
    ['the whole command, podman run included', line('wholeMs')],
    ['results', hashes.size === 1 ? 'one hash' : `${hashes.size} HASHES`],
  ]);
}

function timed(command, args, options) {
  const from = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  const { elapsedMs, resultHash } = JSON.parse(stdout);
  return { ms: elapsedMs, wholeMs: performance.now() - from, hash: resultHash };
}
