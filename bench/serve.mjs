// The service under load: start, idle memory, and how quickly light requests are answered while a sweep takes every core.
// Usage: node bench/serve.mjs [seconds]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const seconds = Number(process.argv[2] ?? 5);
const bin = fileURLToPath(new URL('../bin/gridmill.mjs', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'gridmill-bench-'));
const started = performance.now();
const env = { ...process.env, GRIDMILL_HOME: home, GRIDMILL_SERVER_REQUESTS_PER_SECOND: '1000000' };
const child = spawn(process.execPath, [bin, 'serve', '--port', '0'], {
  env,
  cwd: home,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const url = await new Promise((resolve) => {
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += bytes;
    const found = /answers at (http:\S+) /.exec(text)?.[1];
    if (found) resolve(found);
  });
});
await fetch(`${url}/readyz`);
const readyMs = performance.now() - started;
const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024;
await new Promise((resolve) => setTimeout(resolve, 2_000));
const idleMb = residentMb();

const lines = ['time,open,high,low,close,volume'];
for (let bar = 0; bar < 50_000; bar++) {
  const close = 100 + 10 * Math.sin(bar / 30) + Math.sin(bar / 7);
  lines.push(`${Date.UTC(2020, 0, 1) + bar * 3_600_000},${close},${close + 1},${close - 1},${close},1`);
}
const headers = { 'content-type': 'application/octet-stream' };
await fetch(`${url}/api/data/import?name=wave.csv&exchange=local&symbol=WAVE`, {
  method: 'POST',
  headers,
  body: lines.join('\n'),
});

const load = async (path) => {
  const { latency, errors, non2xx, requests } = await autocannon({
    url: url + path,
    connections: 4,
    duration: seconds,
    overallRate: 100,
  });
  return {
    path,
    requests: requests.total,
    p50: latency.p50,
    p99: latency.p99,
    max: latency.max,
    failed: errors + non2xx,
  };
};
const leaving = new AbortController();
const body = JSON.stringify({
  strategy: 'sma-cross',
  data: 'local/WAVE/1h',
  parameters: { fast: '2..900:1', slow: '10..3000:1' },
  save: false,
});
const sweep = fetch(`${url}/api/backtests`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
  signal: leaving.signal,
}).catch(() => undefined);
await new Promise((resolve) => setTimeout(resolve, 1_500));
const rows = [];
for (const path of ['/healthz', '/api/results', '/api/data']) rows.push(await load(path));
const { running } = await (await fetch(`${url}/readyz`)).json();
leaving.abort();
await sweep;
console.log(
  JSON.stringify(
    { readyMs: Math.round(readyMs), idleMb: Math.round(idleMb), sweepStillRunning: running === 1, rows },
    null,
    2,
  ),
);
child.kill('SIGTERM');
await new Promise((resolve) => child.once('exit', resolve));
rmSync(home, { recursive: true, force: true });
