// What has been handed in at a shared folder, as tests of clusters see it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Shards of the one run below a folder; 0 before there is one. */
export function shardsIn(folder: string): number {
  try {
    const [run] = readdirSync(join(folder, 'runs'));
    return readdirSync(join(folder, 'runs', run!, 'shards')).filter((file) => !file.startsWith('.')).length;
  } catch {
    return 0;
  }
}
