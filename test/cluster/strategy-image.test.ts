// Are images of strategies pinned by content, free of secrets, and enough to score a shard, from a registry to its result?
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN, csvOf, minuteCandles } from '../e2e/cli-harness.ts';
import { ask, buildImage, podman, podmanMissing, waitFor } from './podman.ts';

const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const missing =
  podmanMissing() ??
  (spawnSync('docker-registry', ['--version']).status === 0 ? undefined : 'docker-registry is not installed');
if (missing !== undefined) process.stderr.write(`Tests of strategy images are skipped: ${missing}.\n`);

const STRATEGY = `import { close, crossAbove, crossBelow, defineStrategy, range, sma } from 'gridmill';
import isOdd from 'is-odd';
import { slowest } from './lib/lengths.ts';
export default defineStrategy({
  name: 'mine',
  parameters: { fast: range(5, 30, 5), slow: range(40, slowest, 20) },
  signals: (p) => ({
    enterLong: crossAbove(sma(close, p.fast), sma(close, isOdd(3) ? p.slow : p.fast)),
    exitLong: crossBelow(sma(close, p.fast), sma(close, p.slow)),
  }),
});
`;

interface Built {
  readonly image: string;
  readonly hash: string;
  readonly isNew: boolean;
  readonly pushed: string;
}

