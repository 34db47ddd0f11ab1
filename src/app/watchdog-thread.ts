// The entry of the watching thread: says one line and kills the process when its main thread has been silent for too long.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { BEAT_MS, type WatchdogSetup } from '../compute/watchdog.ts';

const { beat, silenceMs } = workerData as WatchdogSetup;
const STDERR = 2;

let last = Atomics.load(beat, 0);
let silentMs = 0;
for (;;) {
  const begin = performance.now();
  Atomics.wait(beat, 0, last, BEAT_MS);
  const now = Atomics.load(beat, 0);
  // A process that was stopped as a whole was not hung: of such a pause only one beat counts.
  silentMs = now === last ? silentMs + Math.min(performance.now() - begin, 2 * BEAT_MS) : 0;
  last = now;
  if (silentMs < silenceMs) continue;
  const line = { level: 60, time: Date.now(), pid: process.pid, msg: `main thread silent for ${silenceMs} ms: ended` };
  writeSync(STDERR, `${JSON.stringify(line)}\n`);
  // A thread cannot end its process with an exit code, and the main thread runs no handlers.
  process.kill(process.pid, 'SIGKILL');
}
