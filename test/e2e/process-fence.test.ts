// Strategies in fenced processes: the same numbers as in threads, and hostile code that gets nowhere.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childrenOf, FENCE_PATH, fencedCommand, probeBoundary } from '../../src/isolation/boundary.ts';
import { frameOf } from '../../src/isolation/frames.ts';
import { startProcessMember } from '../../src/isolation/process-member.ts';
import type { PoolScorerOptions } from '../../src/pool/pool-scorer.ts';
import type { SweepRequest } from '../../src/sweep/request.ts';
import { testCandles, testRequest } from '../synthetic-request.ts';
import { strategyFile, sweep, temporaryFolder } from './pool-fixtures.ts';

const boundary = probeBoundary();
const place = temporaryFolder();
const outside = temporaryFolder();
const candles = testCandles(400, 5);
let server: Server;
let socket: Server;
let port = 0;
let connections = 0;
const socketPath = join(outside.path, 'local.sock');
const secret = join(outside.path, 'secret.txt');

/** Tests of what the kernel fences need one that lets us build the fence. Without it they are skipped, and say so. */
const fenced = test.skipIf(boundary.kind !== 'rooted');

beforeAll(async () => {
  if (boundary.kind !== 'rooted') {
    console.warn(
      `SKIPPED: tests of the kernel's fence, as this system allows "${boundary.kind}" only: ${boundary.missing.join('; ')}`,
    );
  }
  const count = (): void => void connections++;
  server = createServer(count).listen(0, '127.0.0.1');
  socket = createServer(count).listen(socketPath);
  await Promise.all([server, socket].map((one) => new Promise((resolve) => one.once('listening', resolve))));
  port = (server.address() as AddressInfo).port;
  writeFileSync(secret, 'secret');
});
afterAll(() => {
  server.close();
  socket.close();
  place.remove();
  outside.remove();
});

/** A strategy of seven variants; `deed` runs in a pool, at variant 3, and not where the strategy is only loaded. */
const hostile = (name: string, deed: string): string => `
import { isMainThread } from 'node:worker_threads';
import { defineStrategy, range } from 'gridmill';
const inPool = !isMainThread || process.argv[1]?.includes('scoring-process');
const builtin = (name: string): any => (process as any).getBuiltinModule(name);
const sleep = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const wasteland: any[] = [];
export default defineStrategy({
  name: ${JSON.stringify(name)},
  parameters: { bars: range(2, 8) },
  compute(candles, { bars }) {
    if (inPool && bars === 3) { ${deed} }
    if (inPool && bars > 3) sleep(20);
    const out = new Int8Array(candles.barCount);
    for (let i = bars; i < out.length; i++) out[i] = candles.close[i] > candles.close[i - bars] ? 1 : 0;
    return out;
  },
});`;

/** No guards: as if the hostile code had taken them down. */
async function unguarded(
  name: string,
  deed: string,
  pool: Partial<PoolScorerOptions> & { readonly memoryMb?: number } = {},
) {
  const folder = join(place.path, name);
  mkdirSync(folder, { recursive: true });
  const { strategyRef, ...given } = await strategyFile(folder, name, hostile(name, deed));
  const request: SweepRequest = { ...testRequest('sma-cross', { top: 20 }), ...given };
  const { memoryMb, ...options } = pool;
  return {
    folder,
    alone: () => sweep(request, candles),
    threads: () => sweep(request, candles, { workers: 2, strategyRef, ...options }, { batchSize: 1 }),
    processes: (workers = 2) =>
      sweep(
        request,
        candles,
        { workers, strategyRef, ...options, processes: { readable: [folder], memoryMb } },
        { batchSize: 1 },
      ),
  };
}