describe.skipIf(missing !== undefined)('an image of strategies', () => {
  let root: string;
  let folder: string;
  let base: string;
  let repository: string;
  let registry: ReturnType<typeof spawn>;
  const images = new Set<string>();

  const put = (name: string, content: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const gridmill = (...args: readonly string[]) =>
    spawnSync(process.execPath, [BIN, ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, GRIDMILL_HOME: join(root, 'home'), NO_COLOR: '1' },
    });
  const build = (...args: readonly string[]): Built => {
    const options = ['--base', base, '--ca', AUTHORITIES, '--push', repository, '--json', ...args];
    const { stdout, stderr, status } = gridmill('image', folder, ...options);
    if (status !== 0) throw new Error(`gridmill image ended with ${status}: ${stderr}`);
    const built = JSON.parse(stdout) as Built;
    images.add(built.image).add(`${repository}:${built.hash}`);
    return built;
  };

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'gridmill-strategies-'));
    chmodSync(root, 0o755);
    folder = join(root, 'strategies');
    put('mine.ts', STRATEGY);
    put('lib/lengths.ts', 'export const slowest = 120;\n');
    put('.env', 'SECRET_OF_THIS_TEST=1\n');
    put('notes.txt', 'SECRET_OF_THIS_TEST\n');
    put(
      'package.json',
      JSON.stringify({ name: 'mine', private: true, type: 'module', dependencies: { 'is-odd': '3.0.1' } }),
    );
    const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8' });
    if (npm.status !== 0) throw new Error(`npm: ${npm.stderr}`);
    base = buildImage('shard');
    const port = await freePort();
    repository = `127.0.0.1:${port}/team/strategies`;
    const config = join(root, 'registry.yml');
    const storage = `storage: { filesystem: { rootdirectory: ${join(root, 'registry')} } }`;
    writeFileSync(config, `version: 0.1\n${storage}\nhttp: { addr: '127.0.0.1:${port}' }\n`);
    registry = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
    const isUp = (): boolean => spawnSync('curl', ['--silent', '--fail', `http://127.0.0.1:${port}/v2/`]).status === 0;
    await waitFor('the registry', 60, isUp);
  }, 900_000);

  afterAll(() => {
    for (const image of images) podman(['rmi', '--force', image]);
    registry?.kill();
    rmSync(root, { recursive: true, force: true });
  });

  test('is built once for one content, pushed by digest, and holds no secret', () => {
    const first = build();
    expect(first.isNew).toBe(true);
    expect(first.pushed).toMatch(new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`));
    expect(build()).toMatchObject({ hash: first.hash, isNew: false, pushed: first.pushed });
    const label = ['image', 'inspect', '--format', '{{index .Config.Labels "io.gridmill.strategies"}}', first.image];
    expect(ask(label)).toBe(first.hash);
    const found = `const { readdirSync } = require('node:fs');
      process.stdout.write(JSON.stringify(readdirSync('/strategies', { recursive: true }).filter((name) => !name.includes('is-'))))`;
    const names = JSON.parse(ask(['run', '--rm', '--entrypoint', 'node', first.image, '-e', found])) as string[];
    expect(names.sort()).toEqual(
      [
        'lib',
        'lib/lengths.ts',
        'mine.ts',
        'node_modules',
        'node_modules/.package-lock.json',
        'package-lock.json',
        'package.json',
        'strategies.gridmill.json',
      ].sort(),
    );
    const history = ask(['history', '--no-trunc', '--format', '{{.CreatedBy}}', first.image]);
    expect(history).not.toContain('SECRET');
    put('lib/lengths.ts', 'export const slowest = 140;\n');
    const other = build();
    expect(other).toMatchObject({ isNew: true });
    expect(other.hash).not.toBe(first.hash);
    put('lib/lengths.ts', 'export const slowest = 120;\n');
    expect(build()).toMatchObject({ hash: first.hash, isNew: false });
  });

  test('with other packages than those that were checked is not built', () => {
    const installed = join(folder, 'node_modules', 'is-odd', 'index.js');
    const before = readFileSync(installed, 'utf8');
    writeFileSync(installed, `${before}\n// changed here`);
    try {
      const options = ['--base', base, '--ca', AUTHORITIES, '--json'];
      const { status, stderr } = gridmill('image', folder, ...options);
      expect(status).toBe(6);
      expect(stderr).toContain('A strategy in an image is the one that was checked outside');
    } finally {
      writeFileSync(installed, before);
    }
  });

  test('scores shards of its strategies by itself, to the hash of one machine', () => {
    const { pushed } = build();
    writeFileSync(join(root, 'candles.csv'), csvOf(minuteCandles(10_000)));
    const place = join(root, 'place');
    mkdirSync(place, { mode: 0o777 });
    const planned = gridmill(
      ...['shard', 'plan', join(folder, 'mine.ts'), '--data', 'candles.csv', '--shards', '2', '--json'],
      ...['--place', `file://${place}`],
    );
    const { manifest } = JSON.parse(planned.stdout) as { readonly manifest: string };
    // The place forgets the strategy: whoever has no copy of it cannot score.
    const { strategy } = JSON.parse(readFileSync(manifest.slice('file://'.length), 'utf8')) as {
      readonly strategy: { readonly files: readonly { readonly hash: string }[] };
    };
    for (const { hash } of strategy.files) rmSync(join(place, 'content', hash));
    spawnSync('chmod', ['-R', 'a+rwX', place]);
    for (const image of images) podman(['rmi', '--force', image]);
    const limits = ['--rm', '--read-only', '--network', 'none', '--cap-drop', 'all', '--memory', '512m'];
    const run = (image: string, ...args: readonly string[]) =>
      podman([
        'run',
        ...limits,
        '--tls-verify=false',
        '--volume',
        `${place}:${place}`,
        ...args,
        image,
        '--manifest',
        manifest,
      ]);
    const without = run(base);
    expect(without.status).not.toBe(0);
    expect(without.stderr).toContain('OBJECT_CORRUPT');
    for (const index of ['0', '1']) {
      const { status, stdout, stderr } = run(pushed, '--env', `AWS_BATCH_JOB_ARRAY_INDEX=${index}`);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain(`shard ${index} of 2: done`);
    }
    images.add(pushed);
    const merging = podman([
      'run',
      ...limits,
      '--volume',
      `${place}:${place}`,
      pushed,
      'shard',
      'merge',
      '--manifest',
      manifest,
      '--json',
    ]);
    const whole = gridmill('sweep', join(folder, 'mine.ts'), '--data', 'candles.csv', '--json', '--no-save');
    const hashOf = (text: string): string => (JSON.parse(text) as { resultHash: string }).resultHash;
    expect(hashOf(merging.stdout)).toBe(hashOf(whole.stdout));
    expect(readdirSync(join(place, 'content')).length).toBeGreaterThan(0);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
