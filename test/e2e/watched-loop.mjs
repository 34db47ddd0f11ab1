// A process whose main thread hangs: watched for as many milliseconds of silence as it is told, or not at all for 0.
import { startWatchdog } from '../../dist/compute/watchdog.js';

const silenceMs = Number(process.argv[2]);
if (silenceMs > 0) startWatchdog(silenceMs);
await new Promise((resolve) => setTimeout(resolve, 500));
const end = performance.now() + 4_000;
while (performance.now() < end);
