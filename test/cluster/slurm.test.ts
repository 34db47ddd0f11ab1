// One sweep on a real Slurm cluster: nodes are lost, the controller dies, and the hash is that of one machine.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from '../e2e/cli-harness.ts';
import { shardsIn } from './shard-files.ts';
import { missingForSlurm, type SlurmLab, startSlurm } from './slurm-lab.ts';

const missing = missingForSlurm();
if (missing !== undefined) console.log(`skipped: no Slurm here: ${missing}`);

interface Result {
  readonly resultHash: string;
  readonly scored: number;
}

const GRID = ['--set', 'fast=2..60', '--set', 'slow=61..260', '--fee', '0.1%', '--rank', 'sharpe', '--top', '5'];
const SWEEP = ['sma-cross', '--data', 'btc.csv', ...GRID, '--stop-loss', '0.01,0.02', '--preselect', '30'];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(missing !== undefined)('a sweep on Slurm', () => {
  let lab: SlurmLab;
  let place: Workplace;
  let wanted: string;
  beforeAll(async () => {
    place = createWorkplace();
    place.write('btc.csv', csvOf(minuteCandles(60_000)));
    lab = await startSlurm(['n1', 'n2', 'n3'], 1);
    wanted = json<Result>(await place.run('sweep', ...SWEEP, '--no-save', '--json')).resultHash;
  });
  afterAll(() => {
    lab?.stop();
    place?.remove();
  });

  const onCluster = (name: string, shards: number) =>
    place.start(
      [
        'sweep',
        ...SWEEP,
        '--cluster',
        'slurm',
        '--place',
        `file://${join(place.folder, name)}`,
        '--shards',
        String(shards),
        '--json',
      ],
      lab.environment,
    );
  const queued = (): string[] =>
    lab
      .run('squeue', '-h', '-r', '-o', '%T')
      .split('\n')
      .filter((line) => line !== '');
  const handedIn = (name: string): number => shardsIn(join(place.folder, name));

  test('ends in the hash of one machine', async () => {
    const result = await onCluster('plain', 6).ended;
    expect([result.exitCode, result.stderr]).toEqual([0, expect.stringContaining('6 shards')]);
    expect(json<Result>(result).resultHash).toBe(wanted);
    expect(queued()).toEqual([]);
  });

  test('a node is lost in mid run: its tasks run elsewhere', async () => {
    const run = onCluster('loss', 8);
    while (handedIn('loss') < 2) await sleep(100);
    lab.loseNode('n3');
    const result = await run.ended;
    expect(result.exitCode, result.stderr).toBe(0);
    expect(json<Result>(result).resultHash).toBe(wanted);
  });

  test('the controller dies right after it took the job: what it forgot is started again', async () => {
    const run = onCluster('controller', 4);
    while (queued().length === 0) await sleep(50);
    lab.restartController();
    const result = await run.ended;
    expect(result.exitCode, result.stderr).toBe(0);
    expect(json<Result>(result).resultHash).toBe(wanted);
  });

  test('Ctrl-C ends the tasks, and the same command goes on', async () => {
    const run = onCluster('stop', 8);
    while (handedIn('stop') < 1) await sleep(100);
    run.child.kill('SIGINT');
    expect((await run.ended).exitCode).toBe(130);
    while (queued().length > 0) await sleep(200);
    const before = handedIn('stop');
    const again = await onCluster('stop', 8).ended;
    expect(again.exitCode, again.stderr).toBe(0);
    expect(json<Result>(again).resultHash).toBe(wanted);
    expect(before).toBeLessThan(8);
  });
});
