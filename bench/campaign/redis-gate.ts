// A Redis server behind a gate of its own, which can swallow what passes, refuse, or lose the server itself.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { freePorts } from './ports.ts';

export interface RedisGate {
  readonly port: number;
  /** Connections stay open and nothing passes, as behind a cable that was pulled. */
  swallow(isOn: boolean): void;
  /** Kills the server, which comes back empty. */
  kill(): void;
  stop(): Promise<void>;
}

/** Undefined where no Redis or Valkey is installed. */
export async function openRedisGate(folder: string): Promise<RedisGate | undefined> {
  const program = ['valkey-server', 'redis-server'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (program === undefined) return undefined;
  const [innerPort] = (await freePorts(1)) as [number];
  let child: ChildProcess | undefined;
  let isOpen = true;
  const launch = (): void => {
    const own = spawn(program, ['--port', String(innerPort), '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
      stdio: 'ignore',
    });
    child = own;
    own.once('exit', () => setTimeout(() => isOpen && launch(), 500));
  };
  launch();
  let swallows = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(innerPort, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!swallows) to.write(bytes);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow(isOn) {
      swallows = isOn;
      // What was swallowed is lost for good: such a connection never comes back to its senses.
      if (!isOn) for (const socket of sockets) socket.destroy();
    },
    kill: () => void child?.kill('SIGKILL'),
    async stop() {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
      server.close();
      child?.kill('SIGKILL');
    },
  };
}
