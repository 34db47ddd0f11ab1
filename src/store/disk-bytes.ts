// Reads and writes all bytes that are asked for: one call of a disk may do fewer.
import type { Disk } from './disk.ts';

/** One call reads or writes at most this much: some systems refuse 2 GiB. */
const CALL_BYTES_MAX = 1 << 30;

/**
 * Writes all of `bytes` at the end of what was written. A full disk answers a short write first and an error only to the next call, so the
 * count must be looked at. Errors: those of the disk; EIO when it writes nothing.
 */
export function writeFully(disk: Disk, handle: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) {
    const written = disk.write(handle, bytes.subarray(done, done + CALL_BYTES_MAX));
    if (written <= 0) throw Object.assign(new Error('The disk wrote nothing.'), { code: 'EIO' });
    done += written;
  }
}

/** Fills `target` from `position` of the file on; answers how many bytes, fewer only where the file ends. Errors: those of the disk. */
export function readUpTo(disk: Disk, handle: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.byteLength) {
    const count = disk.read(handle, target.subarray(done, done + CALL_BYTES_MAX), position + done);
    if (count <= 0) break;
    done += count;
  }
  return done;
}
