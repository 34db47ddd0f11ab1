// Sizes of images, whole and compressed as registries hold them, and their layers over 5 MB: node deploy/docker/report.mjs IMAGE...
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const LAYER_BYTES = 5e6;
const tool = process.env.TOOL || 'podman';
const images = process.argv.slice(2);
if (images.length === 0) {
  process.stderr.write('usage: node deploy/docker/report.mjs IMAGE... (TOOL=docker for docker)\n');
  process.exit(2);
}

function run(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Bytes of a layer as a tar, and by gzip at its default level, which is what pushes use. */
async function sizesOf(path) {
  const counter = () => {
    const seen = new Writable({
      write(part, _, done) {
        seen.bytes = (seen.bytes ?? 0) + part.length;
        done();
      },
    });
    return seen;
  };
  const [whole, packed] = [counter(), counter()];
  await Promise.all([
    pipeline(createReadStream(path), whole),
    pipeline(createReadStream(path), createGzip({ level: 6 }), packed),
  ]);
  return { bytes: whole.bytes ?? 0, compressed: packed.bytes ?? 0 };
}

async function report(image) {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-report-'));
  try {
    const archive = join(folder, 'image.tar');
    run(tool, 'save', ...(tool === 'podman' ? ['--quiet', '--format', 'docker-archive'] : []), '--output', archive, image);
    run('tar', '-C', folder, '-xf', archive);
    const [{ Config, Layers }] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const { history } = JSON.parse(readFileSync(join(folder, Config), 'utf8'));
    const origins = history.filter(({ empty_layer }) => empty_layer !== true);
    const layers = [];
    for (const [at, layer] of Layers.entries()) {
      layers.push({ ...(await sizesOf(join(folder, layer))), from: origins[at]?.created_by ?? '' });
    }
    return layers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`.padStart(9);
const total = (layers, name) => layers.reduce((sum, layer) => sum + layer[name], 0);
for (const image of images) {
  const layers = await report(image);
  console.log(`${image}\n  ${mb(total(layers, 'bytes'))} ${mb(total(layers, 'compressed'))} compressed (gzip -6)`);
  for (const { bytes, compressed, from } of layers.filter((layer) => layer.bytes > LAYER_BYTES)) {
    console.log(`  ${mb(bytes)} ${mb(compressed)}   ${from.replace(/^\/bin\/sh -c #\(nop\) /, '').replace(/(dir|multi|file):[0-9a-f]{64}/, '').slice(0, 90)}`);
  }
}
