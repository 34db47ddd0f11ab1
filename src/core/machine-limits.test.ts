// The limits of control groups, wherever a container shows them.
import { describe, expect, test } from 'vitest';
import { machineLimits, threadsFor } from './machine-limits.ts';

const MIB = 2 ** 20;
const WHOLE = { memoryBytes: 8192 * MIB, processors: 4 };
const UNLIMITED_V1 = '9223372036854771712\n';

const limits = (files: Readonly<Record<string, string>>) => machineLimits((path) => files[path], WHOLE);

describe('without control groups', () => {
  test('the whole machine counts', () => {
    expect(limits({})).toEqual(WHOLE);
    expect(limits({ '/proc/self/cgroup': 'not what it should be\n' })).toEqual(WHOLE);
  });
});

describe('version 2', () => {
  const own = { '/proc/self/cgroup': '0::/pod/app\n' };
  test('limits of the own group count', () => {
    const found = limits({
      ...own,
      '/sys/fs/cgroup/pod/app/memory.max': `${512 * MIB}\n`,
      '/sys/fs/cgroup/pod/app/cpu.max': '150000 100000\n',
    });
    expect(found).toEqual({ memoryBytes: 512 * MIB, processors: 1.5 });
  });

  test('a stricter group above counts too', () => {
    const found = limits({
      ...own,
      '/sys/fs/cgroup/pod/app/memory.max': `${512 * MIB}\n`,
      '/sys/fs/cgroup/pod/memory.max': `${256 * MIB}\n`,
      '/sys/fs/cgroup/pod/cpu.max': '50000 100000\n',
    });
    expect(found).toEqual({ memoryBytes: 256 * MIB, processors: 0.5 });
  });

  test('max is no limit', () => {
    const found = limits({
      ...own,
      '/sys/fs/cgroup/pod/app/memory.max': 'max\n',
      '/sys/fs/cgroup/pod/app/cpu.max': 'max 100000\n',
    });
    expect(found).toEqual(WHOLE);
  });

  test('a container that is the root of its own tree reads the root', () => {
    const found = limits({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${256 * MIB}` });
    expect(found.memoryBytes).toBe(256 * MIB);
  });
});

describe('version 1', () => {
  const own = {
    '/proc/self/cgroup': '9:memory:/libpod_parent/ab\n5:cpu,cpuacct:/libpod_parent/ab\n0::/\n',
  };
  test('limits under the name that the host gives the group count', () => {
    const found = limits({
      ...own,
      '/sys/fs/cgroup/memory/libpod_parent/ab/memory.limit_in_bytes': `${256 * MIB}\n`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': UNLIMITED_V1,
      '/sys/fs/cgroup/cpu,cpuacct/libpod_parent/ab/cpu.cfs_quota_us': '25000\n',
      '/sys/fs/cgroup/cpu,cpuacct/libpod_parent/ab/cpu.cfs_period_us': '100000\n',
    });
    expect(found).toEqual({ memoryBytes: 256 * MIB, processors: 0.25 });
  });

  test('a container that sees its group as the root reads the root', () => {
    const found = limits({
      ...own,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${128 * MIB}\n`,
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(found).toEqual({ memoryBytes: 128 * MIB, processors: 2 });
  });

  test('-1 and the largest number are no limits', () => {
    const found = limits({
      ...own,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': UNLIMITED_V1,
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(found).toEqual(WHOLE);
  });
});

test('as many threads as a quota keeps busy, and one at least', () => {
  expect([0.1, 1, 1.5, 2, 4].map(threadsFor)).toEqual([1, 1, 2, 2, 4]);
});
