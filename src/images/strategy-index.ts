// The list of strategies that an image holds: written when it is built, compared when it is checked, read when it runs.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { INDEX_NAME } from './image-context.ts';
import type { ImageStrategy } from './strategy-folder.ts';

/** Undefined where there is no list. Errors: REQUEST_INVALID for one that is none of ours. */
export function readStrategyIndex(folder: string): readonly ImageStrategy[] | undefined {
  const path = join(folder, INDEX_NAME);
  if (!existsSync(path)) return undefined;
  try {
    const { strategies } = JSON.parse(readFileSync(path, 'utf8')) as { readonly strategies: readonly ImageStrategy[] };
    return strategies.map(({ name, file, hash }) => ({ name, file, hash }));
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A folder of strategies in an image holds the list that "gridmill image" wrote.',
      found: `${path}, which is none.`,
      todo: 'Build the image again.',
      cause,
    });
  }
}

/** The file of the strategy with this hash among those of the folder; undefined where there is none. Errors: REQUEST_INVALID. */
export function strategyInImage(folder: string | undefined, hash: string): string | undefined {
  if (folder === undefined || folder === '') return undefined;
  const found = readStrategyIndex(folder)?.find((one) => one.hash === hash);
  return found === undefined ? undefined : resolve(folder, found.file);
}

/** Strategies that were loaded here against those that were loaded where the image was made. Errors: STRATEGY_INVALID. */
export function compareStrategies(wanted: readonly ImageStrategy[], found: readonly ImageStrategy[]): void {
  for (const { file, hash } of wanted) {
    const here = found.find((one) => one.file === file);
    if (here?.hash === hash) continue;
    throw new AppError('STRATEGY_INVALID', {
      rule: 'A strategy in an image is the one that was checked outside.',
      found: `${file}: ${here === undefined ? 'not there' : `hash ${here.hash.slice(0, 12)}`}; outside it is ${hash.slice(0, 12)}.`,
      todo: 'Install packages as the lockfile has them (npm ci), and build again.',
    });
  }
}
