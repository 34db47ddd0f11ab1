// Builds dist/: src with tsc, the command line and its threads as few files with esbuild, the WebAssembly kernels with asc, and the report's page assets with Vite.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildKernels, kernelsPath } from './build-kernels.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Bundled CommonJS packages ask for Node's own modules with it. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Packages that bring compiled code or are there by choice: they stay where they were installed. */
const INSTALLED = ['esbuild', 'better-sqlite3', 'pg', '@redis/client', '@aws-sdk/*', 'ccxt', 'onnxruntime-node'];

/** What Fastify falls back on where it is not given what the service gives it: found where it was installed, if ever asked for. */
const NEVER_CALLED = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];

/** What runs for weeks and starts whenever its supervisor says so. */
const SERVICE = /\/(serve|worker)\.js$/;

/**
 * The command line and its packages as few files: out of a thousand, commands start half as quickly, and a service takes a third more memory.
 * A service has a bundle of its own: chunks that other commands share with it would be three times as many. Threads are those of dist/thread.
 */
async function buildCommands(folder, commands) {
  rmSync(join(root, folder), { recursive: true, force: true });
  const leaveOut = {
    name: 'leave-out',
    setup({ onResolve, onLoad }) {
      // The document of the service is written as JSON alone.
      onResolve({ filter: /^yaml$/ }, ({ importer }) =>
        importer.includes('@fastify/swagger') ? { path: 'yaml', namespace: 'left-out' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: '' }));
      // What the other bundle starts is never asked for in this one.
      onResolve({ filter: /^\.\/commands\// }, ({ path }) => (commands(path) ? undefined : { path, external: true }));
    },
  };
  await build({
    // The download process is started by path from beside whoever downloads.
    entryPoints: [
      { in: join(root, 'dist/app/main.js'), out: 'main' },
      { in: join(root, 'dist/feeds/fetch/ccxt-child.js'), out: 'ccxt-child' },
    ],
    outdir: join(root, folder),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // CommonJS, once bundled, cannot be imported by name.
    mainFields: ['module', 'main'],
    external: [...INSTALLED, ...NEVER_CALLED],
    // The package's modules for browsers: those for Node.js cannot be imported by name from a bundle.
    alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
    plugins: [leaveOut],
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    banner: { js: REQUIRE },
  });
}

const node = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
};

node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
// Read from beside the code that computes with it.
copyFileSync(join(root, 'src/cluster/prices.json'), join(root, 'dist/cluster/prices.json'));
// A thread reads one file instead of a hundred: it starts in half the time.
rmSync(join(root, 'dist/thread'), { recursive: true, force: true });
await build({
  // The download process is started by path from within the computing thread: it lies beside it.
  entryPoints: [
    'app/scoring-thread',
    'app/trial-thread',
    'app/compute-thread',
    'app/watchdog-thread',
    'jobs/lease-thread',
    'feeds/fetch/ccxt-child',
  ].map((name) => ({ in: join(root, `dist/${name}.js`), out: name.split('/').at(-1) })),
  outdir: join(root, 'dist/thread'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
await buildCommands('dist/service', (path) => SERVICE.test(path));
await buildCommands('dist/commands', (path) => !SERVICE.test(path));
const kernelsStatus = buildKernels();
if (kernelsStatus !== 0) process.exit(kernelsStatus);
// A fenced process may read one folder: all it needs is in there, packages and kernels too. Its root hangs into `root`.
rmSync(join(root, 'dist/process'), { recursive: true, force: true });
await build({
  entryPoints: ['scoring-process', 'trial-process'].map((name) => join(root, `dist/app/${name}.js`)),
  outdir: join(root, 'dist/process'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  banner: { js: REQUIRE },
});
copyFileSync(kernelsPath, join(root, 'dist/process/kernels.wasm'));
mkdirSync(join(root, 'dist/process/root'));
writeFileSync(
  join(root, 'dist/process/root/README'),
  'The root of fenced processes is mounted here, for them alone.\n',
);
// Trial threads read it from beside their own file, and so do commands.
for (const folder of ['thread', 'commands', 'service'])
  copyFileSync(kernelsPath, join(root, `dist/${folder}/kernels.wasm`));
if (existsSync(join(root, 'web/vite.config.ts'))) {
  node('node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn');
}
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(join(root, 'dist/.built'), '');
