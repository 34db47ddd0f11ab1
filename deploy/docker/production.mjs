// Lays out the program as the image holds it: dist, production packages, the named optional ones, and the list of all of it (CycloneDX).
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [target, ...extras] = process.argv.slice(2);

function run(command, ...args) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: target,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return stdout;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const optional = manifest.peerDependencies;
for (const name of extras) {
  if (optional[name] === undefined) {
    throw new Error(`EXTRAS may name ${Object.keys(optional).join(', ')}; found "${name}"`);
  }
  // The lowest version of the range is the one that was tested.
  manifest.dependencies[name] = optional[name].replace(/^\^/, '');
}
// SQLite of Node itself is used; the package is for older releases and would need a compiler.
for (const field of ['devDependencies', 'optionalDependencies', 'peerDependencies', 'peerDependenciesMeta', 'scripts']) {
  delete manifest[field];
}

mkdirSync(target, { recursive: true });
for (const path of ['bin', 'dist', 'LICENSE', 'package-lock.json']) cpSync(path, join(target, path), { recursive: true });
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
run('npm', 'install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error');

const sbom = JSON.parse(run('npm', 'sbom', '--omit=dev', '--sbom-format=cyclonedx', '--sbom-type=application'));
const node = process.versions.node;
sbom.components.push({ type: 'platform', name: 'node', version: node, purl: `pkg:generic/node@${node}` });
const debian = run('dpkg-query', '-W', '-f', '${Package} ${Version} ${Architecture}\\n').trim().split('\n');
for (const [name, version, architecture] of debian.map((line) => line.split(' '))) {
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
  sbom.components.push({ type: 'library', name, version, purl });
}
writeFileSync(join(target, 'sbom.cdx.json'), `${JSON.stringify(sbom)}\n`);
rmSync(join(target, 'package-lock.json'));

// What editors and debuggers read is a sixth of the packages, and nothing at run time.
for (const entry of readdirSync(join(target, 'node_modules'), { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && /\.(d\.[cm]?ts|map)$/.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}
