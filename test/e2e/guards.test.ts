// What strategy code cannot do in a scoring thread, deed by deed; and that it could, were there no guards.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardFolders } from '../../src/isolation/guards.ts';
import { bundleStrategy } from '../../src/loader/bundle.ts';
import type { PoolScorerOptions } from '../../src/pool/pool-scorer.ts';
import type { SweepRequest } from '../../src/sweep/request.ts';
import { testCandles, testRequest } from '../synthetic-request.ts';
import { strategyFile, sweep, temporaryFolder } from './pool-fixtures.ts';

interface Outcome {
  readonly manner: 'throws' | 'rejects' | 'gives';
  readonly code?: string;
  readonly message?: string;
  readonly value?: string;
}

const place = temporaryFolder();
const outside = temporaryFolder();
const own = join(place.path, 'strategies');
const out = (name: string): string => JSON.stringify(join(outside.path, name));
const mine = (name: string): string => JSON.stringify(join(own, name));
let server: Server;
let port = 0;
let guarded: Record<string, Outcome>;
let free: Record<string, Outcome>;
let remarks: readonly string[];

/** Names that bundling cannot see through. */
const imported = (name: string): string => `import(['node', ${JSON.stringify(name)}].join(':'))`;
/** The deed, how its error comes, and what it says. */
const DEEDS: Readonly<Record<string, readonly [deed: string, manner: 'throws' | 'rejects', says: string]>> = {
  fetch: ['fetch("http://127.0.0.1:" + PORT)', 'rejects', 'fetch http://127.0.0.1'],
  'http.get': [
    `${imported('http')}.then((http) => new Promise((resolve, reject) => http.get(\`http://127.0.0.1:\${PORT}/\`, resolve).on('error', reject)))`,
    'rejects',
    'no network',
  ],
  'net.connect': [
    `${imported('net')}.then((net) => new Promise((resolve, reject) => net.connect(PORT, '127.0.0.1').on('connect', function () { this.destroy(); resolve('connected'); }).on('error', reject)))`,
    'rejects',
    'no network',
  ],
  'dns.lookup': [
    `${imported('dns')}.then(({ lookup }) => new Promise((resolve, reject) => lookup('localhost', (error, address) => (error ? reject(error) : resolve(address)))))`,
    'rejects',
    'no network',
  ],
  'dns.promises.lookup': [
    `${imported('dns/promises')}.then(({ lookup }) => lookup('localhost'))`,
    'rejects',
    'no network',
  ],
  'child_process.exec': [
    `${imported('child_process')}.then(({ exec }) => new Promise((resolve, reject) => exec('true', (error) => (error ? reject(error) : resolve('ran')))))`,
    'rejects',
    'no processes',
  ],
  'child_process by getBuiltinModule': [
    'process.getBuiltinModule("child_process").execSync("true")',
    'throws',
    'process.getBuiltinModule of child_process',
  ],
  'child_process by createRequire': [
    'createRequire(import.meta.url)("child_process").execSync("true")',
    'throws',
    'require of child_process',
  ],
  'a thread': ['new Worker("1", { eval: true }).terminate()', 'throws', 'worker_threads.Worker'],
  'vm.runInThisContext': [`${imported('vm')}.then((vm) => vm.runInThisContext('1'))`, 'rejects', 'no tools'],
  'process.binding': ['typeof (process as any).binding("fs")', 'throws', 'process.binding fs'],
  'process.kill': ['process.kill(process.pid, 0)', 'throws', 'process.kill'],
  'readFileSync of /etc/passwd': ['fs.readFileSync("/etc/passwd").length', 'throws', 'fs.readFileSync of /etc/passwd'],
  'readFileSync by getBuiltinModule': [
    'process.getBuiltinModule("fs").readFileSync("/etc/passwd").length',
    'throws',
    'fs.readFileSync of /etc/passwd',
  ],
  'readFileSync of a URL outside': [
    `fs.readFileSync(new URL(${out('secret.json').replace('"', '"file://')})).length`,
    'throws',
    'fs.readFileSync',
  ],
  'readFileSync through a link': [`fs.readFileSync(${mine('link/secret.json')}).length`, 'throws', 'secret.json'],
  'readFileSync up and out': [
    `fs.readFileSync(${mine('../../')} + ${JSON.stringify(outside.path.split('/').at(-1))} + "/secret.json").length`,
    'throws',
    'fs.readFileSync',
  ],
  'fs.promises.readFile outside': [
    'fs.promises.readFile("/etc/passwd")',
    'rejects',
    'fs.promises.readFile of /etc/passwd',
  ],
  'readFile with a callback outside': [
    'new Promise((resolve, reject) => fs.readFile("/etc/passwd", (error, data) => (error ? reject(error) : resolve(data.length))))',
    'rejects',
    'fs.readFile of /etc/passwd',
  ],
  'readFile promisified': ['promisify(fs.readFile)("/etc/passwd")', 'rejects', 'fs.readFile of /etc/passwd'],
  'a stream from outside': [
    'fs.createReadStream("/etc/passwd").close()',
    'throws',
    'fs.createReadStream of /etc/passwd',
  ],
  'existsSync outside': ['fs.existsSync("/etc/passwd")', 'throws', 'fs.existsSync'],
  'import of a module outside': [
    `import([${out('module.mjs')}].join('')).then((module) => module.default)`,
    'rejects',
    'module.mjs',
  ],
  writeFileSync: [`fs.writeFileSync(${mine('written')}, '1')`, 'throws', 'fs.writeFileSync'],
  'fs.promises.writeFile': [`fs.promises.writeFile(${mine('written')}, '1')`, 'rejects', 'fs.promises.writeFile'],
  'appendFile with a callback': [
    `new Promise((resolve, reject) => fs.appendFile(${mine('written')}, '1', (error) => (error ? reject(error) : resolve(1))))`,
    'rejects',
    'fs.appendFile',
  ],
  'openSync for writing': [`fs.closeSync(fs.openSync(${mine('written')}, 'w'))`, 'throws', 'for writing'],
  createWriteStream: [`fs.createWriteStream(${mine('written')}).close()`, 'throws', 'fs.createWriteStream'],
  symlinkSync: [`fs.symlinkSync('/etc', ${mine('made')})`, 'throws', 'fs.symlinkSync'],
  rmSync: [`fs.rmSync(${mine('doomed')})`, 'throws', 'fs.rmSync'],
  'process.exit': ['process.exit(3)', 'throws', 'process.exit'],
  'process.abort': ['process.abort()', 'throws', 'process.abort'],
  'process.chdir': ['process.chdir("/")', 'throws', 'process.chdir'],
  'a native module': ['process.dlopen({ exports: {} } as any, "/nowhere.node")', 'throws', 'process.dlopen'],
};
/** With no guards these end the thread or fail for reasons of their own. */
const ENDINGS = ['process.exit', 'process.abort', 'process.chdir', 'a native module'];

