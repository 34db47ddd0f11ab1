// A process is called dead only when it certainly is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createLiveness, NO_LIVENESS, type ProcessFacts } from './process-identity.ts';

const stat = (startTicks: number, state = 'S', name = 'node'): string =>
  `7 (${name}) ${state} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ${startTicks} 20`;

function facts(files: Record<string, string>, used: readonly number[] = []): ProcessFacts {
  return {
    read: (path) => {
      if (files[path] === 'denied') throw Object.assign(new Error('denied'), { code: 'EACCES' });
      return files[path];
    },
    readLink: (path) => files[path],
    isInUse: (pid) => used.includes(pid),
  };
}

const SYSTEM = {
  '/proc/sys/kernel/random/boot_id': 'boot-1\n',
  '/proc/self/ns/pid': 'pid:[4026531836]',
  '/proc/1/stat': stat(100),
};

test('reads the start time behind a name with spaces and parentheses', () => {
  const liveness = createLiveness(7, facts({ ...SYSTEM, '/proc/7/stat': stat(555, 'R', 'a) b (c') }));
  expect(liveness.self).toEqual({ boot: 'boot-1', namespace: 'pid:[4026531836]', pid: 7, startTicks: '555' });
});

test('tells a dead process from a living one, a reused id, another container and another machine', () => {
  const files: Record<string, string> = { ...SYSTEM, '/proc/7/stat': stat(200), '/proc/8/stat': stat(300, 'Z') };
  files['/proc/9/stat'] = 'denied';
  const { self, isGone } = createLiveness(1, facts(files, [6, 7, 8]));
  const other = { ...self!, pid: 7, startTicks: '200' };
  expect(isGone(other, 'machine')).toBe(false);
  expect(isGone({ ...other, startTicks: '199' }, 'machine')).toBe(true);
  expect(isGone({ ...other, pid: 5 }, 'machine')).toBe(true);
  expect(isGone({ ...other, pid: 5 }, 'network')).toBe(true);
  // A zombie computes nothing.
  expect(isGone({ ...other, pid: 8, startTicks: '300' }, 'machine')).toBe(true);
  // In use, and its files hidden or unreadable.
  expect(isGone({ ...other, pid: 6 }, 'machine')).toBe(false);
  expect(isGone({ ...other, pid: 9 }, 'machine')).toBe(false);
  expect(isGone({ ...other, pid: 5, namespace: 'pid:[1]' }, 'machine')).toBe(false);
  // An earlier boot of this machine, another machine, or a container that was given a boot of its own.
  expect(isGone({ ...other, boot: 'boot-0' }, 'machine')).toBe(false);
  expect(isGone({ ...other, boot: 'boot-0' }, 'network')).toBe(false);
  expect(isGone({ ...other, pid: 5 }, 'process')).toBe(false);
});

test('a system that says nothing makes nobody dead', () => {
  expect(createLiveness(1, facts({}))).toBe(NO_LIVENESS);
});

test.skipIf(process.platform !== 'linux')('a real process is alive until it ends', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const { self } = createLiveness(child.pid);
  const { isGone } = createLiveness();
  expect(isGone(self!, 'machine')).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isGone(self!, 'machine')).toBe(true);
});
