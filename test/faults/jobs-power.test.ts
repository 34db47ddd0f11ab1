// Power loss under the queue database: what SQLite wrote and synced is recorded below it, and unsynced writes are lost, torn or reordered.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { SQLITE_MISSING } from '../fixtures/jobs/stores.ts';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../fixtures/jobs');
const root = join(fixtures, '../../..');
const SEED = Number(process.env['GRIDMILL_SEED'] ?? 4711);
const CASES = Number(process.env['GRIDMILL_POWER_CASES'] ?? 30);
const SECTOR = 512;
/** What is opened here was damaged already: it need not be on a disk. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const missing = SQLITE_MISSING ?? noCompiler();
if (missing !== undefined) process.stderr.write(`power loss under the queue is not tested: ${missing}\n`);

function noCompiler(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc)';
}

/** One call that reached the system, in the order of the calls. */
type Call =
  | { readonly kind: 'write'; readonly file: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: string; readonly size: number }
  | { readonly kind: 'sync'; readonly file: string }
  /** The program was told that a job is accepted. */
  | { readonly kind: 'accepted'; readonly id: string };

describe.skipIf(missing !== undefined)('power loss under the queue database', () => {
  let folder: string;
  beforeAll(async () => {
    mkdirSync(join(root, '.cache'), { recursive: true });
    folder = mkdtempSync(join(root, '.cache', 'power-'));
    const library = [
      '-shared',
      '-fPIC',
      '-O1',
      '-o',
      join(folder, 'record.so'),
      join(fixtures, 'record-writes.c'),
      '-ldl',
    ];
    const compiled = spawnSync('cc', library, { encoding: 'utf8' });
    expect(compiled.status, compiled.stderr).toBe(0);
    await build({
      entryPoints: [join(fixtures, 'submit-jobs.ts')],
      outfile: join(folder, 'submit.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a process that submits jobs, and answers every call it made on files of the queue. */
  function record(name: string, synchronous: 'FULL' | 'NORMAL'): { queue: string; calls: Call[] } {
    const queue = join(folder, name);
    const log = join(folder, `${name}.log`);
    const ran = spawnSync(process.execPath, [join(folder, 'submit.mjs'), queue, synchronous], {
      encoding: 'utf8',
      env: { ...process.env, LD_PRELOAD: join(folder, 'record.so'), RECORD_LOG: log, RECORD_FOLDER: queue },
    });
    expect(ran.status, ran.stderr).toBe(0);
    return { queue, calls: parseLog(readFileSync(log)) };
  }

  /** Opens what was on the disk; the jobs it has, or the code of the error. */
  async function survivors(files: ReadonlyMap<string, Uint8Array>): Promise<Set<string> | string> {
    const at = mkdtempSync(join(memory, 'gridmill-power-'));
    try {
      for (const [file, bytes] of files) writeFileSync(join(at, file), bytes);
      const store = await openSqliteStore(at, {});
      const { jobs } = await store.list({ limit: 1000 });
      await store.close();
      return new Set(jobs.map(({ id }) => id));
    } catch (error) {
      return String((error as { code?: unknown }).code ?? error);
    } finally {
      rmSync(at, { recursive: true, force: true });
    }
  }

  /** Loses power after a random call, several times; answers how often an accepted job was lost or an error came. */
  async function lose(calls: readonly Call[]): Promise<string[]> {
    const prng = createPrng(SEED);
    const losses: string[] = [];
    const first = calls.findIndex(({ kind }) => kind === 'accepted');
    for (let i = 0; i < CASES; i++) {
      const cut = first + 1 + prng.nextBelow(calls.length - first);
      const accepted = calls.slice(0, cut).flatMap((call) => (call.kind === 'accepted' ? [call.id] : []));
      const found = await survivors(diskAfter(calls.slice(0, cut), prng));
      const lost = typeof found === 'string' ? [found] : accepted.filter((id) => !found.has(id));
      if (lost.length > 0) losses.push(`after call ${cut}: ${lost.join(' ')}`);
    }
    return losses;
  }

  test('loses no accepted job, wherever it strikes', { timeout: 3_600_000 }, async () => {
    const { calls } = record('full', 'FULL');
    // The record is of the real thing: writes, syncs and a checkpoint of the log into the database.
    expect(calls.filter(({ kind }) => kind === 'accepted')).toHaveLength(40);
    expect(calls.some((call) => call.kind === 'write' && call.file === 'queue.db-wal')).toBe(true);
    expect(calls.some((call) => call.kind === 'sync' && call.file === 'queue.db')).toBe(true);
    expect(await lose(calls), `GRIDMILL_SEED=${SEED}`).toEqual([]);
  });

  test('would lose accepted jobs if commits were not synced', async () => {
    const { calls } = record('normal', 'NORMAL');
    const losses = await lose(calls);
    expect(losses.length).toBeGreaterThan(CASES / 4);
    // Lost, and still a whole database: nothing would have told.
    expect(losses.some((loss) => /job-\d/.test(loss))).toBe(true);
  });
});

/** What a disk holds after these calls and a power loss: all that was synced, and of the rest any sectors, in any order. */
function diskAfter(calls: readonly Call[], prng: Prng): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const unsynced = new Map<string, Call[]>();
  const apply = (call: Call, loses: boolean): void => {
    if (call.kind === 'truncate') files.set(call.file, resize(files.get(call.file), call.size));
    if (call.kind !== 'write') return;
    const end = call.offset + call.bytes.length;
    const before = files.get(call.file) ?? new Uint8Array();
    const after = resize(before, Math.max(before.length, end));
    for (let at = call.offset; at < end; ) {
      const next = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR);
      if (!loses || prng.next() < 0.5) after.set(call.bytes.subarray(at - call.offset, next - call.offset), at);
      at = next;
    }
    files.set(call.file, after);
  };
  for (const call of calls) {
    if (call.kind === 'accepted') continue;
    if (call.kind === 'sync') {
      for (const waiting of unsynced.get(call.file) ?? []) apply(waiting, false);
      unsynced.delete(call.file);
    } else {
      unsynced.set(call.file, [...(unsynced.get(call.file) ?? []), call]);
    }
  }
  for (const waiting of unsynced.values()) {
    const style = prng.nextBelow(3);
    // Nothing of it arrived, a part of it in order, or sectors at random.
    const arrived = style === 0 ? 0 : style === 1 ? prng.nextBelow(waiting.length + 1) : waiting.length;
    for (const call of waiting.slice(0, arrived)) apply(call, style === 2);
  }
  return files;
}

function resize(bytes: Uint8Array = new Uint8Array(), size: number): Uint8Array {
  const resized = new Uint8Array(size);
  resized.set(bytes.subarray(0, size));
  return resized;
}

/** Lines of the recorder: kind, name, two numbers; a write is followed by its bytes. */
function parseLog(log: Uint8Array): Call[] {
  const calls: Call[] = [];
  for (let at = 0; at < log.length; ) {
    const end = log.indexOf(10, at);
    const [kind, file, first, second] = new TextDecoder().decode(log.subarray(at, end)).split(' ');
    at = end + 1;
    if (kind === 'write') {
      const length = Number(second);
      calls.push({ kind, file: file!, offset: Number(first), bytes: log.slice(at, at + length) });
      at += length;
    } else if (kind === 'truncate') calls.push({ kind, file: file!, size: Number(first) });
    else if (kind === 'sync') calls.push({ kind, file: file! });
    else if (kind === 'accepted') calls.push({ kind, id: file! });
  }
  // Before the first job was accepted the marker was renamed into place and the journal of the first transaction removed:
  // renames and removals are not recorded. The index of the log (-shm) is made anew after a power loss.
  const settled = (file: string): string => file.replace(/^\.(queue\.json)\..*$/, '$1');
  return calls
    .filter((call) => !('file' in call) || !/-(shm|journal)$/.test(call.file))
    .map((call) => ('file' in call ? { ...call, file: settled(call.file) } : call));
}
