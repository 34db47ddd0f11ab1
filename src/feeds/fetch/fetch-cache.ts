// Keeps what was downloaded, so that a run that broke off goes on where it was.
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../core/assert.ts';
import { LIMITS } from '../../core/limits.ts';

/** Names match /^[A-Za-z0-9._-]+$/. Content is checked by its readers: a cache may lose or spoil any entry. */
export interface FetchCache {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/**
 * Entries as files of `folder`, which is created when needed. Each appears whole or not at all. When they take more than
 * `bytesMax` those that were written first are removed, whoever wrote them.
 */
export function createFolderCache(folder: string, bytesMax: number = LIMITS.downloadCacheBytesMax): FetchCache {
  /** Bytes of each file, the oldest first; known from the first write on. */
  let kept: Map<string, number> | undefined;
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
        kept ??= await filesByAge(folder);
        kept.delete(name);
        kept.set(name, bytes.byteLength);
        await removeOldest(folder, kept, bytesMax);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
  };
}

async function filesByAge(folder: string): Promise<Map<string, number>> {
  const found: { readonly name: string; readonly bytes: number; readonly at: number }[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // Another process may just have removed it.
    const file = await stat(join(folder, entry.name)).catch(() => undefined);
    if (file !== undefined) found.push({ name: entry.name, bytes: file.size, at: file.mtimeMs });
  }
  found.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  return new Map(found.map(({ name, bytes }) => [name, bytes]));
}

/** The newest file stays, however large it is: it is in use. */
async function removeOldest(folder: string, kept: Map<string, number>, bytesMax: number): Promise<void> {
  let total = 0;
  for (const bytes of kept.values()) total += bytes;
  for (const [name, bytes] of kept) {
    if (total <= bytesMax || kept.size === 1) return;
    await rm(join(folder, name), { force: true });
    kept.delete(name);
    total -= bytes;
  }
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
