// Tests of what settings come to on a machine: threads of one computation and of one user, and shares of the waiting room.
import { expect, test, vi } from 'vitest';
import { readConfig, type ServiceConfig } from '../api/config.ts';
import { createMachine } from '../compute/machine.ts';
import type { Host } from './host.ts';
import { keepHeapBound, machineLimits, surroundings } from './service-process.ts';

const host = { cores: 4, machineBytes: () => 2 ** 33, folder: '/', storeRoot: '/' } as unknown as Host;
const config = (flags: Partial<ServiceConfig>): ServiceConfig => readConfig({ environment: {}, flags });

test.each<[Partial<ServiceConfig>, number]>([
  [{}, 4],
  [{ 'backtest.cpu.max_threads': 3 }, 3],
  [{ 'backtest.cpu.max_threads': 16 }, 4],
  [{ 'backtest.cpu.max_threads_per_user': 2 }, 2],
  [{ 'backtest.cpu.max_threads': 1, 'backtest.cpu.max_threads_per_user': 2 }, 1],
])('with %j a computation that names no number gets %i threads, and is let in', async (flags, threads) => {
  const { maxThreads } = surroundings(config(flags), host).settings;
  expect(maxThreads).toBe(threads);
  const machine = createMachine(machineLimits(config(flags), host));
  const release = await machine.admit({ user: 'ann', threads: maxThreads, bytes: 0, priority: 0 }).granted;
  release();
});

test('with several tokens a user has half of the waiting room, unless the setting says else', () => {
  const share = (flags: Partial<ServiceConfig>, users: number) =>
    machineLimits(config(flags), host, users).waitingPerUser;
  expect([share({}, 0), share({}, 1), share({}, 2)]).toEqual([8, 8, 4]);
  expect(share({ 'server.waiting_max': 5 }, 3)).toBe(3);
  expect(share({ 'server.waiting_max_per_user': 1 }, 1)).toBe(1);
});

test('the heap of a process that lives long is bounded again and again until it ends', () => {
  vi.useFakeTimers();
  try {
    let bounds = 0;
    const end = keepHeapBound({ boundHeap: () => void bounds++ });
    expect(bounds).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(bounds).toBe(11);
    end();
    vi.advanceTimersByTime(10_000);
    expect(bounds).toBe(11);
  } finally {
    vi.useRealTimers();
  }
});
