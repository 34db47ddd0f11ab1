// One job over one worker container and over two: node bench/workers.mjs, on a quiet machine with a core for each worker. Needs podman and root.
// Options: --serve IMAGE (gridmill:serve), --times 5, --slow 1000 (periods of the slower average: the size of the job), --shards 8.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, medianInterval, podman, randomWalk, sleep, spread, table, withService } from './container-runs.mjs';

const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries({ serve: 'gridmill:serve', times: '5', slow: '1000', shards: '8' }).map(([name, fallback]) => [
      name,
      { type: 'string', default: fallback },
    ]),
  ),
});
const WORKERS = [1, 2];
const LIMITS = ['--cpus', '1', '--memory', '1g', '--network', 'none', '--tmpfs', '/tmp'];

const folder = mkdtempSync(join(tmpdir(), 'gridmill-workers-'));
chmodSync(folder, 0o755);
const started = [];
try {
  writeFileSync(join(folder, 'candles.csv'), randomWalk(60_000));
  const options = ['--memory', '1g', '--volume', `${folder}:/import:ro`, '--env', 'GRIDMILL_JOBS_CONCURRENCY=0'];
  await withService(values.serve, options, async ({ name, ready, since, ask }) => {
    await ready(since);
    const program = ['exec', name, 'node', '/app/bin/gridmill.mjs'];
    podman(...program, 'import', '/import/candles.csv', '--exchange', 'lab', '--symbol', 'MADE');
    const submit = (fee) =>
      ask('POST', '/api/jobs', {
        strategy: 'sma-cross',
        data: 'lab/MADE/1m',
        parameters: { fast: '2..200:1', slow: `201..${values.slow}:1` },
        execution: { fee },
        shards: Number(values.shards),
      });
    const run = async (workers, fee) => {
      while (started.length < workers)
        started.push(podman('run', '--detach', '--volumes-from', name, ...LIMITS, values.serve, 'worker'));
      while (started.length > workers) podman('rm', '--force', '--time', '3', started.pop());
      // What starts is not measured: users leave their workers running.
      await sleep(3_000);
      const from = performance.now();
      const { id } = await submit(fee);
      for (;;) {
        const { state, error } = await ask('GET', `/api/jobs/${id}`);
        if (state === 'done') break;
        if (state !== 'queued' && state !== 'running') throw new Error(`${state}: ${JSON.stringify(error)}`);
        await sleep(100);
      }
      const seconds = (performance.now() - from) / 1000;
      const { record } = await ask('GET', `/api/jobs/${id}/result`);
      return { seconds, hash: record.resultHash };
    };
    await run(1, 0.01);
    const times = new Map(WORKERS.map((count) => [count, []]));
    for (let i = 0; i < Number(values.times); i++) {
      // Another fee is another sweep of the same work: nothing of it is known from before.
      const hashes = new Set();
      for (const count of i % 2 === 0 ? WORKERS : [...WORKERS].reverse()) {
        const { seconds, hash } = await run(count, 0.001 + i / 1e6);
        times.get(count).push(seconds);
        hashes.add(hash);
      }
      if (hashes.size !== 1) throw new Error(`two hashes for one sweep: ${[...hashes].join(', ')}`);
      console.error(
        `pair ${i + 1}: ${WORKERS.map((count) => `${count} in ${times.get(count).at(-1).toFixed(1)} s`).join(', ')}`,
      );
    }
    const ratios = times.get(1).map((seconds, i) => seconds / times.get(2)[i]);
    const [low, high] = medianInterval(ratios);
    table(`one job of ${values.shards} shards over worker containers of 1 cpu each, submit to done, one hash`, [
      ...WORKERS.map((count) => [`${count} ${count === 1 ? 'worker' : 'workers'}`, `${spread(times.get(count), 1)} s`]),
      ['speed-up', `${median(ratios).toFixed(2)}, 95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}`],
    ]);
  });
} finally {
  for (const name of started) podman('rm', '--force', '--time', '3', name);
  rmSync(folder, { recursive: true, force: true });
}
