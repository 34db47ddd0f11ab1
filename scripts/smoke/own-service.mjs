// A service of the built package in a store of its own, and the command line over the same store.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const bin = fileURLToPath(new URL('../../bin/gridmill.mjs', import.meta.url));
const run = promisify(execFile);
const START_MS = 30_000;

export async function startOwnService() {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-smoke-'));
  const { GRIDMILL_TOKEN: _, ...env } = { ...process.env, GRIDMILL_HOME: join(folder, 'store'), NO_COLOR: '1' };
  const options = { cwd: folder, env };
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0'], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-10_000);
  });
  try {
    const late = AbortSignal.timeout(START_MS);
    const url = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`gridmill serve ${why}: ${log}`));
      late.addEventListener('abort', () => fail('does not answer'));
      child.once('error', reject);
      child.once('close', () => fail('ended at once'));
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
        const found = /answers at (http:\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return { url, stop, cli: async (...args) => (await run(process.execPath, [bin, ...args], options)).stdout };
  } catch (error) {
    await stop();
    throw error;
  }
}
