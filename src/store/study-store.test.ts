// Tests of stored studies and of the register of running processes: locks, lists, dead owners, sums of memory.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { identityOf, isRunning, ownIdentity, processNamespace } from './process-identity.ts';
import { enterRunning, listRunning } from './running-registry.ts';
import { openStudyStore, releaseStudiesOf } from './study-store.ts';

let root: string;
const clock = createFakeClock();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-studies-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const study = (name: string, createdAt = 1) => ({ name, createdAt, summary: { mode: 'tpe' }, request: { a: 1 } });

test('studies are listed newest first with how far they came, and removed whole', () => {
  const store = openStudyStore(root);
  expect(store.list()).toEqual([]);
  store.create(study('old', 1));
  store.create(study('new', 2));
  const open = store.open('old', clock);
  open.log.append([0]);
  open.setState(5, { done: 1 }, { best: 2 });
  open.close();
  expect(store.list().map(({ name, study: found }) => [name, found?.state?.summary])).toEqual([
    ['new', undefined],
    ['old', { done: 1 }],
  ]);
  expect(store.find('old')).toMatchObject({ request: { a: 1 }, state: { body: { best: 2 } } });
  store.remove('old');
  expect(store.find('old')).toBeUndefined();
  expect(readdirSync(join(root, 'studies'))).toEqual(['new']);
});

test('a study is open once; the lock of a process that is gone is taken over', () => {
  const store = openStudyStore(root);
  store.create(study('mine'));
  const open = store.open('mine', clock);
  expect(() => store.open('mine', clock)).toThrow(/one process at a time/);
  expect(() => store.remove('mine')).toThrow(/one process at a time/);
  open.close();
  // This pid lives, but began at another time: it was given to another process since.
  writeFileSync(join(root, 'studies/mine/lock'), JSON.stringify({ ...ownIdentity(), started: '1' }));
  store.open('mine', clock).close();
  writeFileSync(join(root, 'studies/mine/lock'), '');
  store.open('mine', clock).close();
});

test('what an ended thread of this process held is given back, and nothing else', () => {
  const store = openStudyStore(root);
  const held = { own: { thread: 7 }, other: { thread: 8 }, foreign: { thread: 7, started: '1' } };
  for (const [name, owner] of Object.entries(held)) {
    store.create(study(name));
    writeFileSync(join(root, 'studies', name, 'lock'), JSON.stringify({ ...ownIdentity(), ...owner }));
  }
  expect(() => store.open('own', clock)).toThrow(/one process at a time/);
  releaseStudiesOf(root, 7);
  store.open('own', clock).close();
  expect(() => store.open('other', clock)).toThrow(/one process at a time/);
  expect(readdirSync(join(root, 'studies/foreign'))).toContain('lock');
});

test('names cannot leave the store, and damage is said', () => {
  const store = openStudyStore(root);
  expect(() => store.find('../x')).toThrow(/name must have/);
  store.create(study('broken'));
  writeFileSync(join(root, 'studies/broken/study.json'), '{}');
  expect(store.list()[0]).toMatchObject({ name: 'broken', damage: expect.stringContaining('study.json') });
});

test('a process is told from one that had its id before, in this boot or another', () => {
  expect(isRunning(ownIdentity())).toBe(true);
  expect(isRunning({ ...ownIdentity(), boot: 'another' })).toBe(false);
  expect(isRunning({ ...ownIdentity(), started: '2' })).toBe(false);
  expect(isRunning({ ...ownIdentity(), pid: 4_000_000 })).toBe(false);
});

test('containers have a register each: only the machine itself has none of its own', () => {
  expect(processNamespace('pid:[4026531836]')).toBeUndefined();
  expect(processNamespace('pid:[4026532614]')).toBe('4026532614');
  expect(processNamespace('')).toBeUndefined();
});

test('what runs on the machine must fit it together; the dead do not count and are cleaned away', () => {
  mkdirSync(join(root, 'running'));
  const entry = (pid: number, memoryBytes: number, process = { ...ownIdentity(), pid }) =>
    writeFileSync(
      join(root, `running/${pid}.json`),
      JSON.stringify({ process, memoryBytes, workers: 2, label: `study-${pid}` }),
    );
  entry(4_000_001, 8e9);
  writeFileSync(join(root, 'running/17.json'), 'half a rec');
  const leave = enterRunning(root, { memoryBytes: 3e9, workers: 2, label: 'me' }, 4e9);
  expect(listRunning(root).map(({ label }) => label)).toEqual(['me']);
  expect(readdirSync(join(root, 'running'))).toHaveLength(1);
  leave();
  expect(listRunning(root)).toEqual([]);
  // The parent of this process lives.
  entry(process.ppid, 2e9, identityOf(process.ppid));
  expect(() => enterRunning(root, { memoryBytes: 3e9, workers: 1, label: 'me' }, 4e9)).toThrow(
    /3,000 MB wanted \+ 2,000 MB for study-\d+ \(process \d+\) = 5,000 MB, and the machine has 4,000 MB.*2,000 MB are free/s,
  );
  expect(listRunning(root)).toHaveLength(1);
  enterRunning(root, { memoryBytes: 2e9, workers: 1, label: 'me' }, 4e9)();
});
