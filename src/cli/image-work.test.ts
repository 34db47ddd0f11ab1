// What `gridmill image` refuses before it looks at anything, and whether the documents show commands that it takes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Host } from './host.ts';
import { makeImage } from './image-work.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** No host is asked for anything: a name that is taken fails at the folder. */
const push = (repository: string) =>
  makeImage('nowhere', { push: repository, base: 'gridmill:shard', npmImage: 'node' }, {} as Host);

test('images are pushed under their hash: a tag or digest is refused, and told the repository', async () => {
  const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/gridmill';
  for (const [named, repository] of [
    [`${ecr}:latest`, ecr],
    [`${ecr}@sha256:${'0'.repeat(64)}`, ecr],
    ['localhost:5000/mine:1', 'localhost:5000/mine'],
  ] as const) {
    await expect(push(named)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      todo: expect.stringContaining(`--push ${repository},`),
    });
  }
  for (const named of [ecr, 'localhost:5000/mine']) {
    await expect(push(named)).rejects.not.toMatchObject({ code: 'REQUEST_INVALID' });
  }
});

test('the documents push to repositories only', () => {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', ...docs.map((name) => join('docs', name))];
  const shown = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/gridmill image .*?--push ([^\s)`]+)/g)].map(
      ([, repository]) => `${page} ${repository}`,
    ),
  );
  expect(shown.length).toBeGreaterThan(1);
  expect(shown.filter((one) => /[:@][^/]*$/.test(one))).toEqual([]);
});
