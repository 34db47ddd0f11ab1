// The options of gridmill optimize as they are read.
import type { Mode } from '../optimise/study.ts';
import type { ExecutionSelection } from '../runs/execution-selection.ts';
import type { Isolation } from '../runs/module-ref.ts';
import type { Across } from '../sweep/many-across.ts';
import type { DataOptions, GridOptions } from './options.ts';

export interface OptimizeOptions extends Omit<DataOptions, 'data'>, ExecutionSelection, GridOptions {
  readonly data?: readonly string[];
  readonly days?: number;
  readonly holdout?: number;
  readonly across: Across;
  readonly mode: Mode;
  readonly iter?: number;
  readonly seed: number;
  readonly lag?: number;
  readonly rank: string;
  readonly objective: readonly string[];
  readonly where?: string;
  readonly patience?: number;
  readonly target?: number;
  readonly around?: string;
  readonly anchors: number;
  readonly study?: string;
  readonly resume?: string;
  /** The address of a service that runs it in place of this process. */
  readonly server?: string;
  readonly turbo?: boolean;
  readonly workers?: number;
  readonly batchSize?: number;
  readonly isolate: Isolation;
  readonly memory?: number;
  readonly deadline?: number;
  readonly top: number;
  readonly report?: string;
  readonly save: boolean;
  readonly json?: boolean;
}
