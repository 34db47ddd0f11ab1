// The driver of a cut sweep, against a scheduler that forgets, fails and falls silent.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import type { ArrayEngine, Task } from './array-engine.ts';
import { openFileObjects } from './file-objects.ts';
import { followRun } from './follow-run.ts';
import { type Manifest, type ShardRun, shardKey } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-follow-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const unreachable = () => new AppError('ENGINE_UNREACHABLE', { found: 'nothing.', todo: '' });
const ID = 'a'.repeat(32);
let count = 0;

/** `step` is called at each look with its number and what lives, and may hand shards in, end tasks or throw. */
function world(shards: number, tasks: number, change: (objects: ObjectStore) => Partial<ObjectStore> = () => ({})) {
  const plain = openFileObjects(join(root, String(count++)));
  const objects = { ...plain, ...change(plain) };
  const run: ShardRun = { id: ID, manifest: { shards: Array.from({ length: shards }) } as unknown as Manifest };
  const living = new Map<number, Task>();
  const submitted: number[][] = [];
  const notes: string[] = [];
  let cancels = 0;
  let looks = 0;
  const handIn = (index: number) => plain.create(shardKey(ID, index), new Uint8Array(1));
  const follow = (step: (look: number) => Promise<void> | void, stop: StopToken = NEVER_STOP) => {
    const engine: ArrayEngine = {
      name: 'Test',
      tasksMax: async () => tasks,
      async submit(indices) {
        submitted.push([...indices]);
        for (const index of indices) living.set(index, { index, state: 'waiting', reason: '' });
      },
      async look() {
        await step(++looks);
        return [...living.values()];
      },
      cancel: async () => void cancels++,
      logOf: (index) => `/logs/${index}`,
    };
    return followRun(run, engine, {
      objects,
      stop,
      tasks,
      sleep: async () => undefined,
      onProgress: () => undefined,
      onNote: (note) => notes.push(note),
    });
  };
  const end = (index: number, exitCode: number, reason = 'FAILED') =>
    living.set(index, { index, state: 'ended', exitCode, reason });
  return { follow, handIn, living, end, submitted, notes, cancels: () => cancels };
}

test('starts what is missing, once, and ends when all is handed in', async () => {
  const { follow, handIn, submitted } = world(3, 3);
  await handIn(1);
  await follow(async (look) => {
    if (look === 3) await handIn(0);
    if (look === 5) await handIn(2);
  });
  expect(submitted).toEqual([[0, 2]]);
});

test('tasks that a scheduler forgot, or that were killed, are started again', async () => {
  const { follow, handIn, living, end, submitted, notes } = world(2, 2);
  await follow(async (look) => {
    if (look === 2) living.delete(0);
    if (look === 3) end(1, 137);
    if (look === 5) for (const index of [0, 1]) await handIn(index);
  });
  expect(submitted).toEqual([[0, 1], [0], [1]]);
  expect(notes).toEqual(['starting task 0 again', 'starting task 1 again']);
});

test("a scheduler's word that a task succeeded counts for nothing", async () => {
  const { follow, handIn, end, submitted } = world(1, 1);
  await follow(async (look) => {
    if (look === 2) end(0, 0, 'COMPLETED');
    if (look === 4) await handIn(0);
  });
  expect(submitted).toEqual([[0], [0]]);
});

test('a task that shares several shards is started again while one of them is missing', async () => {
  const { follow, handIn, end, submitted } = world(5, 2);
  await follow(async (look) => {
    if (look === 2) for (const index of [0, 2, 1, 3]) await handIn(index);
    if (look === 2) for (const index of [0, 1]) end(index, 0);
    if (look === 4) await handIn(4);
  });
  expect(submitted).toEqual([[0, 1], [0]]);
});

test('what is of no use to try again ends the run at once, what dies again and again after five times, out of memory after two', async () => {
  const wrong = world(2, 2);
  await expect(wrong.follow((look) => void (look === 2 && wrong.end(1, 64)))).rejects.toMatchObject({
    code: 'SHARD_FAILED',
    found: 'task 1 ended with exit code 64 (FAILED), after 1 attempt.',
    todo: expect.stringContaining('/logs/1'),
  });
  expect(wrong.cancels()).toBe(1);
  for (const [reason, attempts] of [
    ['FAILED', 5],
    ['OUT_OF_MEMORY', 2],
  ] as const) {
    const hungry = world(1, 1);
    await expect(hungry.follow(() => void (hungry.living.has(0) && hungry.end(0, 137, reason)))).rejects.toThrow(
      new RegExp(`after ${attempts} attempts.*more memory`, 's'),
    );
    expect(hungry.submitted).toHaveLength(attempts);
  }
});

test('a silent scheduler is waited for while shards come in, and not for ever', async () => {
  const { follow, handIn, notes } = world(1, 1);
  await follow(async (look) => {
    if (look === 40) await handIn(0);
    if (look > 1) throw unreachable();
  });
  expect(notes).toEqual(['Test does not answer; what runs goes on']);
  const gone = world(1, 1);
  await expect(gone.follow(() => Promise.reject(unreachable()))).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
});

test('a task that ended well is not started again because a listing is old', async () => {
  // The folder of another machine: what is new in it is listed late.
  const { follow, handIn, end, submitted } = world(2, 2, () => ({ async *list() {} }));
  await follow(async (look) => {
    if (look === 2) {
      await handIn(0);
      end(0, 0, 'COMPLETED');
    }
    if (look === 9) {
      await handIn(1);
      end(1, 0, 'COMPLETED');
    }
  });
  expect(submitted).toEqual([[0, 1]]);
});

test('a shared place that does not answer is waited for, and not for ever', async () => {
  let silent = true;
  const away = () => new AppError('OBJECTS_UNREACHABLE', { found: 'EIO.', todo: '' });
  const { follow, handIn, notes } = world(1, 1, (plain) => ({
    list(prefix) {
      if (silent) throw away();
      return plain.list(prefix);
    },
  }));
  await follow(async (look) => {
    silent = look < 40;
    if (look === 41) await handIn(0);
  });
  expect(notes).toEqual(['the shared place does not answer; what runs goes on', 'the shared place answers again']);
  const gone = world(1, 1, () => ({
    list() {
      throw away();
    },
  }));
  await expect(gone.follow(() => undefined)).rejects.toMatchObject({ code: 'OBJECTS_UNREACHABLE' });
  const refused = world(1, 1, () => ({
    list() {
      throw new AppError('OBJECTS_REFUSED', { found: 'EACCES.', todo: '' });
    },
  }));
  await expect(refused.follow(() => undefined)).rejects.toMatchObject({ code: 'OBJECTS_REFUSED' });
});

test('a stop ends the tasks', async () => {
  const { follow, cancels } = world(1, 1);
  let looks = 0;
  const stop: StopToken = { ...NEVER_STOP, reason: () => (looks > 2 ? 'cancelled' : undefined) };
  await expect(follow(() => void looks++, stop)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(cancels()).toBe(1);
});
