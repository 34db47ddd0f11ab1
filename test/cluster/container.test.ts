// Does the image keep its promises: small, nobody's root, at home under limits without a network, back after a kill, the same result bytes?
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN, csvOf, minuteCandles, repository } from '../e2e/cli-harness.ts';
import { ask, buildImage, podman, podmanMissing, request, waitFor } from './podman.ts';

const TOKEN = 'a-token-of-this-test';
const MB = 1e6;
/** Read-only root, no network, no rights, half a processor, 512 MiB. */
const LIMITS = [
  ...['--read-only', '--tmpfs', '/tmp:size=64m', '--network', 'none', '--cap-drop', 'all'],
  ...[
    '--security-opt',
    'no-new-privileges',
    '--memory',
    '512m',
    '--memory-swap',
    '512m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '128',
  ],
];
const SWEEP = [
  'sweep',
  'sma-cross',
  '--set',
  'fast=5..30:5',
  '--set',
  'slow=40..120:20',
  '--fee',
  '0.1%',
  '--no-save',
  '--json',
];

const HANG = `
const [{ webSocketDebuggerUrl: url }] = await (await fetch('http://127.0.0.1:9229/json')).json();
const socket = new WebSocket(url);
socket.onopen = () => {
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } }));
  setTimeout(() => process.exit(0), 300);
};`;

const missing = podmanMissing();
if (missing !== undefined) process.stderr.write(`Container tests are skipped: ${missing}.\n`);

