// Where pools find a compiled strategy, what they run it in, and which folders its code may read.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import type { ModuleRef, StrategyRef } from '../pool/messages.ts';
import type { PoolScorerOptions } from '../pool/pool-scorer.ts';
import { runsCode } from '../strategy/strategy-code.ts';

export type Isolation = 'thread' | 'process';

/** Where threads and processes find a strategy, and what its code may read: its own folder and the candle store. */
export function moduleRef(loaded: Pick<LoadedStrategy, 'moduleUrl' | 'path'>, storeRoot: string): ModuleRef {
  const folders = { strategyFolder: dirname(loaded.path!), storeRoot: join(storeRoot, 'candles'), readOnlyFolders: [] };
  return { moduleUrl: loaded.moduleUrl!, guards: folders };
}

/** As moduleRef for a file; the name of what is built in; the configuration of a controller. */
export function strategyRef(loaded: LoadedStrategy, storeRoot: string): StrategyRef {
  const { program, parameters } = loaded.strategy;
  if (program?.kind === 'controller') return { controller: program.given, fields: Object.keys(parameters) };
  return loaded.moduleUrl === undefined ? { builtIn: loaded.strategy.name } : moduleRef(loaded, storeRoot);
}

/** What a fenced process has to be able to read for a strategy. */
export function readableFor({ moduleUrl, guards }: ModuleRef): string[] {
  const compiled = moduleUrl.startsWith('file:') ? [fileURLToPath(moduleUrl)] : [];
  return guards === undefined ? compiled : [...compiled, guards.strategyFolder, guards.storeRoot];
}

/** Code of the user's is scored behind guards: never in the calling thread, which has none. */
export const scoresApart = ({ strategy, moduleUrl }: LoadedStrategy): boolean =>
  moduleUrl !== undefined && runsCode(strategy);

/** Where a pool finds the strategy, and what it runs it in. */
export function strategyPlace(
  loaded: LoadedStrategy,
  { storeRoot, isolate = 'thread' }: { readonly storeRoot: string; readonly isolate?: Isolation },
): Pick<PoolScorerOptions, 'strategyRef' | 'processes' | 'apart'> {
  const ref = strategyRef(loaded, storeRoot);
  // What is built in is ours, and needs no fence.
  if (isolate === 'thread' || !('moduleUrl' in ref)) return { strategyRef: ref, apart: scoresApart(loaded) };
  return { strategyRef: ref, processes: { readable: readableFor(ref) }, apart: true };
}
