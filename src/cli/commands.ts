// The table of subcommands: what help lists, and the file that is loaded when one is called.
import type { DefineCommand } from './command.ts';

interface CommandEntry {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: DefineCommand }>;
}

const entry = (
  group: string,
  name: string,
  summary: string,
  load: () => Promise<{ readonly define: DefineCommand }>,
): CommandEntry => ({ group, name, summary, load });

const RUN = 'Backtest:';
const DATA = 'Candles:';
const STRATEGY = 'Strategies:';
const RESULT = 'Results:';
const SERVICE = 'Service:';
const CLUSTER = 'Cluster:';

export const COMMANDS: readonly CommandEntry[] = [
  entry(
    RUN,
    'demo',
    'sweep a built-in strategy over a year of 1-minute candles and write a report',
    () => import('./commands/demo.ts'),
  ),
  entry(RUN, 'sweep', 'backtest every variant of a parameter grid and rank them', () => import('./commands/sweep.ts')),
  entry(
    RUN,
    'optimize',
    'search a space of parameters: random, Sobol, discovery, TPE, refinement',
    () => import('./commands/optimize.ts'),
  ),
  entry(RUN, 'run', 'backtest one variant: metrics, trades, equity', () => import('./commands/run.ts')),
  entry(
    RUN,
    'diff',
    "compare a Hummingbot controller under Hummingbot's rules and the corrected ones",
    () => import('./commands/diff.ts'),
  ),
  entry(RUN, 'check', 'look for look-ahead and short warm-up in a strategy', () => import('./commands/check.ts')),
  entry(
    STRATEGY,
    'init',
    'write a strategy file to start from, with types for the editor',
    () => import('./commands/init.ts'),
  ),
  entry(
    STRATEGY,
    'strategies',
    'list the built-in strategies and their parameters',
    () => import('./commands/strategies.ts'),
  ),
  entry(
    STRATEGY,
    'profiles',
    'list the execution profiles and what they assume',
    () => import('./commands/profiles.ts'),
  ),
  entry(DATA, 'import', 'check candle files and put them into the store', () => import('./commands/import.ts')),
  entry(DATA, 'fetch', 'download candles from an exchange into the store', () => import('./commands/fetch.ts')),
  entry(DATA, 'data', 'list, check, resample and export candles', () => import('./commands/data.ts')),
  entry(
    RESULT,
    'results',
    'list, show, compare, delete and prune stored results',
    () => import('./commands/results.ts'),
  ),
  entry(RESULT, 'variants', 'keep ranked rows under names, and run them again', () => import('./commands/variants.ts')),
  entry(RESULT, 'studies', 'list, show, compare and remove studies', () => import('./commands/studies.ts')),
  entry(RESULT, 'store', 'back up, restore and verify all that is stored', () => import('./commands/store.ts')),
  entry(RESULT, 'report', 'write the HTML report of a stored result', () => import('./commands/report.ts')),
  entry(SERVICE, 'serve', 'answer back-tests over HTTP, and run jobs', () => import('./commands/serve.ts')),
  entry(SERVICE, 'worker', 'run jobs of the same store, without HTTP', () => import('./commands/worker.ts')),
  entry(
    CLUSTER,
    'shard',
    'cut a sweep into shards, score them on any machines, merge them to the same result',
    () => import('./commands/shard.ts'),
  ),
  entry(
    CLUSTER,
    'image',
    'put strategies and their packages into a container image, pinned by content',
    () => import('./commands/image.ts'),
  ),
  entry(
    CLUSTER,
    'cloud',
    'run sweeps on AWS Batch: make the stack, submit, follow, merge, take it down',
    () => import('./commands/cloud.ts'),
  ),
];
