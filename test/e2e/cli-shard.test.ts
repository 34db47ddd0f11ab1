// Sweeps cut into shards, scored by processes that know nothing of each other, merged to the result of one machine.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeS3, startFakeS3 } from '../faults/fake-s3.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

interface Planned {
  readonly manifest: string;
  readonly id: string;
  readonly shards: number;
  readonly sizes: readonly number[];
  readonly sentBytes: number;
}

interface Result {
  readonly resultHash: string;
  readonly scored: number;
}

let place: Workplace;
let s3: FakeS3;
beforeAll(async () => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(20_000)));
  place.write('rule.ts', `export const limit = 60;\n`);
  place.write(
    'mine.ts',
    `import { close, defineStrategy, gt, lt, range, rsi } from 'gridmill';
import { limit } from './rule.ts';
export default defineStrategy({
  name: 'mine',
  parameters: { length: range(2, 9), low: range(20, 40, 5) },
  signals: ({ length, low }) => ({
    enterLong: lt(rsi(close, length), low),
    exitLong: gt(rsi(close, length), limit),
  }),
});
`,
  );
  s3 = await startFakeS3();
});
afterAll(async () => {
  await s3.close();
  place.remove();
});

const STAGES = ['--set', 'fast=2..21', '--set', 'slow=22..31', '--stop-loss', '0.01,0.02', '--fee', '0.1%'];
const SWEEP = ['sma-cross', '--data', 'btc.csv', ...STAGES, '--rank', 'sharpe', '--top', '7', '--preselect', '20'];

/** Another machine: it has nothing but the shared place. */
const machine = (name: string, more: Readonly<Record<string, string>> = {}) => ({
  GRIDMILL_HOME: join(place.folder, 'machines', name),
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  GRIDMILL_S3_ENDPOINT: s3.endpoint,
  NODE_NO_WARNINGS: '1',
  ...more,
});

async function plan(uri: string, args: readonly string[], shards: number): Promise<Planned> {
  const command = ['shard', 'plan', ...args, '--place', uri, '--shards', String(shards), '--json'];
  const result = await place.start(command, machine('planner')).ended;
  expect([result.exitCode, result.stderr]).toEqual([0, '']);
  return json<Planned>(result);
}

const runShard = (manifest: string, environment: Readonly<Record<string, string>>, ...more: readonly string[]) =>
  place.start(['shard', 'run', '--manifest', manifest, ...more], environment).ended;

const merge = (manifest: string, ...more: readonly string[]) =>
  place.start(['shard', 'merge', '--manifest', manifest, '--json', ...more], machine('merger')).ended;

async function sweepHash(args: readonly string[]): Promise<Result> {
  const { resultHash, scored } = json<Result>(await place.run('sweep', ...args, '--no-save', '--json'));
  return { resultHash, scored };
}

