// One turbo pool for all who come: started by the first who needs it, its setups kept open for the next, ended when nobody came for long.
import type { Clock } from '../core/clock.ts';
import { hashJson, type Json } from '../core/hash.ts';
import type { MirroredCandles } from '../mirror/mirror.ts';
import type { PreparedTrials } from '../runs/trial-batch.ts';
import type { RunTrials } from '../trials/trial.ts';
import type { OpenTrials, TurboPool, TurboPoolOptions } from '../turbo/turbo-port.ts';
import type { TurboStatus } from '../turbo/turbo-status.ts';
import { WARM_LIMITS } from './limits.ts';

export interface WarmWorkersOptions {
  readonly workers: number;
  readonly clock: Clock;
  /** Starts the threads. */
  readonly start: (options: Omit<TurboPoolOptions, 'start'>) => Promise<TurboPool>;
  /** When the process has more resident than this, workers are replaced, the largest first. */
  readonly residentBytesMax?: number;
  readonly onNote: (note: string) => void;
}

/** What trials are to be run on. */
export interface WarmSetup {
  readonly prepared: PreparedTrials;
  readonly candles: MirroredCandles;
  /** Open times in epoch ms; [fromMs, toMs). */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Lets go of the candles; called once, when nothing needs them any more. */
  readonly release: () => void;
}

export interface Borrowed {
  readonly trials: RunTrials;
  giveBack(): void;
}

export interface WarmWorkersStatus {
  readonly expected: number;
  readonly online: number;
  readonly busy: number;
  readonly allOnline: boolean;
  /** Workers started in place of others: those that died, and those that had done or grown enough. */
  readonly restarts: number;
  readonly recycled: number;
  /** Trials with an outcome since the service began. */
  readonly runs: number;
  readonly failed: number;
  readonly configurationsInFlight: number;
  readonly configurationsWaiting: number;
  /** Null before any work. */
  readonly usefulShare: number | null;
  readonly setupsOpen: number;
  readonly memory: TurboStatus['memory']['workers'];
}

export interface WarmWorkers {
  /** Trials of a setup, opened unless they are open already. Errors: those of TurboPool.open. */
  borrow(setup: WarmSetup): Promise<Borrowed>;
  status(): WarmWorkersStatus;
  /** Closes what nobody uses, of these candles or all. Answers how many setups that were. */
  dropIdle(isStale?: (candles: MirroredCandles) => boolean): Promise<number>;
  /** Has every worker collect garbage; answers how many did. */
  collect(): Promise<number>;
  /** Ends the workers unless somebody has borrowed trials; the next who comes starts them again. Answers how many ended. */
  retire(): Promise<number>;
  close(): Promise<void>;
}

interface Held {
  readonly setup: WarmSetup;
  readonly opening: Promise<OpenTrials>;
  users: number;
}

