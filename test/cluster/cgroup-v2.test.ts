// Are limits of control groups of version 2 read right, where only a real kernel can say what they look like?
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { BIN, csvOf, minuteCandles } from '../e2e/cli-harness.ts';
import { buildImage, podmanMissing } from './podman.ts';
import { machineParts, runInMachine } from './virtual-machine.ts';

const MIB = 1_048_576;
const parts = podmanMissing() ?? machineParts();
if (typeof parts === 'string') process.stderr.write(`Tests of control groups of version 2 are skipped: ${parts}.\n`);

const SWEEP = 'sweep sma-cross --data candles.csv --set fast=5..30:5 --set slow=40..120:20 --fee 0.1% --no-save --json';
const LIMITS = `import('/app/dist/app/own-limits.js').then(async ({ ownLimits, fitHeap }) => {
  const { threadsFor } = await import('/app/dist/core/machine-limits.js');
  const { memoryBytes, processors } = ownLimits();
  process.stdout.write(JSON.stringify({ memoryBytes, processors, threads: threadsFor(processors) }) + '\\n');
})`;

/** `group NAME MEMORY CPU` makes one; `inside NAME STEP COMMAND` runs a command in it between marks. */
const SCRIPT = `
G=/sys/fs/cgroup
group() { mkdir $G/$1; echo $2 > $G/$1/memory.max; echo "$3 100000" > $G/$1/cpu.max; }
inside() { g=$1; step=$2; shift 2; echo "<<$step"; (echo 0 > $G/$g/cgroup.procs; exec "$@"); echo ">>$step $?"; }
group tight ${512 * MIB} 50000
group outer ${384 * MIB} 150000
echo '+memory +cpu' > $G/outer/cgroup.subtree_control
group outer/loose max max
group outer/strict ${256 * MIB} 100000
group free max max
inside tight limits node -e "$(cat limits.js)"
inside outer/loose parent node -e "$(cat limits.js)"
inside outer/strict both node -e "$(cat limits.js)"
inside free none node -e "$(cat limits.js)"
inside tight namespace /usr/bin/unshare --cgroup --mount sh -c 'umount /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; cat /proc/self/cgroup; exec node -e "$(cat limits.js)"'
inside outer/strict refused node /app/bin/gridmill.mjs ${SWEEP} --memory 1GB
inside outer/strict sweep node /app/bin/gridmill.mjs ${SWEEP}
echo "<<killed"; cat $G/outer/strict/memory.events; echo ">>killed 0"
inside outer/strict greedy node -e "const all = []; for (;;) all.push(Buffer.alloc(16777216, 1));"
echo "<<killed-then"; cat $G/outer/strict/memory.events; echo ">>killed-then 0"
echo "<<serve"
(echo 0 > $G/tight/cgroup.procs; echo 100000 100000 > $G/tight/cpu.max; exec node /app/bin/gridmill.mjs serve) > /tmp/log 2>&1 &
for i in $(seq 120); do grep -q 'MiB of memory' /tmp/log && break; sleep 1; done; cat /tmp/log; kill $!; wait $!
echo ">>serve $?"`;

describe.skipIf(typeof parts === 'string')('control groups of version 2', () => {
  let output: string;
  let wanted: string;
  beforeAll(async () => {
    const image = buildImage('shard');
    const candles = csvOf(minuteCandles(20_000));
    output = await runInMachine(
      parts as Exclude<typeof parts, string>,
      image,
      { 'candles.csv': candles, 'limits.js': LIMITS },
      SCRIPT,
    );
    const folder = mkdtempSync(join(tmpdir(), 'gridmill-group-'));
    writeFileSync(join(folder, 'candles.csv'), candles);
    const env = { ...process.env, GRIDMILL_HOME: join(folder, 'home') };
    const own = spawnSync(process.execPath, [BIN, ...SWEEP.split(' ')], { cwd: folder, encoding: 'utf8', env });
    wanted = (JSON.parse(own.stdout) as { resultHash: string }).resultHash;
    rmSync(folder, { recursive: true, force: true });
  }, 1_500_000);

  const step = (name: string): { readonly text: string; readonly status: number } => {
    const [, text, status] = new RegExp(`<<${name}\\n([^]*?)>>${name} (\\d+)`).exec(output) ?? [];
    if (text === undefined) throw new Error(`no step ${name} in:\n${output}`);
    return { text, status: Number(status) };
  };
  const limits = (name: string): unknown => JSON.parse(/\{.*\}/.exec(step(name).text)![0]);

  test('are read: the own limit, that of a parent, the stricter of two, and none', () => {
    expect(limits('limits')).toEqual({ memoryBytes: 512 * MIB, processors: 0.5, threads: 1 });
    expect(limits('parent')).toEqual({ memoryBytes: 384 * MIB, processors: 1.5, threads: 2 });
    expect(limits('both')).toEqual({ memoryBytes: 256 * MIB, processors: 1, threads: 1 });
    const none = limits('none') as { memoryBytes: number; processors: number };
    expect(none.processors).toBe(2);
    expect(none.memoryBytes).toBeGreaterThan(1024 * MIB);
  });

  test('are read where a container sees its own group as the root', () => {
    expect(step('namespace').text).toContain('0::/\n');
    expect(limits('namespace')).toEqual({ memoryBytes: 512 * MIB, processors: 0.5, threads: 1 });
  });

  test('decide budgets, threads and heap of the service', () => {
    const { text, status } = step('serve');
    expect(text).toMatch(/1 of 1 threads a computation, 256 MiB for all computations, 64 MiB of candles/);
    const [, heap] = /a heap of (\d+) MiB in 512 MiB of memory/.exec(text)!;
    expect(Number(heap)).toBeLessThan(200);
    expect(status).toBe(0);
  });

  test('refuse a budget beyond them, and let a sweep end within them with the same hash', () => {
    const { text, status } = step('refused');
    expect(status).toBe(5);
    expect(text).toContain('there are 256 MiB');
    expect(step('sweep').status).toBe(0);
    expect(step('sweep').text).toContain(wanted);
    expect(step('killed').text).toMatch(/^oom_kill 0$/m);
    // The group does kill whoever takes more.
    expect(step('greedy').status).toBe(137);
    expect(step('killed-then').text).toMatch(/^oom_kill [1-9]/m);
  });
});