/** Resolves when a machine has saved some progress of a shard. */
async function progressOf(name: string, id: string, index: number): Promise<void> {
  const file = join(place.folder, 'machines', name, 'shards', id, String(index), 'sweep.checkpoint');
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const folderUri = (name: string): string => `file://${join(place.folder, name)}`;

describe('shards of a sweep', () => {
  test('in a folder: any order, any machine, twice, both stages; one hash', async () => {
    const { manifest, shards, sizes } = await plan(folderUri('shared'), SWEEP, 3);
    expect([shards, sizes]).toEqual([3, [66, 67, 67]]);
    const early = await merge(manifest);
    expect([early.exitCode, early.stderr]).toEqual([
      75,
      expect.stringContaining('shard 0 is missing, 1 is missing, 2'),
    ]);
    const array = await runShard(manifest, machine('b', { AWS_BATCH_JOB_ARRAY_INDEX: '2' }));
    expect([array.exitCode, array.stdout]).toEqual([0, 'shard 2 of 3: done\n']);
    const both = await Promise.all([
      runShard(manifest, machine('c'), '--index', '0', '--tasks', '2'),
      runShard(manifest, machine('d'), '--index', '0'),
      runShard(manifest, machine('e', { SLURM_ARRAY_TASK_ID: '1' }), '--workers', '2'),
    ]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const again = await runShard(manifest, machine('f'), '--index', '1');
    expect([again.exitCode, again.stdout]).toEqual([0, 'shard 1: already handed in\n']);
    const status = await place.start(['shard', 'status', '--manifest', manifest], machine('merger')).ended;
    expect(status.stdout).toBe('3 of 3 shards handed in\n');
    const merged = json<Result>(await merge(manifest));
    expect({ resultHash: merged.resultHash, scored: merged.scored }).toEqual(await sweepHash(SWEEP));
  });

  test('in S3, with a strategy of two files, through refusals and lost answers', async () => {
    const sweep = ['./mine.ts', '--data', 'btc.csv', '--timeframe', '5m', '--from', '2024-01-02'];
    const first = await plan('s3://bucket/team', sweep, 2);
    expect((await plan('s3://bucket/team', sweep, 2)).sentBytes).toBe(0);
    let count = 0;
    s3.fault = (method) => {
      if (method !== 'PUT') return undefined;
      return (['slow-down', 'lost-answer', undefined, undefined] as const)[count++ % 4];
    };
    const ends = [await runShard(first.manifest, machine('g'), '--index', '0', '--tasks', '1')];
    s3.fault = () => undefined;
    expect(ends.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([[0, '']]);
    const merged = json<Result>(await merge(first.manifest));
    expect({ resultHash: merged.resultHash, scored: merged.scored }).toEqual(await sweepHash(sweep));
  });

  test('killed or told to stop, a shard goes on elsewhere from the progress it left', async () => {
    const long = ['sma-cross', '--data', 'btc.csv', '--set', 'fast=2..200', '--set', 'slow=201..900'];
    const { manifest, id } = await plan(folderUri('long'), long, 2);
    const begun = place.start(['shard', 'run', '--manifest', manifest, '--index', '0', '--workers', '1'], machine('h'));
    await progressOf('h', id, 0);
    begun.child.kill('SIGTERM');
    const stopped = await begun.ended;
    expect([stopped.exitCode, stopped.stdout]).toEqual([75, 'shard 0 of 2: interrupted\n']);
    expect(stopped.elapsedMs).toBeLessThan(10_000);
    const progress = join(place.folder, 'long', 'runs', id, 'progress', '000000.json');
    const { progress: left } = JSON.parse(readFileSync(progress, 'utf8')) as { progress: { taken: number } };
    expect(left.taken).toBeGreaterThan(0);
    const killed = place.start(['shard', 'run', '--manifest', manifest, '--index', '0'], machine('i'));
    await progressOf('i', id, 0);
    killed.child.kill('SIGKILL');
    await killed.ended;
    for (const index of ['1', '0']) {
      expect((await runShard(manifest, machine('j'), '--index', index)).exitCode).toBe(0);
    }
    const merged = json<Result>(await merge(manifest, '--no-save'));
    expect({ resultHash: merged.resultHash, scored: merged.scored }).toEqual(await sweepHash(long));
  });
});

describe('shards of a sweep over markets and windows', () => {
  const windows = ['--windows', '2024-01-02..2024-01-06,2024-01-06..2024-01-10'];
  const cells = ['--data', 'btc.csv', '--data', 'eth.csv', ...windows, '--across', 'worst'];
  const args = ['sma-cross', ...cells, ...STAGES, '--rank', 'sharpe', '--top', '7', '--preselect', '12'];

  test('name the candles they need, and merge to the record of one machine', async () => {
    place.write('eth.csv', csvOf(minuteCandles(20_000, 2)));
    const { manifest, shards, id } = await plan(folderUri('many'), args, 5);
    expect(shards).toBe(5);
    const text = readFileSync(join(place.folder, 'many', 'runs', id, 'manifest.json'), 'utf8');
    const cut = JSON.parse(text) as { shards: { parts: { market: number }[] }[] };
    expect(cut.shards.map(({ parts }) => parts.map(({ market }) => market))).toEqual([[0], [0], [0, 1], [1], [1]]);
    const stopped = place.start(['shard', 'run', '--manifest', manifest, '--index', '2'], machine('many-a'));
    stopped.child.kill('SIGKILL');
    await stopped.ended;
    const ends = await Promise.all([
      runShard(manifest, machine('many-b'), '--index', '0', '--tasks', '2'),
      runShard(manifest, machine('many-c'), '--index', '1', '--tasks', '2'),
    ]);
    expect(ends.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const merged = json<Record<string, unknown>>(await merge(manifest, '--no-save'));
    const whole = json<Record<string, unknown>>(await place.run('sweep', ...args, '--no-save', '--json'));
    const lasting = ({ createdAt: _, elapsedMs: __, loadMs: ___, plan: ____, ...rest }: Record<string, unknown>) =>
      rest;
    expect(lasting(merged)).toEqual(lasting(whole));
    rmSync(join(place.folder, 'many', 'runs', id, 'pieces', '000003'));
    const damaged = await merge(manifest);
    expect([damaged.exitCode, damaged.stderr]).toEqual([64, expect.stringContaining('piece 3 is missing')]);
  });
});

describe('what is wrong', () => {
  test('with a shard is told with its number, and the merge refuses', async () => {
    const { manifest, id } = await plan(folderUri('wrong'), SWEEP, 2);
    await runShard(manifest, machine('k'), '--index', '0', '--tasks', '1');
    const path = (index: number): string => join(place.folder, 'wrong', 'runs', id, 'shards', `00000${index}.json`);
    const text = readFileSync(path(1), 'utf8');
    const cases: readonly (readonly [string, string])[] = [
      [text.replace(/"scored":\d+/, '"scored":1'), '1 does not match its hash'],
      [text.replace(/"engineVersion":"[^"]+"/, '"engineVersion":"9.9.9"'), '1 was scored by version 9.9.9'],
      [readFileSync(path(0), 'utf8'), '1 is of another run'],
      [text.slice(0, -20), '1 is no JSON'],
    ];
    for (const [bytes, said] of cases) {
      writeFileSync(path(1), bytes);
      const result = await merge(manifest);
      expect([result.exitCode, result.stderr]).toEqual([64, expect.stringContaining(said)]);
      expect(result.stderr).toContain('Remove those objects');
    }
    rmSync(path(1));
    expect((await runShard(manifest, machine('k'), '--index', '1')).exitCode).toBe(0);
    expect((await merge(manifest)).exitCode).toBe(0);
  });

  test('with a machine or the place ends in 75: another attempt may meet it no more', async () => {
    const { manifest, id } = await plan(folderUri('machines'), SWEEP, 2);
    for (const name of ['full', 'broken']) mkdirSync(join(place.folder, 'machines', name), { recursive: true });
    // No room for what was fetched: it is fetched all the same.
    mkdirSync(join(place.folder, 'machines', 'full', 'cache'));
    place.write('machines/full/cache/content', 'in the way');
    const full = await runShard(manifest, machine('full'), '--index', '0');
    expect([full.exitCode, full.stdout]).toEqual([0, 'shard 0 of 2: done\n']);
    // No room for the progress of shards.
    place.write('machines/broken/shards', 'in the way');
    const broken = await runShard(manifest, machine('broken'), '--index', '1');
    expect([broken.exitCode, broken.stderr]).toEqual([75, expect.stringContaining('STORE_UNWRITABLE')]);
    const path = join(place.folder, 'machines', 'runs', id, 'manifest.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, -9));
    const damaged = await runShard(manifest, machine('m'), '--index', '1');
    expect([damaged.exitCode, damaged.stderr]).toEqual([75, expect.stringContaining('OBJECT_CORRUPT')]);
    rmSync(path);
    expect((await runShard(manifest, machine('m'), '--index', '1')).exitCode).toBe(64);
    // The same plan puts it back.
    await plan(folderUri('machines'), SWEEP, 2);
    expect((await runShard(manifest, machine('m'), '--index', '1')).exitCode).toBe(0);
  });

  test('with the memory of a thread ends in 75', async () => {
    place.write(
      'hungry.ts',
      `import { defineStrategy, range } from 'gridmill';
export default defineStrategy({
  name: 'hungry',
  parameters: { length: range(2, 9) },
  compute: () => {
    const all: unknown[] = [];
    for (;;) all.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
  },
});
`,
    );
    const hungry = ['./hungry.ts', '--data', 'btc.csv', '--from', '2024-01-10', '--memory', '300MB'];
    const { manifest } = await plan(folderUri('hungry'), hungry, 2);
    const ended = await runShard(manifest, machine('n'), '--index', '0');
    expect([ended.exitCode, ended.stderr]).toEqual([75, expect.stringContaining('WORKER_DIED')]);
  });

  test('with a command ends in 64: trying again is of no use', async () => {
    const { manifest } = await plan(folderUri('usage'), SWEEP, 2);
    const ends = [
      await runShard(manifest, machine('l'), '--index', '2'),
      await runShard(manifest, machine('l', { SLURM_ARRAY_TASK_ID: 'x' })),
      await runShard(manifest.replace(/[0-9a-f]{32}/, '0'.repeat(32)), machine('l'), '--index', '0'),
      await runShard('nonsense', machine('l')),
    ];
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([64, 64, 64, 64]);
    const sweep = ['sweep', ...SWEEP];
    const mistakes: readonly (readonly [string[], string])[] = [
      [['--place', folderUri('usage')], '--place without --cluster'],
      [['--cluster', 'slurm'], '--cluster without --place'],
      [['--cluster', 'slurm', '--checkpoint', 'x'], '--checkpoint with --cluster'],
    ];
    for (const [more, said] of mistakes) {
      const result = await place.run(...sweep, ...more);
      expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining(said)]);
    }
    const small = await place.run('shard', 'plan', ...SWEEP, '--place', folderUri('usage'));
    expect([small.exitCode, small.stderr]).toEqual([2, expect.stringContaining('Give --shards')]);
  });
});