async function runDeeds(names: readonly string[], withGuards: boolean) {
  const moduleFile = join(own, 'compiled.mjs');
  const worker = new Worker(fileURLToPath(new URL('./guards-thread.mjs', import.meta.url)), {
    workerData: {
      entryUrl: new URL('../../dist/app/import-guarded.js', import.meta.url).href,
      ref: {
        moduleUrl: pathToFileURL(moduleFile).href,
        guards: withGuards
          ? { strategyFolder: own, storeRoot: join(place.path, 'store'), readOnlyFolders: [] }
          : undefined,
      },
      names,
    },
    env: { GRIDMILL_SECRET: 'secret' },
  });
  return new Promise<{ outcomes: Record<string, Outcome>; remarks: string[] }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread left with exit code ${code}`)));
  });
}

const ALLOWED: Readonly<Record<string, string>> = {
  'a JSON file beside the strategy': `JSON.parse(fs.readFileSync(${mine('levels.json')}, 'utf8')).level`,
  'the same by promise': `fs.promises.readFile(${mine('levels.json')}, 'utf8').then((text) => JSON.parse(text).level)`,
  'the same by stream': `new Promise((resolve) => fs.createReadStream(${mine('levels.json')}).on('data', () => resolve(7)))`,
  'the candle store': `fs.readdirSync(${JSON.stringify(join(place.path, 'store'))}).length + 6`,
  'console.log': 'console.log("said by a test") ?? 7',
  environment: 'Object.keys(process.env).length + 7',
  chance: '(Math.random(), Date.now(), new Date(), performance.now(), crypto.randomUUID(), 7)',
  'hidden chance': '(({ random }) => (random(), 7))(Math)',
  'the clock': 'Date.now() < 1000 && new Date().getTime() < 1000 && performance.now() < 1000 && new Date(7).getTime()',
};

beforeAll(async () => {
  mkdirSync(join(own), { recursive: true });
  mkdirSync(join(place.path, 'store/candles'), { recursive: true });
  symlinkSync(outside.path, join(own, 'link'));
  for (const name of ['secret.json', 'module.mjs'])
    writeFileSync(join(outside.path, name), name.endsWith('json') ? '{}' : 'export default 1;');
  for (const name of ['doomed', 'written']) writeFileSync(join(own, name), '');
  writeFileSync(join(own, 'levels.json'), '{"level":7}');
  server = createServer((_, answer) => answer.end('seen')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  port = (server.address() as AddressInfo).port;
  const all = { ...Object.fromEntries(Object.entries(DEEDS).map(([name, [deed]]) => [name, deed])), ...ALLOWED };
  writeFileSync(
    join(own, 'deeds.ts'),
    `import fs from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
const PORT = ${port};
export default {\n${Object.entries(all)
      .map(([name, deed]) => `${JSON.stringify(name)}: (): any => ${deed},`)
      .join('\n')}\n};`,
  );
  writeFileSync(join(own, 'compiled.mjs'), (await bundleStrategy(join(own, 'deeds.ts'), [])).code);
  ({ outcomes: guarded, remarks } = await runDeeds(Object.keys(all), true));
  ({ outcomes: free } = await runDeeds(
    Object.keys(DEEDS).filter((name) => !ENDINGS.includes(name)),
    false,
  ));
});
afterAll(() => {
  server.close();
  place.remove();
  outside.remove();
});

describe('behind the guards of a thread', () => {
  test.each(Object.keys(DEEDS))('%s ends in STRATEGY_FORBIDDEN', (name) => {
    const [, manner, says] = DEEDS[name]!;
    expect(guarded[name]).toMatchObject({ manner, code: 'STRATEGY_FORBIDDEN', message: expect.stringContaining(says) });
  });

  test.each(Object.keys(DEEDS).filter((name) => !ENDINGS.includes(name)))('without them, %s goes through', (name) => {
    expect(free[name]).toMatchObject({ manner: 'gives' });
  });

  test.each(Object.keys(ALLOWED))('allowed is %s', (name) => {
    expect(guarded[name]).toEqual({ manner: 'gives', value: '7' });
  });

  test('every place that asks for chance or time is named once', () => {
    const calls = remarks.map((remark) => / at /.exec(remark) && remark.slice(0, remark.indexOf(' at ')));
    for (const call of ['Math.random', 'Date.now', 'new Date()', 'performance.now', 'crypto.randomUUID']) {
      expect(calls).toContain(call);
    }
    expect(new Set(remarks).size).toBe(remarks.length);
    expect(remarks[0]).toMatch(/deeds\.ts:\d+:\d+/);
  });
});

/** A strategy of seven variants whose function runs `deed` where `when` holds and this is a thread, and trades by `extra`. */
const inCompute = (name: string, deed: string, extra = 'false', when = 'bars === 3'): string => `
import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { defineStrategy, range } from 'gridmill';
export default defineStrategy({
  name: ${JSON.stringify(name)},
  parameters: { bars: range(2, 8) },
  compute(candles, { bars }) {
    if (!isMainThread && ${when}) { ${deed} }
    // A thread that is done before the deed is of no use.
    if (!isMainThread && bars > 3) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    const out = new Int8Array(candles.barCount);
    for (let i = bars; i < out.length; i++) out[i] = ${extra} || candles.close[i] > candles.close[i - bars] ? 1 : 0;
    return out;
  },
});`;

describe('a sweep in guarded threads', () => {
  const candles = testCandles(400, 5);
  const guards: GuardFolders = {
    strategyFolder: place.path,
    storeRoot: join(place.path, 'store'),
    readOnlyFolders: [],
  };

  async function sweepOf(name: string, source: string, pool: Partial<PoolScorerOptions> = {}) {
    const { strategyRef, ...given } = await strategyFile(place.path, name, source);
    const request: SweepRequest = { ...testRequest('sma-cross', { top: 20 }), ...given };
    const ref = { ...(strategyRef as { moduleUrl: string }), guards };
    return {
      alone: () => sweep(request, candles),
      threads: (workers: number) => sweep(request, candles, { workers, strategyRef: ref, ...pool }, { batchSize: 2 }),
    };
  }

  test.each([
    ['exits', 'process.exit(3);', 'process.exit'],
    ['writes', `fs.writeFileSync(${mine('x')}, '');`, 'fs.writeFileSync'],
    ['fetches-and-forgets', 'void fetch("http://127.0.0.1:9/");', 'fetch http://127.0.0.1:9/'],
    ['writes-late', `void fs.promises.writeFile(${mine('x')}, '');`, 'fs.promises.writeFile'],
  ])('that %s ends in STRATEGY_FORBIDDEN', async (name, deed, says) => {
    const { threads } = await sweepOf(name, inCompute(name, deed, 'false', 'true'));
    await expect(threads(2)).rejects.toMatchObject({
      code: 'STRATEGY_FORBIDDEN',
      found: expect.stringContaining(says),
    });
  });

  test.each([
    ['throws', 'throw new RangeError("bars are three");', 'STRATEGY_FAILED', 'bars are three'],
    ['loops', 'for (;;);', 'WORKER_DIED', 'no sign of life'],
    ['hoards', 'const hoard = []; for (;;) hoard.push({ more: [bars] });', 'WORKER_DIED', 'memory'],
  ])('that %s is contained as it is without guards', async (name, deed, code, says) => {
    const { threads } = await sweepOf(name, inCompute(name, deed), { silenceMs: 500, heapMb: 24 });
    await expect(threads(2)).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
  });

  test('gives chance that depends on the variant alone: the same result from any number of threads, and a note', async () => {
    const source = inCompute('dices', '', '(i % 7 === 0 && Math.random() < 0.3 + 1e-9 * (Date.now() % 2))');
    const notes: string[] = [];
    const { alone, threads } = await sweepOf('dices', source, { onNote: (note) => notes.push(note) });
    const { hash } = await alone();
    expect((await threads(2)).hash).toBe(hash);
    expect((await threads(3)).hash).toBe(hash);
    expect(notes.filter((note) => /^Math\.random at .*dices\.ts:13:/.test(note))).toHaveLength(2);
    expect(notes.filter((note) => note.startsWith('Date.now at'))).toHaveLength(2);
  });

  test('is refused at load when it imports what it may not have, with the line', async () => {
    const source = `import { readFileSync } from 'node:fs';\nimport { get } from 'node:https';\nexport { get, readFileSync };`;
    const error = await strategyFile(place.path, 'imports', source).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STRATEGY_FORBIDDEN' });
    expect(String(error)).toContain('imports.ts:2:');
    expect(String(error)).toContain(`import { get } from 'node:https';`);
    const lazy = `export default async () => (await import('child_process')).exec('true');`;
    await expect(strategyFile(place.path, 'lazy', lazy)).rejects.toMatchObject({ code: 'STRATEGY_FORBIDDEN' });
  });
});
