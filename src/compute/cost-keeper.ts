// Keeps what a sweep was foretold to cost and what it did cost, for estimates to come.
import { isAppError } from '../core/errors.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import { rememberCost } from '../runs/sweep-costs.ts';
import type { PreparedSweep, RunContext } from '../runs/sweep-run.ts';
import { hasCheckpoint } from '../store/checkpoint-file.ts';
import type { GuardReport } from './task.ts';

export interface CostKeeper {
  /** Does nothing for a sweep that was cut short or went on from a checkpoint: it was not timed as a whole. */
  keep(record: ResultRecord): void;
}

/** To be made before the sweep begins; `guards` are those of its plan. */
export function createCostKeeper(
  prepared: PreparedSweep,
  guards: readonly GuardReport[],
  checkpointFolder: string | undefined,
  context: Pick<RunContext, 'storeRoot' | 'clock'>,
): CostKeeper {
  const variants = guards.find(({ guard }) => guard === 'variants')?.asked;
  const isBegun = checkpointFolder !== undefined && hasCheckpoint(checkpointFolder);
  return {
    keep(record) {
      if (record.partial !== null || isBegun || variants === undefined) return;
      try {
        rememberCost(prepared, record, variants, context);
      } catch (error) {
        // A disk that is full must not take a finished sweep away: estimates then know one run less.
        if (!isAppError(error)) throw error;
      }
    },
  };
}
