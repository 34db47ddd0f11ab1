// Writes the fields of a Kubernetes Job, by name and type, as the official client has them from the OpenAPI document of Kubernetes:
// npm install --no-save @kubernetes/client-node && node scripts/kubernetes-fields.mjs
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models');
const [, release] = /OpenAPI spec version: (\S+)/.exec(readFileSync(join(folder, 'V1Job.js'), 'utf8'));
const kinds = {};

async function visit(name) {
  const path = join(folder, `${name}.js`);
  if (kinds[name] !== undefined || !existsSync(path)) return;
  const model = (await import(path))[name];
  if (model?.attributeTypeMap === undefined) return;
  kinds[name] = Object.fromEntries(model.attributeTypeMap.map(({ baseName, type }) => [baseName, type]));
  for (const type of Object.values(kinds[name])) for (const inner of type.match(/\w+/g)) await visit(inner);
}

await visit('V1Job');
const lines = Object.entries(kinds).map(([name, fields]) => `    ${JSON.stringify(name)}: ${JSON.stringify(fields)}`);
writeFileSync(
  join(root, 'test/fixtures/kubernetes-job-fields.json'),
  `{\n  "release": ${JSON.stringify(release)},\n  "kinds": {\n${lines.join(',\n')}\n  }\n}\n`,
);
