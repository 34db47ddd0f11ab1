// Tests of sharing a machine: order, shares of users, the bounded waiting room, and that nothing granted is lost.
import { expect, test, vi } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { createMachine, type Demand, type Release } from './machine.ts';

const limits = { threads: 4, threadsPerUser: 3, bytes: 1000, waitingMax: 2 };
const demand = (user: string, threads = 1, priority = 0, bytes = 10): Demand => ({ user, threads, priority, bytes });
const settled = async (granted: Promise<Release>): Promise<Release | 'waiting'> => {
  await Promise.resolve();
  return Promise.race([granted, new Promise<'waiting'>((resolve) => setImmediate(resolve, 'waiting'))]);
};

test('grants up to the threads there are, then in the order of priority and arrival', async () => {
  const machine = createMachine(limits);
  const first = await machine.admit(demand('a', 3)).granted;
  await machine.admit(demand('b', 1)).granted;
  const order: string[] = [];
  const low = machine.admit(demand('c', 1, 0)).granted.then(() => order.push('low'));
  const high = machine.admit(demand('d', 1, 5)).granted.then(() => order.push('high'));
  await expect(machine.admit(demand('e')).granted).rejects.toMatchObject({ code: 'BUSY' });
  first();
  await Promise.all([low, high]);
  expect(order).toEqual(['high', 'low']);
});

test('a user at the end of their share does not hold up others', async () => {
  const machine = createMachine(limits);
  await machine.admit(demand('a', 3)).granted;
  const own = machine.admit(demand('a', 1));
  expect(await settled(own.granted)).toBe('waiting');
  expect(await settled(machine.admit(demand('b', 1)).granted)).toBeTypeOf('function');
  own.leave('cancelled');
  await expect(own.granted).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(machine.status().waiting).toBe(0);
});

test('a large demand that waits for the machine is not overtaken for ever', async () => {
  const machine = createMachine({ ...limits, threadsPerUser: 4 });
  const small = await machine.admit(demand('a', 1)).granted;
  const large = machine.admit(demand('b', 4)).granted;
  const later = machine.admit(demand('c', 1)).granted;
  expect(await settled(later)).toBe('waiting');
  small();
  const release = (await settled(large)) as Release;
  expect(release).toBeTypeOf('function');
  release();
  expect(await settled(later)).toBeTypeOf('function');
});

test('what never fits is refused at once, with the number', async () => {
  const machine = createMachine(limits);
  await expect(machine.admit(demand('a', 4)).granted).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  await expect(machine.admit(demand('a', 1, 0, 1001)).granted).rejects.toMatchObject({ code: 'BUDGET_BYTES' });
});

test('over random demands and releases the limits hold and everything is given back', async () => {
  const prng = createPrng(3);
  const machine = createMachine({ ...limits, waitingMax: 50 });
  const held: Release[] = [];
  const pending: Promise<unknown>[] = [];
  for (let step = 0; step < 2000; step++) {
    if (prng.nextBelow(2) === 0 && machine.status().waiting < 50) {
      const asked = demand('abc'[prng.nextBelow(3)]!, 1 + prng.nextBelow(3), prng.nextBelow(3), prng.nextBelow(600));
      pending.push(machine.admit(asked).granted.then((release) => held.push(release)));
    } else held.splice(prng.nextBelow(held.length + 1), 1)[0]?.();
    await Promise.resolve();
    const { threadsBusy, bytesGranted } = machine.status();
    expect(threadsBusy).toBeLessThanOrEqual(4);
    expect(bytesGranted).toBeLessThanOrEqual(1000);
  }
  while (machine.status().running > 0 || machine.status().waiting > 0) {
    for (const release of held.splice(0)) {
      release();
      release();
    }
    await new Promise(setImmediate);
  }
  await Promise.all(pending);
  expect(machine.status()).toMatchObject({ running: 0, threadsBusy: 0, bytesGranted: 0 });
});

