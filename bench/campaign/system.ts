// What the campaign does its faults to: a service and a worker under somebody who starts them again, on one store with a disk of its own.

export type Role = 'serve' | 'worker';
export const ROLES: readonly Role[] = ['serve', 'worker'];

export interface System {
  readonly name: 'processes' | 'containers';
  /** Where the service answers. */
  readonly url: string;
  /** The process of Node.js, as this machine numbers it; undefined while there is none. */
  pidOf(role: Role): number | undefined;
  /** The port of its debugger, which SIGUSR1 opens. */
  debuggerOf(role: Role): number;
  /** The folder of its memory control group (version 1), where there is one. */
  memoryGroupOf(role: Role): string | undefined;
  /** The file whose number moves its wall clock by milliseconds; undefined where clocks cannot be moved. */
  readonly clockFile: string | undefined;
  /** The last lines of its log. */
  logOf(role: Role): string;
  stop(): Promise<void>;
}

export interface SystemPlace {
  /** Holds everything of the campaign. */
  readonly folder: string;
  /** The store, on a disk of its own. */
  readonly home: string;
  /** Strategy files that requests may name. */
  readonly strategies: string;
  readonly redisPort: number | undefined;
  /** Memory of each of both, in bytes. */
  readonly memoryBytes: number;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Settings that both systems share. What they leave out is as shipped. */
export const settingsOf = (port: number, { redisPort }: SystemPlace): Record<string, string> => ({
  GRIDMILL_SERVER_PORT: String(port),
  // The clients of the campaign are one user who asks as a team does.
  GRIDMILL_SERVER_REQUESTS_PER_SECOND: '200',
  ...(redisPort === undefined ? {} : { GRIDMILL_CACHE_REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
});
