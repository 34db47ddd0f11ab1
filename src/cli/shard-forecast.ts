// gridmill shard plan --simulate: what a cut sweep would take on so many machines, before it is sent to any.
import { assumptionsOf, assumptionWords, runModel, type Workload } from '../cluster/assumptions.ts';
import { forecast } from '../cluster/forecast.ts';
import { readPrices } from '../cluster/prices.ts';
import { AppError } from '../core/errors.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { PreparedSweep } from '../runs/sweep-run.ts';
import type { ExitCode } from './command.ts';
import type { ForecastOptions } from './forecast-options.ts';
import { type Forecasts, printForecasts } from './forecast-output.ts';
import type { Host } from './host.ts';
import { runContext } from './run-context.ts';
import { type PlanOptions, type PreparedRun, preparedRun } from './shard-many.ts';
import { openRun } from './shard-work.ts';

type Options = Omit<PlanOptions, 'place'> & ForecastOptions & { readonly simulate: readonly number[] };

/** Errors: REQUEST_INVALID for both a strategy and a manifest, or neither; those of planning, prices, assumptions and the shared place. */
export async function forecastShards(strategy: string | undefined, options: Options, host: Host): Promise<ExitCode> {
  const { platform, manifest, simulate } = options;
  if ((strategy === undefined) === (manifest === undefined)) throw oneOfBoth(strategy);
  const prices = readPrices(options.prices);
  const assumed = assumptionsOf(platform, options.assume);
  const vcpu = options.workers ?? TASK_WORKERS;
  const { basis, budgetBytes, ...work } =
    manifest === undefined
      ? await planned(strategy!, { ...options, workers: vcpu }, host)
      : await measured(manifest, host);
  const machines = { platform, vcpu, memoryGib: memoryGib(vcpu, options.memory ?? budgetBytes) };
  const model = runModel(work, assumed);
  const { currency, region, date } = prices;
  const { source, confirmed } = prices.platforms[platform];
  const forecasts: Forecasts = {
    basis,
    shards: work.shardSeconds.length,
    workSeconds: work.shardSeconds.reduce((sum, seconds) => sum + seconds, 0),
    overheadSeconds: model.startSeconds + model.setupSeconds,
    machines,
    prices: { currency, region, date, source, confirmed },
    assumed: assumptionWords(assumed),
    rows: simulate.map((nodes) => forecast(model, nodes, machines, prices, options.seed)),
  };
  if (options.json === true) host.stdout.write(`${JSON.stringify(forecasts)}\n`);
  else printForecasts(forecasts, host);
  return;
}

/** Threads of one container. */
const TASK_WORKERS = 1;
const GIB = 2 ** 30;
/** What a container may take beyond the budget of its process. */
const MEMORY_SLACK = 1.1;
/** The least that Fargate gives with one processor, and enough for most sweeps. */
const GIB_PER_VCPU = 2;

const memoryGib = (vcpu: number, budgetBytes: number | undefined): number =>
  Math.max(GIB_PER_VCPU * vcpu, Math.ceil(((budgetBytes ?? 0) * MEMORY_SLACK) / GIB));

interface Basis extends Workload {
  readonly basis: string;
  readonly budgetBytes?: number | undefined;
}

async function planned(strategy: string, options: Options & { readonly workers: number }, host: Host): Promise<Basis> {
  const ready = await preparedRun(strategy, options, host);
  const work = await (ready.kind === 'one'
    ? plannedOne(ready.prepared, options, host)
    : plannedMany(ready, options, host));
  const { workers, memory: budgetBytes } = options;
  const threads = workers === 1 ? 'one thread' : `${workers} threads`;
  return { ...work, basis: `a sample scored here for ${Math.round(work.sampleMs)} ms, ${threads}`, budgetBytes };
}

type Sampled = Workload & { readonly sampleMs: number };

