// Options of many markets and windows: when they ask for a ranking across cells, and what they must not say twice.
import { AppError } from '../core/errors.ts';
import type { Across } from '../sweep/many-across.ts';

export interface ManyWindows {
  readonly windows?: string;
  readonly split?: number;
  readonly across?: Across;
  readonly from?: string;
  readonly to?: string;
}

/** Whether variants are ranked across cells: several markets or windows, or so asked for. */
export const isManySweep = (
  { windows, split, across }: Pick<ManyWindows, 'windows' | 'split' | 'across'>,
  markets: readonly string[],
): boolean => markets.length > 1 || windows !== undefined || split !== undefined || across !== undefined;

/** Errors: REQUEST_INVALID for windows that are said twice. */
export function refuseMixedWindows({ windows, split, from, to }: ManyWindows): void {
  if (windows !== undefined && split !== undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Windows are either written out or split off.',
      found: '--windows together with --split.',
      todo: 'Leave one of them out.',
    });
  }
  if (windows !== undefined && (from !== undefined || to !== undefined)) {
    throw new AppError('REQUEST_INVALID', {
      rule: '--windows say where they begin and end themselves.',
      found: '--windows together with --from or --to.',
      todo: 'Leave --from and --to out, or use --split to divide what lies between them.',
    });
  }
}
