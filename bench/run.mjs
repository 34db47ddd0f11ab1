// The command `npm run bench`: makes sure of a build, bundles the harness against it and runs it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleBench } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (!process.argv.includes('--no-build') || !existsSync(join(root, 'dist/index.js'))) {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await bundleBench('soak', join(root, '.cache/bench'));
await bundleBench('strategies/rsi-bollinger-trend', join(root, '.cache/bench'));
const main = await bundleBench('main', join(root, '.cache/bench'));
const { runBench } = await import(pathToFileURL(main).href);
process.exitCode = await runBench(process.argv.slice(2), root);
