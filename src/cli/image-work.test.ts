// What `gridmill image` refuses before it loads or builds anything.
import { expect, test } from 'vitest';
import type { Host } from './host.ts';
import { type ImageOptions, makeImage } from './image-work.ts';

const order = (push: string): ImageOptions => ({ base: 'gridmill:shard', npmImage: 'node:24-slim', push });
/** Nothing of it is asked for. */
const HOST = {} as Host;

test.each([
  ['registry.example/gridmill:latest', 'registry.example/gridmill'],
  ['localhost:5000/team/gridmill:1', 'localhost:5000/team/gridmill'],
  [`gridmill@sha256:${'0'.repeat(64)}`, 'gridmill'],
])(
  '--push %s has a tag or a digest, which the content gives: refused before anything is built',
  async (push, right) => {
    await expect(makeImage('no-such-folder', order(push), HOST)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      found: JSON.stringify(push),
      todo: `Give --push ${right}`,
    });
  },
);
