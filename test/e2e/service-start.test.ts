// What the service loads before it answers: few files, and no package that only some requests need.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createServicePlace, startService } from './service-harness.ts';

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

/** Files of all threads of a process that ended, as V8 counted them. */
function loadedFiles(folder: string): string[] {
  const urls = readdirSync(folder).flatMap((name) =>
    (JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage).result.map(({ url }) => url),
  );
  return [...new Set(urls)].filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
}

test('an answering service has loaded few files, and nothing that bundles, reads Parquet, computes or talks to other servers', async () => {
  const place = await createServicePlace(100);
  try {
    const folder = join(place.folder, 'coverage');
    mkdirSync(folder);
    const service = await startService(place, [], { NODE_V8_COVERAGE: folder });
    expect((await service.get('/readyz')).status).toBe(200);
    expect((await service.get('/api/jobs')).status).toBe(200);
    await service.stop();
    const files = loadedFiles(folder);
    const names = files.map((path) => basename(path));
    expect(names).toContain('main.js');
    // Bundled chunks, the driver of the queue, the watchdog.
    expect(files.length, names.join(' ')).toBeLessThanOrEqual(80);
    const bytes = files.reduce((sum, path) => sum + readFileSync(path).byteLength, 0);
    expect(bytes).toBeLessThan(2_250_000);
    const packages = /node_modules\/(esbuild|hyparquet|playwright|pg|@redis|ccxt|onnxruntime|fzstd|typebox|yaml)/;
    expect(files.filter((path) => packages.test(path))).toEqual([]);
    // What is bundled has no path any more: these are marks of what reads Parquet files and of the kernels that score.
    for (const path of files)
      expect(/parquet invalid|kernels\.wasm/.exec(readFileSync(path, 'latin1'))?.[0], path).toBe(undefined);
  } finally {
    place.remove();
  }
});
