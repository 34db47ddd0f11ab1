// Folders of runs on a machine: the one that is entered stays, those that nobody uses go.
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { enterRunFolder, runFolder } from './run-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-run-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('folders of runs at which nobody has worked for long are removed when another run begins', () => {
  const now = LIMITS.runFolderMsMax * 3;
  enterRunFolder(root, 'abandoned', 1_000);
  const busy = enterRunFolder(root, 'busy', 1_000);
  // Progress of a shard was saved a while ago.
  mkdirSync(join(busy, '7'));
  const saved = (now - LIMITS.runFolderMsMax / 2) / 1_000;
  utimesSync(join(busy, '7'), saved, saved);
  utimesSync(busy, 1, 1);
  enterRunFolder(root, 'recent', now - LIMITS.runFolderMsMax / 2);
  enterRunFolder(root, 'own', now);
  expect(['abandoned', 'busy', 'recent', 'own'].map((id) => existsSync(runFolder(root, id)))).toEqual([
    false,
    true,
    true,
    true,
  ]);
});
