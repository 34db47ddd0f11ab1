// Does a stored file survive a power loss after any disk operation?
import { describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import type { Disk } from '../../src/store/disk.ts';
import { durableWrite } from '../../src/store/durable-write.ts';
import { createMemoryDisk } from './memory-disk.ts';

const PATH = '/store/file';
const OLD = Buffer.from('old content');
const NEW = [Buffer.from('new '), Buffer.from('content, longer')];
const NEW_WHOLE = Buffer.concat(NEW);
const DAMAGES_PER_OPERATION = 50;

type Write = (disk: Disk, path: string, chunks: readonly Uint8Array[]) => void;

/** Cuts the power after every operation of `write`, in many ways, and counts what is found under PATH afterwards. */
function crashEverywhere(write: Write): { old: number; new: number; third: number; lostAfterReturn: number } {
  const found = { old: 0, new: 0, third: 0, lostAfterReturn: 0 };
  const prng = createPrng(20_240_601);
  const disk = createMemoryDisk({ [PATH]: OLD });
  const look = (): 'old' | 'new' | 'third' => {
    const bytes = disk.crash(prng).bytesOf(PATH);
    return bytes && OLD.equals(bytes) ? 'old' : bytes && NEW_WHOLE.equals(bytes) ? 'new' : 'third';
  };
  disk.onOperation = () => {
    for (let k = 0; k < DAMAGES_PER_OPERATION; k++) found[look()]++;
  };
  write(disk, PATH, NEW);
  for (let k = 0; k < DAMAGES_PER_OPERATION; k++) if (look() !== 'new') found.lostAfterReturn++;
  return found;
}

/** A durable write with one step left out. */
const without =
  (step: 'sync' | 'syncFolder'): Write =>
  (disk, path, chunks) =>
    durableWrite({ ...disk, [step]: () => undefined }, path, chunks);

describe('a power loss after any operation of a durable write', () => {
  test('leaves the old or the new file, and the new one once the write has returned', () => {
    const found = crashEverywhere(durableWrite);
    expect(found.third).toBe(0);
    expect(found.lostAfterReturn).toBe(0);
    expect(found.old).toBeGreaterThan(0);
    expect(found.new).toBeGreaterThan(0);
  });

  test('leaves torn files when the file is not synced before the rename', () => {
    expect(crashEverywhere(without('sync')).third).toBeGreaterThan(0);
  });

  test('loses the file after the return when the folder is not synced', () => {
    expect(crashEverywhere(without('syncFolder')).lostAfterReturn).toBeGreaterThan(0);
  });
});
