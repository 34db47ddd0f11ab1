// Shards of a sweep over one market or over many: which of the two it is, and what each of them does.

import type { Manifest, ManyManifest, ShardRun } from '../cluster/manifest.ts';
import type { ObjectStore } from '../cluster/object-store.ts';
import type { PlanPlaces } from '../cluster/plan-shards.ts';
import type { ShardEnd, ShardHost } from '../cluster/run-shard.ts';
import type { ExecutionSelection } from '../runs/execution-selection.ts';
import type { ManySelection, PreparedMany } from '../runs/many-prepare.ts';
import type { PreparedSweep, RunContext, SweepSelection } from '../runs/sweep-run.ts';
import { type Across, DEFAULT_ACROSS } from '../sweep/many-across.ts';
import type { Host } from './host.ts';
import { isManySweep, refuseMixedWindows } from './many-windows.ts';
import type { DataOptions } from './options.ts';
import { runContext, windowSelection } from './run-context.ts';
import { gridSelection, type RankingOptions } from './sweep-options.ts';

export interface PlanOptions extends Omit<DataOptions, 'data'>, ExecutionSelection, RankingOptions {
  readonly data?: readonly string[];
  readonly windows?: string;
  readonly split?: number;
  readonly across?: Across;
  readonly place: string;
  readonly shards?: number;
  readonly memory?: number;
  readonly workers?: number;
  readonly modelMemory?: number;
  readonly json?: boolean;
}

export type PlannedRun = { readonly sentBytes: number } & (
  | { readonly kind: 'one'; readonly run: ShardRun<Manifest>; readonly prepared: PreparedSweep }
  | { readonly kind: 'many'; readonly run: ShardRun<ManyManifest>; readonly prepared: PreparedMany }
);

export type PreparedRun =
  | { readonly kind: 'one'; readonly selection: SweepSelection; readonly prepared: PreparedSweep }
  | { readonly kind: 'many'; readonly selection: ManySelection; readonly prepared: PreparedMany };

/** The sweep that the options name, ready to be cut. Errors: those of prepareSweep and prepareMany. */
export async function preparedRun(
  strategy: string,
  options: Omit<PlanOptions, 'place'>,
  host: Host,
): Promise<PreparedRun> {
  const context = runContext(host, options);
  const [{ listMarkets }, { executionOf }] = await Promise.all([
    import('../runs/market-list.ts'),
    import('../runs/execution-selection.ts'),
  ]);
  const markets = listMarkets(options.data ?? [], context);
  const named = { strategy, execution: executionOf(options), grid: await gridSelection(options) };
  const window = await windowSelection({ ...options, data: markets[0] });
  if (isManySweep(options, markets)) {
    refuseMixedWindows(options);
    const { prepareMany } = await import('../runs/many-prepare.ts');
    const { windows, split, across = DEFAULT_ACROSS } = options;
    const { data: _, ...bounds } = window;
    const selection = { ...named, markets, window: bounds, windows, split, across };
    const prepared = await prepareMany(selection, context, () => host.boundHeap());
    return { kind: 'many', selection, prepared };
  }
  const { prepareSweep } = await import('../runs/sweep-run.ts');
  const selection = { ...named, window };
  return { kind: 'one', selection, prepared: await prepareSweep(selection, context) };
}

/** Cuts the sweep that the options name. Errors: those of preparedRun and of the shared place. */
export async function plannedShards(
  strategy: string,
  options: Omit<PlanOptions, 'place'>,
  places: PlanPlaces,
  host: Host,
): Promise<PlannedRun> {
  const context = runContext(host, options);
  const plan = { shards: options.shards, budgetBytes: options.memory, workers: options.workers ?? host.cores };
  const ready = await preparedRun(strategy, options, host);
  if (ready.kind === 'many') {
    const { selection, prepared } = ready;
    const { planManyShards } = await import('../cluster/plan-many.ts');
    const { sentBytes, ...run } = await planManyShards(prepared, selection, plan, places, context);
    return { kind: 'many', run, prepared, sentBytes };
  }
  const { selection, prepared } = ready;
  const { planShards } = await import('../cluster/plan-shards.ts');
  const residentBytes = host.settleHeap();
  const { sentBytes, ...run } = await planShards(prepared, selection, { ...plan, residentBytes }, places, context);
  return { kind: 'one', run, prepared, sentBytes };
}

/** Where an image that "gridmill image" built keeps its strategies. */
export const imageStrategies = ({ environment }: Host): string | undefined => environment['GRIDMILL_IMAGE_STRATEGIES'];

/** Scores shards of a run one after another. Errors: those of the store and of loading. */
export async function shardScorer(
  run: ShardRun,
  content: ObjectStore,
  context: RunContext,
  host: Host,
): Promise<(index: number, limits: Omit<ShardHost, 'residentBytes'>) => Promise<ShardEnd>> {
  const { isManyManifest } = await import('../cluster/manifest.ts');
  const { manifest, id } = run;
  if (isManyManifest(manifest)) {
    const [{ openManyNode }, { runManyShard }] = await Promise.all([
      import('../cluster/many-node.ts'),
      import('../cluster/run-many-shard.ts'),
    ]);
    const many = { manifest, id };
    const node = await openManyNode(many, content, context, imageStrategies(host));
    host.settleHeap();
    return (index, limits) => runManyShard(many, index, node, limits, context);
  }
  const [{ prepareRun }, { runShard }] = await Promise.all([
    import('../cluster/shard-node.ts'),
    import('../cluster/run-shard.ts'),
  ]);
  const one = { manifest, id };
  const prepared = await prepareRun(one, content, context, imageStrategies(host));
  const residentBytes = host.settleHeap();
  return (index, limits) => runShard(one, index, prepared, { ...limits, residentBytes }, context);
}
