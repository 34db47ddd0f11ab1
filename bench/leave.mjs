// Bundles and runs bench/leave.ts against the build.
// Usage: node bench/leave.mjs [disconnects]
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleBench } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { benchLeave } = await import(pathToFileURL(await bundleBench('leave', join(root, '.cache/bench'))).href);
await benchLeave(join(root, 'bin/gridmill.mjs'), Number(process.argv[2] ?? 200));
