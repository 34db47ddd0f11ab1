#!/usr/bin/env node
// Starts the command line. The compile cache, where Node has one, makes every start after the first quicker.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
// Both are the same code, bundled into few files.
const bundle = ['serve', 'worker'].includes(process.argv[2]) ? 'service' : 'commands';
const main = new URL(`../dist/${bundle}/main.js`, import.meta.url);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`gridmill needs Node.js 20.19 or newer; this is ${process.version}.\n`);
  process.exitCode = 6;
} else if (!existsSync(fileURLToPath(main))) {
  process.stderr.write('gridmill is not built yet. Run ./gridmill, which builds it, or: npm ci && npm run build\n');
  process.exitCode = 6;
} else {
  const { fitHeap } = await import(new URL('../dist/app/own-limits.js', import.meta.url).href);
  fitHeap();
  module.enableCompileCache?.();
  await import(main.href);
}
