// Bundles the harness: its own modules into one file, the product left outside as what the build made of it.
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const bench = dirname(fileURLToPath(import.meta.url));
const root = join(bench, '..');
const source = join(root, 'src') + '/';

/** What is measured is the build, not a copy of it: threads and kernels are found relative to its files. */
const productFromBuild = {
  name: 'product-from-build',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const file = resolve(resolveDir, path);
      if (!file.startsWith(source)) return undefined;
      const built = join(root, 'dist', relative(source, file).replace(/\.ts$/, '.js'));
      return { path: pathToFileURL(built).href, external: true };
    });
  },
};

/** Writes `<folder>/<name>.mjs` and answers its path. */
export async function bundleBench(name, folder) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(bench, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [productFromBuild],
  });
  return outfile;
}
