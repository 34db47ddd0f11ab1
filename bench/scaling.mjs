// Bundles and runs bench/scaling.ts against the build.
// Usage: node bench/scaling.mjs [--measure]
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleBench } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bench = await import(pathToFileURL(await bundleBench('scaling', join(root, '.cache/bench'))).href);
if (process.argv.includes('--measure')) await bench.measureRun(join(root, 'bin/gridmill.mjs'));
else bench.writeScaling(join(root, 'docs'));
