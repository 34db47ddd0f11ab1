// Folders of a machine for the cut sweeps that it works at; those that nobody uses any more are removed.
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../core/limits.ts';
import { storeError } from '../store/durable-write.ts';

/** Folder of this machine for one cut sweep: its strategy and the progress of its shards. */
export const runFolder = (storeRoot: string, id: string): string => join(storeRoot, 'shards', id);

/** The folder of a run, made and marked as in use; removes others that were not for LIMITS.runFolderMsMax. Errors: STORE_FULL, STORE_UNWRITABLE when it cannot be made. */
export function enterRunFolder(storeRoot: string, id: string, nowMs: number): string {
  const folder = runFolder(storeRoot, id);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw storeError(cause, folder);
  }
  try {
    utimesSync(folder, nowMs / 1000, nowMs / 1000);
    for (const name of readdirSync(join(storeRoot, 'shards'))) {
      const other = runFolder(storeRoot, name);
      if (name !== id && nowMs - lastUsedMs(other) > LIMITS.runFolderMsMax)
        rmSync(other, { recursive: true, force: true });
    }
  } catch {
    // Another process removes at the same moment, or the disk does not let us: nothing depends on it.
  }
  return folder;
}

/** A shard that saves progress changes the folder it saves to. */
function lastUsedMs(folder: string): number {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const paths = [folder, ...inside.map(({ name }) => join(folder, name))];
  return Math.max(...paths.map((path) => statSync(path).mtimeMs));
}
