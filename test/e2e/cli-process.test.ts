// The command line as a process: interrupts, deadlines, pipes, start-up, the wrapper.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN, createWorkplace, csvOf, json, minuteCandles, repository, type Workplace } from './cli-harness.ts';

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(60_000)));
});
afterAll(() => place.remove());

/** Far more variants than can be scored while a test waits. */
const LONG = [
  'sweep',
  'sma-cross',
  '--data',
  'btc.csv',
  '--set',
  'fast=2..900',
  '--set',
  'slow=3..4000',
  '--rank',
  'sharpe',
];

interface Partial {
  readonly partial: string | null;
  readonly scored: number;
  readonly top: readonly unknown[];
}

/** The text of the checkpoint, empty when there is none. */
function progressOf(at: Workplace): string {
  const path = join(at.folder, 'progress', 'sweep.checkpoint');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a sweep that is stopped', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('by %s ends within a second and prints what it has', async (signal) => {
    const { child, ended } = place.start([...LONG, '--json']);
    await sleep(2_500);
    const sentAt = performance.now();
    child.kill(signal);
    const result = await ended;
    // A second is the promise; a loaded test machine gets another one.
    expect(performance.now() - sentAt).toBeLessThan(2_000);
    expect(result.exitCode).toBe(130);
    const partial = json<Partial>(result);
    expect(partial.partial).toBe('cancelled');
    expect(partial.scored).toBeGreaterThan(0);
    expect(partial.top.length).toBeGreaterThan(0);
  });

  test.each([
    ['saved', [], false],
    ['not saved', ['--no-save'], true],
  ] as const)('by Ctrl-C when it is %s leaves a report or says how to get it', async (_, extra, isWritten) => {
    const { child, ended } = place.start([...LONG, '--report', 'stopped.html', ...extra]);
    await sleep(2_500);
    child.kill('SIGINT');
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(130);
    expect(existsSync(join(place.folder, 'stopped.html'))).toBe(isWritten);
    const advice = /gridmill (report [0-9a-f]{16} --out \S+) writes it/.exec(stdout)?.[1];
    expect(advice === undefined).toBe(isWritten);
    if (advice === undefined) return;
    expect((await place.run(...advice.split(' '))).exitCode).toBe(0);
    expect(existsSync(join(place.folder, 'stopped.html'))).toBe(true);
    rmSync(join(place.folder, 'stopped.html'));
  });

  test('by kill -9 goes on from its checkpoint and ends in the hash of an undisturbed run', async () => {
    const sweep = [
      'sweep',
      'ema-cross',
      '--data',
      'btc.csv',
      '--set',
      'fast=2..15',
      '--set',
      'slow=20..60',
      '--no-save',
      '--json',
    ];
    const whole = json<{ resultHash: string }>(await place.run(...sweep));
    const checkpointed = [...sweep, '--checkpoint', 'progress'];
    let kills = 0;
    for (; kills < 2; kills++) {
      const { child, ended } = place.start(checkpointed);
      // Killed as soon as this attempt has kept something of its own.
      const before = progressOf(place);
      while (child.exitCode === null && progressOf(place) === before) await sleep(10);
      child.kill('SIGKILL');
      await ended;
    }
    expect(progressOf(place)).not.toBe('');
    const result = await place.run(...checkpointed);
    expect(json<{ resultHash: string }>(result).resultHash).toBe(whole.resultHash);
    expect(progressOf(place)).toBe('');
  });

  test('by its deadline prints what it has and exits 124', async () => {
    const result = await place.run(...LONG, '--deadline', '2s');
    expect(result.exitCode).toBe(124);
    expect(result.stdout).toContain('PARTIAL: stopped by the deadline');
    expect(result.stdout).toMatch(/^ 1 /m);
    expect(result.elapsedMs).toBeLessThan(6_000);
  });

  test('tells its progress in plain lines when piped, at most every five seconds', async () => {
    const result = await place.run(...LONG, '--deadline', '6.5s');
    const lines = result.stderr.trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(lines[0]).toMatch(/^stage A {2}[\d,]+ of [\d,]+ {2}\d+% {2}[\d.,]+\/s {2}ETA /);
    expect(result.stderr).not.toContain('\r');
  });
});