test('who asks much does not hold up who asks little: users take turns', async () => {
  const machine = createMachine({ threads: 1, threadsPerUser: 1, bytes: 1000, waitingMax: 8 });
  let release = await machine.admit(demand('greedy')).granted;
  const order: string[] = [];
  const ask = (user: string, name: string, priority = 0): void => {
    void machine.admit(demand(user, 1, priority)).granted.then((own) => {
      order.push(name);
      release = own;
    });
  };
  for (const n of [1, 2, 3, 4]) ask('greedy', `greedy ${n}`);
  ask('modest', 'modest');
  ask('other', 'other 1');
  ask('other', 'other 2');
  ask('greedy', 'greedy and urgent', 1);
  while (order.length < 8) {
    release();
    await new Promise(setImmediate);
  }
  expect(order).toEqual([
    'greedy and urgent',
    'modest',
    'other 1',
    'greedy 1',
    'other 2',
    'greedy 2',
    'greedy 3',
    'greedy 4',
  ]);
});

test('one user fills his share of the waiting room and no more, and others are still taken', async () => {
  const machine = createMachine({ threads: 1, threadsPerUser: 1, bytes: 1000, waitingMax: 4, waitingPerUser: 2 });
  await machine.admit(demand('greedy')).granted;
  const waits = [1, 2].map(() => machine.admit(demand('greedy')));
  await expect(machine.admit(demand('greedy')).granted).rejects.toMatchObject({
    code: 'BUSY',
    found: expect.stringContaining('of this user'),
  });
  const modest = machine.admit(demand('modest'));
  expect(await settled(modest.granted)).toBe('waiting');
  // A place that is given up can be taken again.
  waits[0]!.leave('cancelled');
  await expect(waits[0]!.granted).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await settled(machine.admit(demand('greedy')).granted)).toBe('waiting');
  expect(await settled(machine.admit(demand('other')).granted)).toBe('waiting');
  await expect(machine.admit(demand('other')).granted).rejects.toMatchObject({ found: '4 requests waiting already.' });
});

test('over random users each who waits is served before anyone is served twice', async () => {
  const prng = createPrng(5);
  const machine = createMachine({ threads: 1, threadsPerUser: 1, bytes: 1000, waitingMax: 100 });
  const waiting = new Map<string, number>();
  const passedOver = new Map<string, number>();
  let release = await machine.admit(demand('first')).granted;
  for (let step = 0; step < 500; step++) {
    if (machine.status().waiting < 100) {
      const user = 'abcdef'[prng.nextBelow(prng.nextBelow(6) + 1)]!;
      waiting.set(user, (waiting.get(user) ?? 0) + 1);
      void machine.admit(demand(user)).granted.then((own) => {
        release = own;
        waiting.set(user, waiting.get(user)! - 1);
        passedOver.delete(user);
        for (const [other, count] of waiting) {
          if (other !== user && count > 0) passedOver.set(other, (passedOver.get(other) ?? 0) + 1);
        }
      });
    }
    if (prng.nextBelow(2) === 0) release();
    await new Promise(setImmediate);
    // Five others may each have gone before.
    for (const count of passedOver.values()) expect(count).toBeLessThanOrEqual(5);
  }
});

test('who listens for quiet hears of it each time that nothing has run or waited for so long', async () => {
  vi.useFakeTimers();
  try {
    const machine = createMachine(limits);
    let heard = 0;
    machine.onQuiet(1_000, () => {
      heard++;
    });
    vi.advanceTimersByTime(1_000);
    expect(heard).toBe(1);
    const release = await machine.admit(demand('a')).granted;
    vi.advanceTimersByTime(5_000);
    expect(heard).toBe(1);
    release();
    vi.advanceTimersByTime(999);
    const again = await machine.admit(demand('a')).granted;
    again();
    vi.advanceTimersByTime(999);
    expect(heard).toBe(1);
    vi.advanceTimersByTime(1);
    expect(heard).toBe(2);
    // Once for each time of quiet.
    vi.advanceTimersByTime(10_000);
    expect(heard).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});
