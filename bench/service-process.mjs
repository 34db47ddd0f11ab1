// Processes that are measured: the service in a folder of its own, and a bare HTTP server as the control.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/gridmill.mjs', import.meta.url));
const CONTROL = `require('node:http').createServer((_, reply) => reply.end('{}')).listen(0, '127.0.0.1', function () {
  console.log('answers at http://127.0.0.1:' + this.address().port + ' ');
});`;

async function start(args, environment = {}) {
  const home = mkdtempSync(join(tmpdir(), 'gridmill-bench-'));
  const begin = performance.now();
  const env = { ...process.env, GRIDMILL_HOME: home, GRIDMILL_SERVER_REQUESTS_PER_SECOND: '1000000', ...environment };
  const child = spawn(process.execPath, args, { env, cwd: home, stdio: ['ignore', 'pipe', 'ignore'] });
  // Whatever becomes of the measurement, nothing is left running.
  process.once('exit', () => child.kill('SIGKILL'));
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (bytes) => {
      text += bytes;
      const found = /answers at (http:\S+) /.exec(text)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)));
  });
  return {
    child,
    url,
    begin,
    async stop() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export const startControl = () => start(['-e', CONTROL]);

/** With the times to its first answer from /readyz, and with what the kernel counts of it. Linux only. */
export async function startService(...options) {
  const service = await start([BIN, 'serve', '--port', '0', ...options]);
  const { pid } = service.child;
  const status = (name) =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  /** Milliseconds of all threads that are alive. */
  const cpu = () => {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    return nanoseconds / 1e6;
  };
  const ready = await fetch(`${service.url}/readyz`);
  if (ready.status !== 200) throw new Error(`/readyz answers ${ready.status}`);
  const readyMs = Math.round(performance.now() - service.begin);
  return {
    ...service,
    readyMs,
    cpuMs: Math.round(cpu()),
    cpu,
    resident: () => status('VmRSS'),
    peak: () => status('VmHWM'),
  };
}
