// The command `npm run campaign`: bundles bench/campaign against the build and runs it; --help says what it takes.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleBench } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (!existsSync(join(root, 'dist/index.js'))) throw new Error('npm run build comes first');
const main = await bundleBench('campaign/main', join(root, '.cache/bench'));
const { runMain } = await import(pathToFileURL(main).href);
process.exitCode = await runMain(process.argv.slice(2), root);
