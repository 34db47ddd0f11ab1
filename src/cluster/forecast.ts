// What a run would take on so many machines: time, cost and efficiency over many simulated runs, and which delay bounds it.
import { costOf, type Platform, type PriceTable, readPrices, storageCost } from './prices.ts';
import { type RunModel, type SimulatedRun, simulateRun } from './simulate-run.ts';

/** What one container reserves, and where it runs. */
export interface Machines {
  readonly platform: Platform;
  readonly vcpu: number;
  readonly memoryGib: number;
}

export interface Forecast {
  readonly nodes: number;
  /** Machines that had a task. */
  readonly nodesUsed: number;
  readonly tasks: number;
  /** From the submit to the merged result: median, and what 19 of 20 runs stay within. */
  readonly seconds: number;
  readonly seconds95: number;
  /** Work of all shards by that time: 1 for one machine without delays. */
  readonly speedUp: number;
  /** Speed-up by machines asked for. */
  readonly efficiency: number;
  /** Median, in the currency of the table. */
  readonly cost: number;
  readonly vcpuHours: number;
  readonly interruptions: number;
  readonly attemptsMost: number;
  /** Shares of billed time. */
  readonly spent: SimulatedRun['spent'];
  /** What would save most if it took nothing, and the share of the time that it would save. */
  readonly boundBy: Bound;
  readonly boundShare: number;
}

/** `work` when nothing else would save a tenth. */
export type Bound = 'work' | 'start' | 'candles' | 'cuts' | 'stragglers' | 'interruptions' | 'merge';

const RUNS = 21;
/** A delay below this share is not worth a name. */
const WORTH_NAMING = 0.1;

/** Deterministic by `seed`. `nodes` are containers that run at once. */
export function forecast(
  model: RunModel,
  nodes: number,
  machines: Machines,
  prices: PriceTable = readPrices(),
  seed = 1,
): Forecast {
  const runs = Array.from({ length: RUNS }, (_, at) => simulateRun(model, nodes, seed * RUNS + at));
  const bySeconds = [...runs].sort((a, b) => a.seconds - b.seconds);
  const middle = bySeconds[(RUNS - 1) / 2]!;
  const costs = runs.map((run) => costOfRun(run, model, nodes, machines, prices)).sort((a, b) => a - b);
  const work = model.shardSeconds.reduce((sum, one) => sum + one, 0);
  const speedUp = work / middle.seconds;
  const billed = middle.billedSeconds.reduce((sum, one) => sum + one, 0);
  const share = (seconds: number): number => (billed === 0 ? 0 : seconds / billed);
  const { start, fetch, setup, lost, merge } = middle.spent;
  return {
    nodes,
    nodesUsed: Math.min(nodes, middle.tasks),
    tasks: middle.tasks,
    seconds: middle.seconds,
    seconds95: bySeconds[Math.ceil(RUNS * 0.95) - 1]!.seconds,
    speedUp,
    efficiency: speedUp / nodes,
    cost: costs[(RUNS - 1) / 2]!,
    vcpuHours: (billed * machines.vcpu) / 3600,
    interruptions: middle.interruptions,
    attemptsMost: Math.max(...runs.map(({ attemptsMost }) => attemptsMost)),
    spent: {
      start: share(start),
      fetch: share(fetch),
      setup: share(setup),
      work: share(middle.spent.work),
      lost: share(lost),
      merge: share(merge),
    },
    ...boundOf(model, nodes, seed * RUNS + runs.indexOf(middle), middle.seconds),
  };
}

/** The model without one of its delays. */
const WITHOUT: Readonly<Record<Exclude<Bound, 'work'>, (model: RunModel, nodes: number) => RunModel>> = {
  start: (model) => ({
    ...model,
    queueSeconds: 0,
    startSeconds: 0,
    setupSeconds: 0,
    launchesPerSecond: Number.POSITIVE_INFINITY,
  }),
  candles: (model) => ({ ...model, fetchBytes: 0, fetchRequests: 0 }),
  cuts: evenly,
  stragglers: (model) => ({ ...model, slowness: 0, startSpread: 0 }),
  interruptions: (model) => ({ ...model, interruptionsPerHour: 0 }),
  merge: (model) => ({ ...model, mergeSeconds: 0 }),
};

/** As many equal shards as there are machines. */
function evenly(model: RunModel, nodes: number): RunModel {
  const work = model.shardSeconds.reduce((sum, one) => sum + one, 0);
  return { ...model, tasksMax: nodes, shardSeconds: new Array<number>(nodes).fill(work / nodes) };
}

function boundOf(
  model: RunModel,
  nodes: number,
  seed: number,
  seconds: number,
): Pick<Forecast, 'boundBy' | 'boundShare'> {
  let boundBy: Bound = 'work';
  let boundShare = WORTH_NAMING;
  for (const [name, without] of Object.entries(WITHOUT)) {
    const saved = seconds === 0 ? 0 : 1 - simulateRun(without(model, nodes), nodes, seed).seconds / seconds;
    if (saved > boundShare) [boundBy, boundShare] = [name as Bound, saved];
  }
  return { boundBy, boundShare: boundBy === 'work' ? 0 : boundShare };
}

/** Of every container besides its candles: manifest, status of the run, progress, its shard. */
const GETS_PER_CONTAINER = 4;
const PUTS_PER_CONTAINER = 2;
const SECONDS_PER_PROGRESS = 10;

/**
 * Containers by their billed time; machines that are rented by the month for as long as the run lasts, idle or not. What is stored is left
 * out: it is small beside the candles, and those stay for the next run.
 */
function costOfRun(run: SimulatedRun, model: RunModel, nodes: number, machines: Machines, prices: PriceTable): number {
  const row = prices.platforms[machines.platform];
  if ('month' in row) {
    const each = Math.max(1, Math.floor(Math.min(row.vcpu / machines.vcpu, row.memoryGib / machines.memoryGib)));
    const whole = { platform: machines.platform, vcpu: row.vcpu, memoryGib: 0, seconds: run.seconds };
    return costOf({ ...whole, tasks: Math.ceil(nodes / each) }, prices);
  }
  const containers = run.billedSeconds.length;
  const scored = run.spent.work + run.spent.lost;
  const requests = {
    gets: run.fetches * model.fetchRequests + containers * GETS_PER_CONTAINER + model.shardSeconds.length,
    puts: containers * PUTS_PER_CONTAINER + scored / SECONDS_PER_PROGRESS,
  };
  return run.billedSeconds.reduce(
    (sum, seconds) => sum + costOf({ ...machines, seconds }, prices),
    storageCost(requests, prices),
  );
}
