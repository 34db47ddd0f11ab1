// One campaign: a system with clients, faults at random times from one seed, the wait for each recovery, and the verdict.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { csvOf, minuteCandles } from '../../test/e2e/cli-harness.ts';
import { type Clients, HOG, HOG_FILE, startClients } from './clients.ts';
import { startContainers } from './containers.ts';
import { type Drawn, drawFault, FAULTS, type FaultPorts } from './faults.ts';
import { startProcesses } from './processes.ts';
import { openRedisGate } from './redis-gate.ts';
import type { Campaign, Recorded } from './report.ts';
import { makeStoreDisk } from './store-disk.ts';
import { pause, ROLES, type System, type SystemPlace } from './system.ts';
import { judge } from './verdict.ts';

export interface CampaignOptions {
  readonly system: System['name'];
  readonly faults: number;
  readonly seed: number;
  /** Mean seconds from a recovery to the next fault. */
  readonly gapSeconds: number;
  /** Kinds whose name has this text; all when left out. */
  readonly only?: string;
  readonly bin: string;
  readonly clockHook: string;
  /** Of containers. */
  readonly image: string;
  /** Weight of the containers against everything else on the machine. */
  readonly cpuShares?: string;
  /** Whether the image, or this installation, can speak to Redis. */
  readonly withRedis: boolean;
  readonly say: (line: string) => void;
}

const MEMORY_BYTES = 2 ** 30;
const BARS = 20_000;
const START_MS_MAX = 120_000;
/** Longest that one recovery is waited for; what takes longer than RECOVERY_MS_MAX counts as none. */
const WAIT_MS_MAX = 90_000;
const LOG_CHARACTERS = 3_000;
const DRAIN_MS_MAX = 300_000;

export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-campaign-'));
  chmodSync(folder, 0o755);
  const disk = makeStoreDisk(folder);
  const redis = options.withRedis ? await openRedisGate(folder) : undefined;
  let system: System | undefined;
  let clients: Clients | undefined;
  try {
    const place = furnish(folder, disk?.path, redis?.port, options);
    system = await start(place, options);
    await ready(system);
    clients = await startClients(system.url, createPrng(options.seed + 1));
    const { sendHog } = clients;
    const prng = createPrng(options.seed);
    const ports: FaultPorts = { system, disk, redis, prng, memoryBytes: MEMORY_BYTES, sendHog };
    const startMs = performance.now();
    const { faults, left } = await runFaults(options, ports, clients);
    const elapsedMs = performance.now() - startMs;
    await clients.stop();
    const verdict = await judge(clients, DRAIN_MS_MAX);
    const note = `Store on ${disk?.kind ?? 'the disk of everything else'}, ${MEMORY_BYTES / 2 ** 20} MiB for each process.`;
    const { probes } = clients;
    return { system: system.name, seed: options.seed, faults, probes, elapsedMs, verdict, left, note };
  } catch (error) {
    for (const role of ROLES) options.say(`last lines of ${role}:\n${system?.logOf(role) ?? 'it never started'}`);
    throw error;
  } finally {
    void clients?.stop().catch(() => undefined);
    await system?.stop();
    await redis?.stop();
    disk?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The store with candles, and the folder of strategies. */
function furnish(
  folder: string,
  home: string | undefined,
  redisPort: number | undefined,
  { bin }: CampaignOptions,
): SystemPlace {
  const place = {
    folder,
    home: home ?? join(folder, 'home'),
    strategies: join(folder, 'strategies'),
    redisPort,
    memoryBytes: MEMORY_BYTES,
  };
  mkdirSync(place.strategies);
  writeFileSync(join(place.strategies, HOG_FILE), HOG);
  const csv = join(folder, 'candles.csv');
  writeFileSync(csv, csvOf(minuteCandles(BARS)));
  const { status, stderr } = spawnSync(
    process.execPath,
    [bin, 'import', csv, '--exchange', 'lab', '--symbol', 'MADE'],
    {
      encoding: 'utf8',
      env: { ...process.env, GRIDMILL_HOME: place.home },
    },
  );
  if (status !== 0) throw new Error(`the import ended with ${status}: ${stderr}`);
  // The user of the image is another one.
  spawnSync('chmod', ['-R', 'a+rwX', place.home]);
  return place;
}

const start = (place: SystemPlace, { system, bin, clockHook, image, cpuShares }: CampaignOptions): Promise<System> =>
  system === 'containers' ? startContainers(place, image, cpuShares) : startProcesses(place, bin, clockHook);

async function ready({ url }: System): Promise<void> {
  const endMs = performance.now() + START_MS_MAX;
  while ((await fetch(`${url}/readyz`).catch(() => undefined))?.status !== 200) {
    if (performance.now() > endMs) throw new Error('the service is not ready');
    await pause(100);
  }
}

async function runFaults(
  { faults: count, gapSeconds, only, say, system }: CampaignOptions,
  ports: FaultPorts,
  clients: Clients,
): Promise<{ readonly faults: readonly Recorded[]; readonly left: readonly string[] }> {
  const wanted = FAULTS.filter(({ fault }) => only === undefined || fault.kind.includes(only));
  const left = wanted.flatMap(({ fault }) => {
    const reason = fault.missing(ports);
    return reason === undefined ? [] : [`${fault.kind} (${reason})`];
  });
  const possible = wanted.filter(({ fault }) => fault.missing(ports) === undefined);
  if (possible.length === 0) throw new Error(`no kind of fault can be done here: ${left.join('; ')}`);
  const faults: Recorded[] = [];
  for (let number = 1; number <= count; number++) {
    await pause(gapOf(ports.prng, gapSeconds));
    const recorded = await runFault(number, drawFault(ports.prng, possible), ports, clients);
    faults.push(recorded);
    const { kind, parts, recoveryMs } = recorded;
    const what = parts.length === 1 ? kind : `${kind}: ${parts.join(' and ')}`;
    const took = recoveryMs === undefined ? 'NOT RECOVERED' : `recovered in ${(recoveryMs / 1000).toFixed(1)} s`;
    say(`${system} ${number}/${count}: ${what}: ${took}`);
    if (recoveryMs !== undefined) continue;
    for (const role of ROLES) say(`last lines of ${role}:\n${ports.system.logOf(role).slice(-LOG_CHARACTERS)}`);
  }
  return { faults, left };
}

/** Between half and twice the mean. */
const gapOf = (prng: Prng, meanSeconds: number): number => meanSeconds * 1000 * (0.5 + prng.next());

async function runFault(
  number: number,
  { name, parts }: Drawn,
  ports: FaultPorts,
  clients: Clients,
): Promise<Recorded> {
  const interrupted = (await clients.runningNow()) ?? [];
  const fromMs = performance.now();
  const injected = await Promise.all(parts.map((part) => part.inject(ports)));
  const overMs = performance.now();
  const isRecovered = await clients.recovered(interrupted, overMs + WAIT_MS_MAX);
  const toMs = performance.now();
  await Promise.all(injected.map((part) => part?.ends));
  return {
    kind: name,
    parts: parts.map(({ kind }) => kind),
    number,
    recoveryMs: isRecovered ? toMs - overMs : undefined,
    fromMs,
    toMs,
  };
}
