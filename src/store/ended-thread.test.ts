// Whose temporary files go when a thread was ended.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { removeTempsOfThread } from './ended-thread.ts';

test('those of the thread that was ended, in every folder of candles and of results, and no others', () => {
  const root = mkdtempSync(join(tmpdir(), 'gridmill-ended-'));
  const ended = threadId + 7;
  const other = threadId + 8;
  const folders = [join(root, 'results'), join(root, 'candles', 'lab', 'MADE')];
  const tempOf = (thread: number): string => `.1h.candles.${process.pid}-${thread}-0.tmp`;
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    for (const thread of [ended, other]) writeFileSync(join(folder, tempOf(thread)), 'half');
  }
  removeTempsOfThread(root, ended);
  for (const folder of folders) expect(readdirSync(folder)).toEqual([tempOf(other)]);
  removeTempsOfThread(join(root, 'nowhere'), ended);
  rmSync(root, { recursive: true, force: true });
});
