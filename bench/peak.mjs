// Loaded into a child process: writes the most memory it ever held, in bytes, where GRIDMILL_BENCH_PEAK says.
import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    const kilobytes = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    writeFileSync(process.env.GRIDMILL_BENCH_PEAK, String(kilobytes * 1024));
  });
}
