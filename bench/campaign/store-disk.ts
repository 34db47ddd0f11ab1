// The disk of the store: a file system of its own in a file, or in memory, that can be filled to the last byte and freed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface StoreDisk {
  readonly path: string;
  readonly kind: string;
  /** Leaves so many bytes. */
  fill(left: number): void;
  free(): void;
  remove(): void;
}

const BYTES = 256 * 2 ** 20;
const BLOCK = new Uint8Array(2 ** 20);
/** The user of the image. */
const USER = 1000;

const works = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status === 0;

/** Undefined where this user may not mount. */
export function makeStoreDisk(folder: string): StoreDisk | undefined {
  const path = join(folder, 'store');
  const image = join(folder, 'store.img');
  mkdirSync(path);
  let kind: string | undefined;
  closeSync(openSync(image, 'w'));
  truncateSync(image, BYTES);
  // No blocks that only root may take: the service may be root here.
  if (works('mkfs.ext4', '-q', '-m', '0', image) && works('mount', '-o', 'loop', image, path)) kind = 'ext4 in a file';
  else if (works('mount', '-t', 'tmpfs', '-o', `size=${BYTES}`, 'tmpfs', path)) kind = 'tmpfs';
  if (kind === undefined) return undefined;
  const home = join(path, 'home');
  mkdirSync(home);
  chownSync(home, USER, USER);
  chmodSync(home, 0o777);
  const ballast = join(path, 'ballast');
  return {
    path: home,
    kind,
    fill(left) {
      const { bavail, bsize } = statfsSync(path);
      const file = openSync(ballast, 'a');
      try {
        for (let rest = bavail * bsize - left; rest > 0; )
          rest -= writeSync(file, BLOCK, 0, Math.min(BLOCK.length, rest));
      } catch (error) {
        // Bookkeeping of the file system takes a little too: full is full.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => void spawnSync('umount', ['-l', path]),
  };
}