async function plannedOne(
  prepared: PreparedSweep,
  { shards: wanted, workers, memory: budgetBytes }: Options & { readonly workers: number },
  host: Host,
): Promise<Sampled> {
  const [{ SHARD_SECONDS }, { plannedWorkload }, { estimateSweep }, { planHost }, { nextStep }] = await Promise.all([
    import('../cluster/plan-shards.ts'),
    import('../cluster/workload.ts'),
    import('../sweep/estimate.ts'),
    import('../runs/sweep-host.ts'),
    import('../runs/sweep-shards.ts'),
  ]);
  const context = runContext(host);
  const plan = planHost(prepared, { workers, budgetBytes }, host.settleHeap(), context);
  const { shards } = nextStep(prepared, [], { shards: wanted, shardSeconds: SHARD_SECONDS }, plan, context);
  const { seconds, toScore, calibrationMs } = estimateSweep(prepared.request, { ...plan, clock: host.clock });
  if (seconds === undefined || toScore === undefined) throw tooManyToCount();
  const { barCount: bars, timeframe } = prepared.loadedWindow.window.candles;
  return {
    ...plannedWorkload({ shards, toScore, seconds, bars, timeframeMs: timeframeMs(timeframe) }),
    sampleMs: calibrationMs,
  };
}

async function plannedMany(
  { prepared }: Extract<PreparedRun, { kind: 'many' }>,
  { shards, workers, memory: budgetBytes }: Options & { readonly workers: number },
  host: Host,
): Promise<Sampled> {
  const [{ SHARD_SECONDS }, { plannedCells }, { estimateSweep }, { planHost }] = await Promise.all([
    import('../cluster/plan-shards.ts'),
    import('../cluster/workload.ts'),
    import('../sweep/estimate.ts'),
    import('../runs/sweep-host.ts'),
  ]);
  const context = runContext(host);
  const residentBytes = host.settleHeap();
  const bars = new Map<string, number>();
  let [seconds, sampleMs] = [0, 0];
  for (const { market, loadedWindow } of prepared.cells) {
    const plan = planHost({ ...prepared, loadedWindow }, { workers, budgetBytes }, residentBytes, context);
    const sample = estimateSweep(prepared.request, { ...plan, clock: host.clock });
    if (sample.seconds === undefined) throw tooManyToCount();
    seconds += sample.seconds;
    sampleMs += sample.calibrationMs;
    bars.set(market, (bars.get(market) ?? 0) + loadedWindow.window.candles.barCount);
  }
  const { timeframe } = prepared.cells[0]!.loadedWindow.window.candles;
  return {
    ...plannedCells({
      seconds,
      shards: shards ?? Math.max(1, Math.ceil(seconds / SHARD_SECONDS)),
      markets: bars.size,
      bars: [...bars.values()].reduce((sum, count) => sum + count, 0),
      timeframeMs: timeframeMs(timeframe),
    }),
    sampleMs,
  };
}

async function measured(manifest: string, host: Host): Promise<Basis> {
  const { measuredWorkload } = await import('../cluster/workload.ts');
  const { run, objects, close } = await openRun({ manifest }, host);
  try {
    const { measured: count, ...work } = await measuredWorkload(run, objects);
    const of = run.manifest.shards.length;
    const basis = `the time of ${count} of ${of} shards that were handed in`;
    return { ...work, basis, budgetBytes: run.manifest.budgetBytes ?? undefined };
  } finally {
    close();
  }
}

const oneOfBoth = (strategy: string | undefined): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A forecast is of a strategy, or of a run that was cut.',
    found: strategy === undefined ? 'neither a strategy nor --manifest.' : 'a strategy and --manifest.',
    todo: strategy === undefined ? 'Give one of them.' : 'Leave one of them out.',
  });

const tooManyToCount = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A forecast needs the number of variants.',
    found: 'a grid of too many points to count under its constraint.',
    todo: 'Cut the run, score one shard, and give its --manifest.',
  });