describe.skipIf(missing !== undefined)('the image', () => {
  let folder: string;
  let serve: string;
  let slim: string;
  let shard: string;
  const started: string[] = [];
  const volumes: string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gridmill-image-'));
    // The user of the image is nobody here.
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'candles.csv'), csvOf(minuteCandles(20_000)));
    serve = buildImage('serve');
    slim = buildImage('slim');
    shard = buildImage('shard');
  }, 900_000);

  afterAll(() => {
    for (const name of started) podman(['rm', '--force', '--time', '2', name]);
    for (const name of volumes) podman(['volume', 'rm', '--force', name]);
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  const newName = (): string => `gridmill-test-${process.pid}-${started.length}`;
  const start = (...args: readonly string[]): string => {
    const name = newName();
    started.push(name);
    ask(['run', '--detach', '--name', name, '--stop-timeout', '15', ...args]);
    return name;
  };
  const newVolume = (): string => {
    const name = `${newName()}-${volumes.length}`;
    volumes.push(name);
    ask(['volume', 'create', name]);
    return name;
  };
  const startService = (...args: readonly string[]): string =>
    start(...LIMITS, '--env', `GRIDMILL_TOKEN=${TOKEN}`, '--volume', `${newVolume()}:/data`, ...args);
  const isReady = (name: string): boolean => request(name, TOKEN, 'GET', '/readyz')?.status === 200;
  /** The process of Node.js under the init, as the host numbers it. */
  const nodeOf = (name: string): number => {
    const init = ask(['inspect', '--format', '{{.State.Pid}}', name]);
    return Number(readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ')[0]);
  };
  const runHere = (image: string, ...args: readonly string[]): string =>
    ask([
      'run',
      '--rm',
      ...LIMITS,
      '--volume',
      `${folder}:/work:ro`,
      '--env',
      'GRIDMILL_HOME=/tmp/home',
      ...args.slice(0, -1),
      image,
      ...JSON.parse(args.at(-1)!),
    ]);

  test('is at most 300 MB on the slim base and 180 MB without one, and holds no package manager', () => {
    const bytes = (image: string): number => Number(ask(['image', 'inspect', '--format', '{{.Size}}', image]));
    expect(bytes(serve)).toBeLessThan(300 * MB);
    expect(bytes(slim)).toBeLessThan(180 * MB);
    expect(bytes(shard)).toBeLessThan(180 * MB);
    for (const image of [serve, slim, shard]) {
      expect(ask(['image', 'inspect', '--format', '{{.User}}', image])).toBe('1000:1000');
      const script = `process.stdout.write(JSON.stringify([
        ['/usr/local/bin/npm', '/usr/bin/gcc', '/app/node_modules/typescript', '/app/node_modules/better-sqlite3', '/app/src']
          .filter((path) => require('node:fs').existsSync(path)),
        JSON.parse(require('node:fs').readFileSync('/app/sbom.cdx.json', 'utf8')).components.map(({ name }) => name)]))`;
      const out = ask(['run', '--rm', '--network', 'none', '--entrypoint', 'node', image, '-e', script]);
      const [found, components] = JSON.parse(out) as [string[], string[]];
      expect(found).toEqual([]);
      const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      for (const name of [...Object.keys(dependencies), 'node', 'libc6']) {
        expect(
          components.some((component) => name === component || name.endsWith(`/${component}`)),
          name,
        ).toBe(true);
      }
      expect(components).not.toContain('typescript');
    }
  });

  test('gives the result bytes of this machine, under limits, in another time zone, in either variant', () => {
    const hash = (text: string): string => (JSON.parse(text) as { resultHash: string }).resultHash;
    const own = spawnSync(process.execPath, [BIN, ...SWEEP, '--data', join(folder, 'candles.csv')], {
      encoding: 'utf8',
      env: { ...process.env, GRIDMILL_HOME: join(folder, 'home') },
    });
    const wanted = hash(own.stdout);
    expect(wanted).toMatch(/^[0-9a-f]{64}$/);
    const args = JSON.stringify([...SWEEP, '--data', 'candles.csv']);
    const clock = `process.stdout.write(String(new Date(0).getHours()))`;
    for (const image of [serve, slim, shard]) {
      expect(hash(runHere(image, args))).toBe(wanted);
      expect(hash(runHere(image, '--env', 'TZ=Asia/Shanghai', args))).toBe(wanted);
      // The zone does arrive, also where there is no file of zones: Node.js brings its own.
      const run = ['run', '--rm', '--network', 'none', '--env', 'TZ=Asia/Shanghai', '--entrypoint', 'node'];
      expect(ask([...run, image, '-e', clock])).toBe('8');
    }
  });

  test('serves under limits, says what it decided, and its health check knows a hang', async () => {
    const name = startService(slim);
    await waitFor('ready', 30, () => isReady(name));
    const log = ask(['logs', name]);
    expect(log).toMatch(/1 of 1 threads a computation, 256 MiB for all computations, 64 MiB of candles/);
    const [, heap] = /a heap of (\d+) MiB in 512 MiB of memory/.exec(log)!;
    expect(Number(heap)).toBeLessThan(200);
    for (const line of log.split('\n')) expect(JSON.parse(line)).toHaveProperty('time');
    expect(podman(['healthcheck', 'run', name]).status).toBe(0);
    const node = nodeOf(name);
    process.kill(node, 'SIGSTOP');
    try {
      // That it ends at all is its own doing: the runtime does not end it.
      expect(podman(['healthcheck', 'run', name]).status).not.toBe(0);
    } finally {
      process.kill(node, 'SIGCONT');
    }
    ask(['stop', name]);
    expect(ask(['inspect', '--format', '{{.State.ExitCode}}', name])).toBe('0');
  });

  test('is started again when its main thread hangs', async () => {
    const name = startService('--restart', 'on-failure:5', '--env', 'GRIDMILL_SERVER_SILENCE_SECONDS=3', slim);
    await waitFor('ready', 30, () => isReady(name));
    const node = nodeOf(name);
    // SIGUSR1 opens the debugger of Node.js, which is asked to run an endless loop.
    process.kill(node, 'SIGUSR1');
    await waitFor(
      'the debugger',
      10,
      () => podman(['exec', name, 'node', '--input-type=module', '-e', HANG]).status === 0,
    );
    expect(isReady(name)).toBe(false);
    await waitFor('serving again', 30, () => isReady(name));
    expect(nodeOf(name)).not.toBe(node);
    // On stderr, as all lines of a service's log.
    expect(podman(['logs', name]).stderr).toContain('main thread silent for 3000 ms: ended');
  });

  test('refuses a budget beyond the limit of the container, and says both numbers', () => {
    const env = ['--env', `GRIDMILL_TOKEN=${TOKEN}`, '--env', 'GRIDMILL_BACKTEST_MAX_COMPUTE_BYTES_TOTAL=1073741824'];
    const { status, stderr } = podman(['run', '--rm', ...LIMITS, ...env, slim]);
    expect(status).toBe(5);
    expect(stderr).toContain('max_compute_bytes_total 1,024 MiB; there are 512 MiB');
    const sweep = podman([
      'run',
      '--rm',
      ...LIMITS,
      '--volume',
      `${folder}:/work:ro`,
      slim,
      ...SWEEP,
      '--data',
      'candles.csv',
      '--memory',
      '1GB',
    ]);
    expect(sweep.status).toBe(5);
    expect(sweep.stderr).toContain('there are 512 MiB');
  });

  test('a sweep that would outgrow its container is refused or goes in smaller pieces, and is never killed', () => {
    const options = ['--volume', `${folder}:/work:ro`, '--env', 'GRIDMILL_HOME=/tmp/home'];
    const small = LIMITS.map((option) => (option === '512m' ? '160m' : option));
    const huge = ['--set', 'fast=2..300', '--set', 'slow=301..1200', '--top', '10000', '--deadline', '20s'];
    const { status, stderr } = podman([
      'run',
      '--rm',
      ...small,
      ...options,
      slim,
      'sweep',
      'sma-cross',
      '--data',
      'candles.csv',
      ...huge,
      '--no-save',
      '--json',
    ]);
    // Refused for its budget, done, or at its deadline: what it may not be is killed.
    expect([0, 5, 124], stderr).toContain(status);
    if (status === 5) expect(stderr).toContain('BUDGET_BYTES');
    // The container does kill what takes more than it has.
    const greedy = 'const all = []; for (;;) all.push(Buffer.alloc(16777216, 1));';
    expect(podman(['run', '--rm', ...small, '--entrypoint', 'node', slim, '-e', greedy]).status).toBe(137);
  });

  test('scores shards on a read-only root without any option but the manifest', () => {
    const place = join(folder, 'place');
    mkdirSync(place);
    const env = { ...process.env, GRIDMILL_HOME: join(folder, 'home') };
    const here = (...args: readonly string[]): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', env });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    const [, ...sweep] = SWEEP.filter((option) => option !== '--no-save');
    const data = ['--data', join(folder, 'candles.csv')];
    const plan = ['shard', 'plan', ...sweep, ...data, '--shards', '2', '--place', `file://${place}`];
    const { manifest } = JSON.parse(here(...plan)) as { readonly manifest: string };
    spawnSync('chmod', ['-R', 'a+rwX', place]);
    const limits = [
      '--read-only',
      '--read-only-tmpfs=false',
      '--network',
      'none',
      '--cap-drop',
      'all',
      '--memory',
      '512m',
    ];
    for (const index of ['0', '1']) {
      const out = ask([
        'run',
        '--rm',
        ...limits,
        '--volume',
        `${place}:${place}`,
        '--env',
        `AWS_BATCH_JOB_ARRAY_INDEX=${index}`,
        shard,
        '--manifest',
        manifest,
      ]);
      expect(out).toContain(`shard ${index} of 2: done`);
    }
    const merged = ask([
      'run',
      '--rm',
      ...limits,
      '--volume',
      `${place}:${place}`,
      shard,
      'shard',
      'merge',
      '--manifest',
      manifest,
      '--json',
    ]);
    const whole = here(...SWEEP, ...data);
    const hash = (text: string): string => (JSON.parse(text) as { resultHash: string }).resultHash;
    expect(hash(merged)).toBe(hash(whole));
    // Wrong manifests are no reason to try again.
    expect(podman(['run', '--rm', ...limits, shard, '--manifest', 'nowhere']).status).toBe(64);
  });

  test('stops in order as process 1 too, and says that it cannot end itself there', async () => {
    const name = startService(
      '--entrypoint',
      '["node", "/app/bin/gridmill.mjs", "serve", "--listen", "0.0.0.0"]',
      slim,
    );
    await waitFor('ready', 30, () => isReady(name));
    expect(ask(['logs', name])).toContain('this is process 1');
    ask(['stop', name]);
    // Not 137, which is what a stop that took too long ends with.
    expect(ask(['inspect', '--format', '{{.State.ExitCode}}', name])).toBe('0');
  });

  test('killed in the middle of a job it serves again and ends the job with the same hash', async () => {
    const name = startService('--restart', 'on-failure:5', '--volume', `${folder}:/import:ro`, serve);
    await waitFor('ready', 30, () => isReady(name));
    ask([
      'exec',
      name,
      'node',
      '/app/bin/gridmill.mjs',
      'import',
      '/import/candles.csv',
      '--exchange',
      'lab',
      '--symbol',
      'MADE',
    ]);
    const sweep = {
      strategy: 'sma-cross',
      data: 'lab/MADE/1m',
      parameters: { fast: '2..60:1', slow: '61..1000:1' },
      execution: { fee: 0.001 },
    };
    const submit = (): string => {
      const answer = request(name, TOKEN, 'POST', '/api/jobs', sweep);
      expect(answer?.status, answer?.text).toBe(202);
      return (JSON.parse(answer!.text) as { id: string }).id;
    };
    const job = (id: string): { state: string; attempts: number; progress: { scored: number } } | undefined => {
      const answer = request(name, TOKEN, 'GET', `/api/jobs/${id}`);
      return answer?.status === 200 ? JSON.parse(answer.text) : undefined;
    };
    const hashOf = (id: string): string =>
      (JSON.parse(request(name, TOKEN, 'GET', `/api/jobs/${id}/result`)!.text) as { record: { resultHash: string } })
        .record.resultHash;

    const killed = submit();
    await waitFor('some progress', 60, () => (job(killed)?.progress.scored ?? 0) > 0);
    expect(job(killed)!.state).toBe('running');
    const node = nodeOf(name);
    process.kill(node, 'SIGKILL');
    const backMs = await waitFor('serving again', 30, () => isReady(name));
    expect(nodeOf(name)).not.toBe(node);
    await waitFor('the job', 120, () => job(killed)?.state === 'done');
    expect(job(killed)!.attempts).toBe(2);
    process.stderr.write(`kill -9 to serving again: ${Math.round(backMs)} ms at half a processor\n`);

    const whole = submit();
    await waitFor('the job again', 120, () => job(whole)?.state === 'done');
    expect(hashOf(whole)).toBe(hashOf(killed));

    const gridmill = ['exec', name, 'node', '/app/bin/gridmill.mjs', 'store'];
    expect(ask([...gridmill, 'backup', '/data/backup.tar'])).toContain('read through');
    expect(ask([...gridmill, 'verify', '/data/backup.tar'])).toContain('are whole');
    const restored = ['exec', '--env', 'GRIDMILL_HOME=/tmp/restored', ...gridmill.slice(1)];
    ask([...restored, 'restore', '/data/backup.tar']);
    expect(ask([...restored, 'verify'])).toMatch(/^1 candles, \d+ results, .* all whole/);
  });
});
