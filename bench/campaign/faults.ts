// The faults of the campaign: what each does, to whom, for how long, and where it can be done at all.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prng } from '../../src/core/prng.ts';
import { hangMainThread } from './inspector.ts';
import type { RedisGate } from './redis-gate.ts';
import type { StoreDisk } from './store-disk.ts';
import { pause, type Role, type System } from './system.ts';

export interface FaultPorts {
  readonly system: System;
  readonly disk: StoreDisk | undefined;
  readonly redis: RedisGate | undefined;
  readonly prng: Prng;
  /** Memory of each process, to which a lowered limit is set back. */
  readonly memoryBytes: number;
  /** Sends the service a request whose strategy takes all memory. */
  readonly sendHog: () => Promise<void>;
}

export interface Fault {
  readonly kind: string;
  /** Undefined where it can be done, else why not. */
  readonly missing: (ports: FaultPorts) => string | undefined;
  /**
   * Resolves when recovery is due: at once for kills, hangs and stops, when there is room or a network again for a full disk or a lost
   * network. With the promise of its end where it goes on by then.
   */
  readonly inject: (ports: FaultPorts) => Promise<{ readonly ends: Promise<void> } | undefined | void>;
}

const between = (prng: Prng, low: number, high: number): number => low + (high - low) * prng.next();
const always = (): undefined => undefined;

/** Nobody to hit: it is being started again from an earlier fault of a pair. */
async function running(system: System, role: Role): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const pid = system.pidOf(role);
    if (pid !== undefined && isThere(pid)) return pid;
    await pause(50);
  }
  throw new Error(`${role} was not started again within 30 s`);
}

export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
};

const kill = (role: Role): Fault => ({
  kind: `kill -9 ${role}`,
  missing: always,
  inject: async ({ system }) => signal(await running(system, role), 'SIGKILL'),
});

/** Whoever watches may start it again before it is let go on. */
const stop = (role: Role, low: number, high: number): Fault => ({
  kind: `SIGSTOP ${role} for ${low} to ${high} s`,
  missing: always,
  async inject({ system, prng }) {
    const forMs = between(prng, low, high) * 1000;
    const pid = await running(system, role);
    signal(pid, 'SIGSTOP');
    return { ends: pause(forMs).then(() => signal(pid, 'SIGCONT')) };
  },
});

const hang = (role: Role): Fault => ({
  kind: `main thread of ${role} hangs`,
  missing: always,
  inject: async ({ system }) => hangMainThread(await running(system, role), system.debuggerOf(role)),
});

const limitOf = (group: string): string => join(group, 'memory.limit_in_bytes');
const noGroup =
  (role: Role) =>
  ({ system }: FaultPorts): string | undefined =>
    system.memoryGroupOf(role) === undefined ? 'no memory control group of version 1' : undefined;

/** Little more than it takes now, until the kernel has killed it or 10 s are over. */
const lowerLimit = (role: Role): Fault => ({
  kind: `OOM: limit of ${role} lowered`,
  missing: noGroup(role),
  async inject({ system, memoryBytes }) {
    const pid = await running(system, role);
    const group = system.memoryGroupOf(role)!;
    const endMs = performance.now() + 10_000;
    try {
      for (let room = 4; isThere(pid) && performance.now() < endMs; room = Math.max(0, room - 1)) {
        const used = Number(readFileSync(join(group, 'memory.usage_in_bytes'), 'utf8'));
        write(limitOf(group), used - 2 ** 21 + room * 2 ** 20);
        await pause(100);
      }
    } finally {
      write(limitOf(group), memoryBytes);
    }
  },
});

function write(path: string, value: number): void {
  try {
    // The group of a container is gone for a moment between two starts; a limit that cannot be met by reclaiming is refused.
    if (existsSync(path)) writeFileSync(path, String(value));
  } catch (error) {
    if (!['EBUSY', 'ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const hog: Fault = {
  kind: 'OOM: a strategy takes all memory',
  missing: noGroup('serve'),
  async inject({ system, sendHog }) {
    const pid = await running(system, 'serve');
    void sendHog();
    const endMs = performance.now() + 20_000;
    while (isThere(pid) && performance.now() < endMs) await pause(50);
  },
};

const diskFull: Fault = {
  kind: 'disk of the store full for 2 to 8 s',
  missing: ({ disk }) => (disk === undefined ? 'no right to mount a disk' : undefined),
  async inject({ disk, prng }) {
    disk!.fill(Math.floor(between(prng, 0, 3)) * 8_192);
    await pause(between(prng, 2_000, 8_000));
    disk!.free();
  },
};

const noRedis = ({ redis }: FaultPorts): string | undefined =>
  redis === undefined ? 'no Redis installed, or none wanted' : undefined;

const redisLost: Fault = {
  kind: 'network of Redis lost for 2 to 8 s',
  missing: noRedis,
  async inject({ redis, prng }) {
    redis!.swallow(true);
    await pause(between(prng, 2_000, 8_000));
    redis!.swallow(false);
  },
};

const redisKilled: Fault = {
  kind: 'kill -9 Redis',
  missing: noRedis,
  inject: async ({ redis }) => redis!.kill(),
};

const HOUR_MS = 3_600_000;
const clockJump: Fault = {
  kind: 'wall clocks leap by up to 12 h and back',
  missing: ({ system }) =>
    system.clockFile === undefined ? 'clocks of containers are those of the machine' : undefined,
  async inject({ system, prng }) {
    writeFileSync(system.clockFile!, String(Math.round(between(prng, -12, 12) * HOUR_MS)));
    await pause(between(prng, 2_000, 6_000));
    rmSync(system.clockFile!);
  },
};

/** Those that come often first: kinds are drawn in proportion to their weight. */
export const FAULTS: readonly { readonly fault: Fault; readonly weight: number }[] = [
  { fault: kill('serve'), weight: 5 },
  { fault: kill('worker'), weight: 4 },
  { fault: stop('serve', 1, 12), weight: 2 },
  { fault: stop('worker', 5, 35), weight: 1 },
  { fault: hang('serve'), weight: 2 },
  { fault: hang('worker'), weight: 1 },
  { fault: lowerLimit('serve'), weight: 2 },
  { fault: lowerLimit('worker'), weight: 2 },
  { fault: hog, weight: 2 },
  { fault: diskFull, weight: 3 },
  { fault: redisLost, weight: 2 },
  { fault: redisKilled, weight: 1 },
  { fault: clockJump, weight: 2 },
];

/** Of all faults so many are two at once. */
const PAIR_SHARE = 0.15;

export interface Drawn {
  readonly name: string;
  readonly parts: readonly Fault[];
}

/** One fault, or two different ones at once. */
export function drawFault(prng: Prng, possible: readonly (typeof FAULTS)[number][]): Drawn {
  const first = draw(prng, possible);
  const others = possible.filter(({ fault }) => fault !== first);
  if (others.length === 0 || prng.next() >= PAIR_SHARE) return { name: first.kind, parts: [first] };
  return { name: 'two at once', parts: [first, draw(prng, others)] };
}

function draw(prng: Prng, from: readonly (typeof FAULTS)[number][]): Fault {
  let rest = prng.next() * from.reduce((sum, { weight }) => sum + weight, 0);
  for (const { fault, weight } of from) {
    rest -= weight;
    if (rest < 0) return fault;
  }
  return from.at(-1)!.fault;
}
