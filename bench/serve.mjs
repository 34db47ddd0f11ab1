// The service measured from outside: start, idle memory and processor time, light requests beside sweeps, memory afterwards.
// Usage: node bench/serve.mjs [--seconds 5] [--idle 20] [--no-store] — prints JSON. A bare HTTP server in the same runs is the control.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { openQueue, putCandles, startSweeps } from './service-load.mjs';
import { startControl, startService } from './service-process.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, idle: { type: 'string' } } });
const seconds = Number(values.seconds ?? 5);
const idleSeconds = Number(values.idle ?? 20);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Light requests at an even rate, far below what either server could take: what counts is how long each waits. */
async function light(url, path) {
  const { latency, errors, non2xx, requests } = await autocannon({
    url: url + path,
    connections: 4,
    duration: seconds,
    overallRate: 100,
  });
  const { p50, p99, max } = latency;
  return { path, requests: requests.total, p50, p99, max, failed: errors + non2xx };
}

async function beside(name, service, control) {
  const rows = [{ ...(await light(control.url, '/')), path: 'control' }];
  for (const path of ['/healthz', '/api/jobs?limit=20', '/api/results']) rows.push(await light(service.url, path));
  rows.push({ ...(await light(control.url, '/')), path: 'control' });
  const { running } = await (await fetch(`${service.url}/readyz`)).json();
  return { beside: name, sweepsRunning: running, load: loadavg()[0], rows };
}

const starts = [];
for (let i = 0; i < 5; i++) {
  const service = await startService();
  starts.push({ readyMs: service.readyMs, cpuMs: service.cpuMs });
  await service.stop();
}
const control = await startControl();
const service = await startService();
await sleep(10_000);
const cpuBefore = service.cpu();
await sleep(idleSeconds * 1000);
const idle = { mb: service.resident(), percentOfOneCore: (service.cpu() - cpuBefore) / (10 * idleSeconds) };

await putCandles(service);
await openQueue(service);
const loads = [await beside('nothing', service, control)];
for (const [name, kinds] of [
  ['one sweep that is waited for', ['waited']],
  ['a sweep as a job', ['job']],
  ['two sweeps, one of them a job', ['waited', 'job']],
]) {
  const sweeps = await startSweeps(service, kinds);
  loads.push(await beside(name, service, control));
  await sweeps.end();
}
const afterLoadMb = service.resident();
const collected = await (await fetch(`${service.url}/backtesting/gc`, { method: 'POST' })).json();
await sleep(2_000);
const memory = { idleMb: idle.mb, peakMb: service.peak(), afterLoadMb, afterCollectMb: service.resident(), collected };
await service.stop();
await control.stop();
console.log(JSON.stringify({ starts, idle, loads, memory }, null, 2));
