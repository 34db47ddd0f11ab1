// How long the machine computes for clients that have left: from the end of a connection until every thread is gone.
// Usage: node bench/leave.mjs [disconnects]
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrng } from '../src/core/prng.ts';
import { heavyRequests, leave, quantile, STRATEGY_FILES, threadsOf } from '../test/e2e/heavy-requests.ts';

const DATA = 'lab/WAVE/1m';
const BARS = 100_000;

/** Prints one line for each phase and one for all. `bin` is the built command. */
export async function benchLeave(bin: string, count: number): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'gridmill-bench-'));
  const env = { ...process.env, GRIDMILL_HOME: join(home, '.home') };
  mkdirSync(join(home, 'strategies'));
  for (const [name, text] of Object.entries(STRATEGY_FILES)) writeFileSync(join(home, 'strategies', name), text);
  const lines = ['time,open,high,low,close,volume'];
  for (let bar = 0; bar < BARS; bar++) {
    const close = 40_000 + 900 * Math.sin(bar / 300) + 90 * Math.sin(bar / 7);
    lines.push(`${Date.UTC(2024, 0, 1) + bar * 60_000},${close},${close + 9},${close - 9},${close},1`);
  }
  writeFileSync(join(home, 'wave.csv'), lines.join('\n'));
  const imported = spawnSync(process.execPath, [bin, 'import', 'wave.csv', '--exchange', 'lab', '--symbol', 'WAVE'], {
    cwd: home,
    env,
  });
  if (imported.status !== 0) throw new Error(String(imported.stderr));
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0'], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const found = /answers at (http:\S+) /.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const body = JSON.stringify({ kind: 'run', strategy: 'bars.ts', data: DATA, parameters: { length: 9 } });
  await fetch(`${url}/api/backtests`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const at = { pid: child.pid!, port: Number(new URL(url).port), idleThreads: threadsOf(child.pid!) };

  const { nextBelow } = createPrng(1);
  const tookMs = new Map<string, number[]>();
  for (let n = 0; n < count; n++) {
    const requests = heavyRequests(DATA);
    const request = requests[n % requests.length]!;
    const { wasComputing, ms } = await leave(at, request, nextBelow(n % 2 === 0 ? 80 : 1_000));
    if (wasComputing) tookMs.set(request.phase, [...(tookMs.get(request.phase) ?? []), ms]);
  }
  for (const [phase, values] of [...tookMs, ['all', [...tookMs.values()].flat()] as const]) {
    const [p50, p99, most] = [quantile(values, 0.5), quantile(values, 0.99), Math.max(...values)].map((ms) =>
      ms.toFixed(0),
    );
    console.log(
      `${phase.padEnd(26)} ${String(values.length).padStart(5)} left   p50 ${p50} ms   p99 ${p99} ms   most ${most} ms`,
    );
  }
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(home, { recursive: true, force: true });
}