export function createWarmWorkers(options: WarmWorkersOptions): WarmWorkers {
  /** The one used longest ago comes first. */
  const setups = new Map<string, Held>();
  const before = { restarts: 0, recycled: 0, runs: 0, failed: 0 };
  let pool: TurboPool | undefined;
  let starting: Promise<TurboPool> | undefined;

  const drop = async (key: string, held: Held): Promise<void> => {
    if (setups.get(key) === held) setups.delete(key);
    const open = await held.opening.catch(() => undefined);
    await open?.close();
    held.setup.release();
  };
  const dropWhere = async (isMeant: (held: Held) => boolean, keep = 0): Promise<number> => {
    const idle = [...setups].filter(([, held]) => held.users === 0 && isMeant(held));
    const meant = idle.slice(0, Math.max(0, idle.length - keep));
    await Promise.all(meant.map(([key, held]) => drop(key, held)));
    return meant.length;
  };
  const startedPool = async (): Promise<TurboPool> => {
    const { workers, clock, residentBytesMax, onNote, start } = options;
    const recycleRssMb = residentBytesMax === undefined ? undefined : residentBytesMax / 2 ** 20;
    starting ??= start({ workers, clock, onNote, ...(recycleRssMb === undefined ? {} : { recycleRssMb }) });
    try {
      pool = await starting;
    } catch (error) {
      starting = undefined;
      throw error;
    }
    return pool;
  };
  /** For good: the next request gets another pool. */
  const end = async (ended: TurboPool): Promise<void> => {
    const { workers, trials } = ended.status();
    before.restarts += workers.restarted;
    before.recycled += workers.recycled;
    before.runs += trials.done;
    before.failed += trials.failed;
    pool = undefined;
    starting = undefined;
    for (const { setup } of setups.values()) setup.release();
    setups.clear();
    await ended.close();
  };
  const openSetup = async ({ prepared, candles, fromMs, toMs }: WarmSetup): Promise<OpenTrials> => {
    const { name, strategyRef, identity, models, execution } = prepared;
    const opened = await startedPool();
    return opened.open({
      ...{ name, strategyRef, identity, models, execution },
      cells: [{ market: candles.key, fromMs, toMs }],
      markets: { [candles.key]: candles.candles },
      cacheBytes: WARM_LIMITS.setupCacheBytes,
    });
  };

  return {
    async borrow(setup) {
      // Its workers could not be kept alive.
      if (pool !== undefined && !pool.status().isOpen) await end(pool);
      const key = keyOf(setup);
      const found = setups.get(key);
      const held: Held = found ?? { setup, opening: openSetup(setup), users: 0 };
      // What is open already holds candles of its own.
      if (found !== undefined) setup.release();
      setups.delete(key);
      setups.set(key, held);
      held.users++;
      try {
        const trials = await held.opening;
        return {
          trials,
          giveBack() {
            held.users--;
            void dropWhere(() => true, WARM_LIMITS.idleSetupsMax);
          },
        };
      } catch (error) {
        if (--held.users === 0) await drop(key, held);
        throw error;
      }
    },
    status: () => statusOf(pool?.status(), options.workers, setups.size, before),
    dropIdle: (isStale = () => true) => dropWhere(({ setup }) => isStale(setup.candles)),
    collect: async () => (await pool?.collect()) ?? 0,
    async retire() {
      if (pool === undefined || [...setups.values()].some(({ users }) => users > 0)) return 0;
      const { online } = pool.status().workers;
      await end(pool);
      return online;
    },
    async close() {
      const held = [...setups.values()];
      setups.clear();
      const started = await starting?.catch(() => undefined);
      await started?.close();
      for (const { setup } of held) setup.release();
    },
  };
}

function keyOf({ prepared, candles, fromMs, toMs }: WarmSetup): string {
  const { name, strategyHash, identity, execution } = prepared;
  const { contentHash } = candles;
  return hashJson({ name, strategyHash, identity, execution: execution as unknown as Json, contentHash, fromMs, toMs });
}

/** Before the first trial no worker has been started. */
function statusOf(
  status: TurboStatus | undefined,
  expected: number,
  setupsOpen: number,
  before: { readonly restarts: number; readonly recycled: number; readonly runs: number; readonly failed: number },
): WarmWorkersStatus {
  const online = status?.workers.online ?? 0;
  return {
    expected,
    online,
    busy: status?.workers.busy ?? 0,
    allOnline: online === expected,
    restarts: before.restarts + (status?.workers.restarted ?? 0),
    recycled: before.recycled + (status?.workers.recycled ?? 0),
    runs: before.runs + (status?.trials.done ?? 0),
    failed: before.failed + (status?.trials.failed ?? 0),
    configurationsInFlight: status?.inFlight.reduce((sum, { trials }) => sum + trials, 0) ?? 0,
    configurationsWaiting: status?.trials.waiting ?? 0,
    usefulShare: status?.usefulShare ?? null,
    setupsOpen,
    memory: status?.memory.workers ?? [],
  };
}
