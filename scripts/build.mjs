// Builds dist/: src with tsc, the WebAssembly kernels with asc, and the report's page assets with Vite.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from './build-kernels.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
};

node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
const kernelsStatus = buildKernels();
if (kernelsStatus !== 0) process.exit(kernelsStatus);
if (existsSync(join(root, 'web/vite.config.ts'))) {
  node('node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn');
}
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(join(root, 'dist/.built'), '');
