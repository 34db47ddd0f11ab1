// What the command line of gridmill sweep says.
import type { ExecutionSelection } from '../runs/execution-selection.ts';
import type { Isolation } from '../runs/module-ref.ts';
import type { Across } from '../sweep/many-across.ts';
import type { ClusterOptions } from './cluster-options.ts';
import type { DataOptions } from './options.ts';
import type { RankingOptions } from './sweep-options.ts';

export interface SweepOptions extends Omit<DataOptions, 'data'>, ExecutionSelection, RankingOptions, ClusterOptions {
  readonly data?: readonly string[];
  readonly windows?: string;
  readonly split?: number;
  readonly across?: Across;
  readonly workers?: number;
  readonly memory?: number;
  readonly modelMemory?: number;
  readonly deadline?: number;
  readonly isolate: Isolation;
  readonly checkpoint?: string;
  readonly estimate?: boolean;
  readonly allResults?: string;
  readonly report?: string;
  readonly save: boolean;
  readonly json?: boolean;
}
