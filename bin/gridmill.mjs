#!/usr/bin/env node
// Starts the command line. The compile cache, where Node has one, makes every start after the first quicker.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

module.enableCompileCache?.();
const main = new URL('../dist/app/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  process.stderr.write('gridmill is not built yet. Run ./gridmill, which builds it, or: npm ci && npm run build\n');
  process.exitCode = 6;
}
