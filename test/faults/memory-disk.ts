// A disk in memory that knows what would survive a power loss: synced bytes, and names of synced folders.
import { dirname, join } from 'node:path';
import type { Prng } from '../../src/core/prng.ts';
import type { Disk } from '../../src/store/disk.ts';

interface Inode {
  written: Uint8Array;
  synced: Uint8Array;
}

type Names = ReadonlyMap<string, Inode>;

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** `crash` loses power: of unsynced names a random number of steps survive, of unsynced bytes a random, torn part. */
export interface MemoryDisk extends Disk {
  /** Called after each operation with its number, before the next one. */
  onOperation: (count: number) => void;
  crash(prng: Prng): MemoryDisk;
  bytesOf(path: string): Uint8Array | undefined;
}

export function createMemoryDisk(files: Readonly<Record<string, Uint8Array>> = {}): MemoryDisk {
  const start = new Map(Object.entries(files).map(([path, bytes]) => [path, { written: bytes, synced: bytes }]));
  // Every state the names have had since the folder was last synced; the last one is what programs see.
  let states: Names[] = [start];
  const handles = new Map<number, Inode>();
  let count = 0;
  const now = (): Names => states.at(-1)!;
  const change = (edit: (names: Map<string, Inode>) => void): void => {
    const next = new Map(now());
    edit(next);
    states.push(next);
  };
  const open = (path: string): number => {
    const inode = now().get(path);
    if (inode === undefined) throw failure('ENOENT');
    handles.set(handles.size + 1, inode);
    return handles.size;
  };
  const disk: MemoryDisk = {
    onOperation: () => undefined,
    create(path) {
      if (now().has(path)) throw failure('EEXIST');
      change((names) => names.set(path, { written: new Uint8Array(), synced: new Uint8Array() }));
      return open(path);
    },
    open,
    openAppend: (path) => (now().has(path) ? open(path) : disk.create(path)),
    truncate(handle, bytes) {
      const inode = handles.get(handle)!;
      inode.written = inode.written.slice(0, bytes);
    },
    write(handle, bytes) {
      const inode = handles.get(handle)!;
      inode.written = Buffer.concat([inode.written, bytes]);
      return bytes.byteLength;
    },
    read(handle, target, position) {
      const part = handles.get(handle)!.written.subarray(position, position + target.byteLength);
      target.set(part);
      return part.byteLength;
    },
    size: (handle) => handles.get(handle)!.written.byteLength,
    sync(handle) {
      const inode = handles.get(handle)!;
      inode.synced = inode.written;
    },
    close: () => undefined,
    link(from, to) {
      const inode = now().get(from);
      if (inode === undefined) throw failure('ENOENT');
      if (now().has(to)) throw failure('EEXIST');
      change((names) => names.set(to, inode));
    },
    rename(from, to) {
      const inode = now().get(from);
      if (inode === undefined) throw failure('ENOENT');
      change((names) => {
        names.delete(from);
        names.set(to, inode);
      });
    },
    syncFolder() {
      states = [now()];
    },
    remove(path) {
      if (!now().has(path)) throw failure('ENOENT');
      change((names) => names.delete(path));
    },
    removeFolder: () => undefined,
    makeFolder: () => undefined,
    list: (path) =>
      [...now().keys()]
        .filter((name) => dirname(name) === path)
        .map((name) => ({ name: name.slice(join(path, '/').length), kind: 'file' as const })),
    inspect(path) {
      const inode = now().get(path);
      return inode && { kind: 'file', bytes: inode.written.byteLength };
    },
    isPrivate: () => true,
    freeBytes: () => Number.POSITIVE_INFINITY,
    resolve: (path) => path,
    isProcessAlive: () => false,
    bytesOf: (path) => now().get(path)?.written,
    crash(prng) {
      const survivors: Record<string, Uint8Array> = {};
      for (const [path, { written, synced }] of states[prng.nextBelow(states.length)]!) {
        // Unsynced bytes: a prefix reached the disk, the rest of the file is zeros or missing.
        const kept = prng.nextBelow(written.byteLength + 1);
        const torn = new Uint8Array(prng.nextBelow(2) === 0 ? written.byteLength : kept);
        torn.set(written.subarray(0, kept).subarray(0, torn.byteLength));
        survivors[path] = written === synced ? synced : torn;
      }
      return createMemoryDisk(survivors);
    },
  };
  for (const name of ['create', 'write', 'sync', 'close', 'link', 'rename', 'syncFolder', 'remove'] as const) {
    const operation = disk[name] as (...args: unknown[]) => unknown;
    (disk as unknown as Record<string, unknown>)[name] = (...args: unknown[]): unknown => {
      const result = operation(...args);
      disk.onOperation(++count);
      return result;
    };
  }
  return disk;
}