describe('a pipe', () => {
  test('that closes early, as with head, is no error', () => {
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" "${BIN}" strategies | head -n 1`],
      {
        encoding: 'utf8',
      },
    );
    expect([status, stdout, stderr]).toEqual([0, 'sma-cross\n', '']);
  });

  test('that closes before a large output ends the writing quietly', async () => {
    const child = spawn(
      process.execPath,
      [BIN, 'run', 'sma-cross', '--data', 'btc.csv', '--set', 'fast=2', '--set', 'slow=3', '--equity', '--json'],
      { cwd: place.folder, env: { ...process.env, GRIDMILL_HOME: place.home }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    expect([exitCode, stderr]).toEqual([0, '']);
  });
});

describe('start-up', () => {
  test('--help is ready quickly and lists every command; each command teaches by example', async () => {
    const help = await place.run('--help');
    expect(help.exitCode).toBe(0);
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) {3,}/gm)].map((match) => match[1]!);
    expect(commands).toEqual(
      expect.arrayContaining([
        'demo',
        'sweep',
        'run',
        'check',
        'init',
        'strategies',
        'profiles',
        'import',
        'fetch',
        'data',
        'results',
        'report',
      ]),
    );
    for (const command of commands) {
      const { exitCode, stdout } = await place.run(command, '--help');
      expect(exitCode, command).toBe(0);
      expect(stdout, command).toContain(`gridmill ${command}`);
      expect(stdout, command).toContain('Examples:');
    }
    const { stdout } = await place.run('--version');
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('loads a handful of files before it knows the command', () => {
    const loaded = new Set<string>();
    const visit = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      const source = readFileSync(path, 'utf8');
      // Type imports are erased and dynamic imports wait for their command.
      for (const [, specifier] of source.matchAll(/^(?:import|export) (?!type )[^;]*? from '(\.[^']+)'/gm)) {
        visit(join(dirname(path), specifier!));
      }
    };
    visit(join(repository, 'src/app/main.ts'));
    expect([...loaded].filter((path) => !/src\/(app|cli|core)\//.test(path))).toEqual([]);
    expect(loaded.size).toBeLessThanOrEqual(14);
  });
});

describe('the ./gridmill wrapper', () => {
  test('is named in every next step as it was called, except in files and JSON', () => {
    const called = (file: string, cwd: string, ...args: readonly string[]) =>
      spawnSync(file, args, {
        cwd,
        encoding: 'utf8',
        env: { ...process.env, GRIDMILL_HOME: place.home, NO_COLOR: '1' },
      });
    expect(called('./gridmill', repository, 'strategies').stdout).toContain(
      'A file of your own: ./gridmill init my-strategy',
    );
    expect(called('./gridmill', repository, 'sweep', '--help').stdout).toContain('  ./gridmill sweep macd');
    expect(called('./gridmill', repository, 'swep').stderr).toContain('Run ./gridmill --help.');
    const path = join(repository, 'gridmill');
    const swept = called(
      path,
      place.folder,
      'sweep',
      'sma-cross',
      '--data',
      'btc.csv',
      '--set',
      'fast=5',
      '--set',
      'slow=20',
    );
    expect(swept.stdout).toContain(`  ${path} run --result `);
    expect(spawnSync(process.execPath, [BIN, 'strategies'], { encoding: 'utf8' }).stdout).toContain(': gridmill init');
  });

  test('runs from another folder and through a symbolic link', () => {
    mkdirSync(join(place.folder, 'elsewhere'));
    const link = join(place.folder, 'elsewhere', 'gm');
    symlinkSync(join(repository, 'gridmill'), link);
    const { status, stdout } = spawnSync(link, ['--version'], { cwd: place.folder, encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, spawnSync(process.execPath, [BIN, '--version'], { encoding: 'utf8' }).stdout]);
  });
});

test('the peak that a sweep tells is its own, and not that of the process which started it', () => {
  place.write('short.csv', csvOf(minuteCandles(500)));
  const args = [BIN, 'sweep', 'sma-cross', '--data', 'short.csv', '--set', 'fast=5', '--set', 'slow=20', '--json'];
  const large = `const held = Buffer.alloc(400e6, 1);
    require('node:child_process').spawnSync(process.execPath, ${JSON.stringify(args)}, { stdio: 'inherit' });
    process.exitCode = held[0] - 1;`;
  const env = { ...process.env, GRIDMILL_HOME: place.home };
  const { stdout, status } = spawnSync(process.execPath, ['-e', large], { cwd: place.folder, encoding: 'utf8', env });
  expect(status).toBe(0);
  const { plan } = JSON.parse(stdout) as { plan: { bytesActual: number } };
  expect(plan.bytesActual).toBeGreaterThan(30e6);
  expect(plan.bytesActual).toBeLessThan(300e6);
});