/** Processes on this machine whose command line holds `text`. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

async function until(done: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (!done() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  return done();
}

describe('in processes', () => {
  test('results are those of the calling thread, from one process and from two', async () => {
    const { alone, processes } = await unguarded('behaves', '');
    const { hash } = await alone();
    expect((await processes(1)).hash).toBe(hash);
    expect((await processes(2)).hash).toBe(hash);
  });

  test.each(['sma-cross', 'macd'])('%s on the fast engine has the same result, barriers included', async (name) => {
    const request = testRequest(name, { top: 20, preselect: 5, risk: { stopLoss: { values: [0, 0.01, 0.02] } } });
    const { hash } = await sweep(request, candles);
    expect((await sweep(request, candles, { workers: 2, processes: { readable: [] } })).hash).toBe(hash);
  });

  test.each([
    ['throws', 'throw new RangeError("bars are three");', 'STRATEGY_FAILED', 'bars are three'],
    ['exits', 'process.exit(3);', 'WORKER_DIED', 'left with exit code 3'],
    ['loops', 'for (;;);', 'WORKER_DIED', 'no sign of life for 0.5 s'],
    ['hoards-heap', 'for (;;) wasteland.push({ more: [bars] });', 'WORKER_DIED', 'heap memory'],
    [
      'hoards-arrays',
      'for (;;) { wasteland.push(new Float64Array(2 ** 22).fill(1)); sleep(1); }',
      'WORKER_DIED',
      'more than 400, and was killed',
    ],
    ['kills-its-group', 'process.kill(0, "SIGKILL"); sleep(400);', 'WORKER_DIED', 'was ended by SIGKILL'],
    [
      'talks-nonsense',
      'builtin("fs").writeSync(3, Buffer.alloc(64, 255));',
      'WORKER_DIED',
      'a message of 4294967295 bytes and was killed',
    ],
    [
      'talks-without-end',
      'for (;;) builtin("fs").writeSync(3, Buffer.from([2, 0, 0, 0, 0xff, 0x0f]));',
      'WORKER_DIED',
      'killed',
    ],
  ])('one that %s is contained', async (name, deed, code, says) => {
    const { processes } = await unguarded(name, deed, {
      silenceMs: name.startsWith('hoards') ? 10_000 : 500,
      heapMb: 48,
      memoryMb: 400,
    });
    await expect(processes()).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
  });

  test('one that holds 300 MB of typed arrays goes through where 1,000 are allowed', async () => {
    const { alone, processes } = await unguarded(
      'hoards-some',
      'wasteland.push(new Float64Array(300 * 2 ** 17).fill(1)); sleep(150);',
      { memoryMb: 1000 },
    );
    expect((await processes()).hash).toBe((await alone()).hash);
    const { processes: tight } = await unguarded(
      'hoards-some-more',
      'wasteland.push(new Float64Array(300 * 2 ** 17).fill(1)); sleep(150);',
      { memoryMb: 250 },
    );
    await expect(tight()).rejects.toMatchObject({ code: 'WORKER_DIED' });
  });

  test('one that is stopped from outside counts as hung and is replaced', async () => {
    const { alone, processes } = await unguarded('is-stopped', 'sleep(700);', { silenceMs: 900 });
    const running = processes(1);
    const found = (): number[] => processesWith('is-stopped').filter((pid) => childrenOf(pid).length === 0);
    expect(await until(() => found().some((pid) => cpuSeconds(pid) > 0.02), 5000)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopped = found();
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    expect((await running).hash).toBe((await alone()).hash);
    expect(found().filter((pid) => stopped.includes(pid))).toEqual([]);
  });

  test.each([
    ['writes', (folder: string) => `builtin('fs').writeFileSync(${JSON.stringify(join(folder, 'new'))}, 'x');`],
    ['reads-elsewhere', () => `builtin('fs').readFileSync(${JSON.stringify(secret)});`],
    ['starts-a-process', () => `builtin('child_process').execFileSync(process.execPath, ['--version']);`],
    ['starts-a-thread', () => `new (builtin('worker_threads').Worker)('1', { eval: true });`],
    ['binds', () => `(process as any).binding('fs');`],
    [
      'opens-a-database',
      (folder: string) =>
        `new (builtin('node:sqlite').DatabaseSync)(${JSON.stringify(join(folder, 'new'))}).exec('create table t(x)');`,
    ],
    ['listens-to-a-debugger', () => `builtin('inspector').open(0);`],
  ])('one that %s fails, and leaves nothing behind', async (name, deed) => {
    const folder = join(place.path, name);
    const { processes } = await unguarded(name, deed(folder));
    const error = await processes().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STRATEGY_FAILED' });
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  test('the environment is empty but for TZ, and the working folder is /', async () => {
    const { processes } = await unguarded(
      'looks-around',
      'throw new Error([...Object.keys(process.env).sort(), process.cwd()].join(" "));',
    );
    await expect(processes()).rejects.toThrow('Error: TZ /');
  });

  fenced('hostile network code reaches nobody, while it does from an unguarded thread', async () => {
    const deed = `
      const net = builtin('net');
      for (const to of [[${port}, '127.0.0.1'], [${JSON.stringify(socketPath)}]]) net.connect(...to).on('error', () => undefined);`;
    const { processes, threads } = await unguarded('calls', deed);
    connections = 0;
    await processes();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(connections).toBe(0);
    await threads();
    expect(await until(() => connections >= 2, 2000)).toBe(true);
  });

  test('nothing is left when a pool has closed: no process, no zombie', async () => {
    const { processes } = await unguarded('leaves-nothing', '');
    await processes();
    expect(
      await until(() => processesWith('scoring-process.js').filter((pid) => belongsToUs(pid)).length === 0, 2000),
    ).toBe(true);
    const zombies = childrenOf(process.pid).filter((pid) =>
      /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
    );
    expect(zombies).toEqual([]);
  });

  test('an entry that does not start is a death with its reason', async () => {
    const how = await new Promise<string>((onDeath) => {
      startProcessMember(
        {
          entry: new URL('../../dist/process/absent.js', import.meta.url),
          boundary,
          readable: [],
          setup: frameOf({}),
          heapMb: 32,
          memoryBytesMax: 2 ** 30,
        },
        { onMessage: () => expect.fail('a message'), onDeath },
      );
    });
    expect(how).toMatch(/^left with exit code 1: .*(Cannot find module|ERR_ACCESS_DENIED)/);
  });

  test('processes in an endless loop die with the one that started them, however it dies', async () => {
    const mark = `orphan-${process.pid}`;
    const { folder } = await unguarded(mark, 'for (;;);');
    const script = `
      const { probeBoundary } = await import(${JSON.stringify(fileURLToPath(new URL('../../dist/isolation/boundary.js', import.meta.url)))});
      const { startProcessMember } = await import(${JSON.stringify(fileURLToPath(new URL('../../dist/isolation/process-member.js', import.meta.url)))});
      const { frameOf } = await import(${JSON.stringify(fileURLToPath(new URL('../../dist/isolation/frames.js', import.meta.url)))});
      startProcessMember({ entry: new URL('file://${join(folder, 'loop.mjs')}'), boundary: probeBoundary(), readable: [], setup: frameOf({}), heapMb: 32, memoryBytesMax: 2 ** 31 }, { onMessage() {}, onDeath: console.log });
      setInterval(() => {}, 1000);`;
    writeFileSync(join(folder, 'loop.mjs'), 'for (;;);');
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const loops = (): number[] => processesWith(join(folder, 'loop.mjs')).filter((pid) => pid !== parent.pid);
    expect(await until(() => loops().some((pid) => childrenOf(pid).length === 0 && cpuSeconds(pid) > 0.05), 5000)).toBe(
      true,
    );
    parent.kill('SIGKILL');
    expect(await until(() => loops().length === 0, 3000)).toBe(true);
  });
});

const cpuSeconds = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
};

function belongsToUs(pid: number): boolean {
  try {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
    return parent === process.pid || (parent > 1 && belongsToUs(parent));
  } catch {
    return false;
  }
}

describe('the fence of the kernel alone, without Node’s permissions', () => {
  async function inFence(kind: 'rooted' | 'permissions', script: string): Promise<string> {
    const file = join(place.path, `script-${kind}.mjs`);
    writeFileSync(file, script);
    const { file: command, args } = fencedCommand(kind, { readable: [place.path], nodeArgs: [file] });
    const child = spawn(command, args, {
      env: { PATH: FENCE_PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    let text = '';
    child.stdout.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    await new Promise((resolve) => child.once('close', resolve));
    return text.trim();
  }
  const attempt = (name: string, deed: string): string =>
    `try { ${deed}; console.log('${name} done'); } catch (error) { console.log('${name} ' + error.code); }\n`;

  fenced('hides files, refuses writes, has no processes of others and no shell', async () => {
    const script = `import fs from 'node:fs';\nimport { execFileSync } from 'node:child_process';\n${[
      attempt('read', `fs.readFileSync(${JSON.stringify(secret)})`),
      attempt('passwd', `fs.readFileSync('/etc/passwd')`),
      attempt('write', `fs.writeFileSync(${JSON.stringify(join(place.path, 'x'))}, '')`),
      attempt('write-root', `fs.writeFileSync('/x', '')`),
      attempt('shell', `execFileSync('/bin/sh', ['-c', 'true'])`),
      attempt('signal', `process.kill(${process.pid}, 0)`),
      attempt('own', `fs.readFileSync(process.argv[1])`),
      `console.log(process.getuid(), process.pid, fs.existsSync('/proc/1'));`,
    ].join('')}`;
    expect((await inFence('rooted', script)).split('\n')).toEqual([
      'read ENOENT',
      'passwd ENOENT',
      'write EROFS',
      'write-root EROFS',
      'shell ENOENT',
      'signal ESRCH',
      'own done',
      '65534 1 false',
    ]);
    // Without the fence the same script goes through.
    expect(await inFence('permissions', script)).toContain('read done\npasswd done\nwrite done');
  });

  fenced('stops hostile network code: loopback and local sockets', async () => {
    connections = 0;
    const script = `import net from 'node:net';
      for (const to of [[${port}, '127.0.0.1'], [${JSON.stringify(socketPath)}]]) {
        await new Promise((resolve) => net.connect(...to).on('error', ({ code }) => resolve(console.log(code))).on('connect', () => resolve(console.log('connected'))));
      }
      process.exit();`;
    expect((await inFence('rooted', script)).split('\n')).toEqual(['ENETUNREACH', 'ENOENT']);
    expect(connections).toBe(0);
    expect((await inFence('permissions', script)).split('\n')).toEqual(['connected', 'connected']);
  });

  fenced('a fork bomb ends with its first process', async () => {
    const mark = `bomb-${process.pid}`;
    const script = `import { spawn } from 'node:child_process';
      if (process.argv[2] === undefined) {
        for (let i = 0; i < 12; i++) spawn(process.execPath, [process.argv[1], '${mark}'], { detached: true, stdio: 'inherit' }).unref();
        setTimeout(() => process.exit(0), 800);
      } else setInterval(() => {}, 1000);`;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, processesWith(mark).length);
    }, 20);
    await inFence('rooted', script);
    clearInterval(watch);
    expect(most).toBeGreaterThanOrEqual(6);
    expect(await until(() => processesWith(mark).length === 0, 2000)).toBe(true);
  });
});
