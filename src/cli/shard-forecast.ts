// gridmill shard plan --simulate: what a cut sweep would take on so many machines, before it is sent to any.
import { assumptionsOf, assumptionWords, runModel, type Workload } from '../cluster/assumptions.ts';
import { forecast } from '../cluster/forecast.ts';
import { readPrices } from '../cluster/prices.ts';
import { AppError } from '../core/errors.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { ExitCode } from './command.ts';
import type { ForecastOptions } from './forecast-options.ts';
import { type Forecasts, printForecasts } from './forecast-output.ts';
import type { Host } from './host.ts';
import { openRun, type PlanOptions, preparedCut } from './shard-work.ts';

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
  const [{ SHARD_SECONDS }, { plannedWorkload }, { estimateSweep }, { planHost }, { nextStep }] = await Promise.all([
    import('../cluster/plan-shards.ts'),
    import('../cluster/workload.ts'),
    import('../sweep/estimate.ts'),
    import('../runs/sweep-host.ts'),
    import('../runs/sweep-shards.ts'),
  ]);
  const { prepared, context } = await preparedCut(strategy, options, host);
  const { workers, memory: budgetBytes } = options;
  const plan = planHost(prepared, { workers, budgetBytes }, host.settleHeap(), context);
  const { shards } = nextStep(prepared, [], { shards: options.shards, shardSeconds: SHARD_SECONDS }, plan, context);
  const { seconds, toScore, calibrationMs } = estimateSweep(prepared.request, { ...plan, clock: host.clock });
  if (seconds === undefined || toScore === undefined) throw tooManyToCount();
  const { candles } = prepared.loadedWindow.window;
  const { barCount: bars, timeframe } = candles;
  return {
    ...plannedWorkload({ shards, toScore, seconds, bars, timeframeMs: timeframeMs(timeframe) }),
    basis: `a sample scored here for ${Math.round(calibrationMs)} ms, ${workers === 1 ? 'one thread' : `${workers} threads`}`,
    budgetBytes,
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
