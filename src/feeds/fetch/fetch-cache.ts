// Keeps what was downloaded, so that a run that broke off goes on where it was.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../core/assert.ts';

/** Names match /^[A-Za-z0-9._-]+$/. Content is checked by its readers: a cache may lose or spoil any entry. */
export interface FetchCache {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** Entries as files of `folder`, which is created when needed. Each appears whole or not at all. */
export function createFolderCache(folder: string): FetchCache {
  const pathOf = (name: string): string => {
    assert(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name), 'a cache name is a plain file name');
    return join(folder, name);
  };
  return {
    async read(name) {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      await mkdir(folder, { recursive: true });
      const path = pathOf(name);
      const part = `${path}.part`;
      try {
        const file = await open(part, 'w');
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
  };
}

/** Entries that live as long as the process. */
export function createMemoryCache(): FetchCache & { readonly entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    read: async (name) => entries.get(name),
    write: async (name, bytes) => {
      entries.set(name, bytes);
    },
  };
}
