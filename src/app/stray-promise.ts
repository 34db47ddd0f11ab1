// A promise that fails while nobody waits for it: ends the process with an error in the usual form, not with Node's.
import type { Host } from '../cli/host.ts';
import { reportError } from '../cli/report-error.ts';
import { ENTRY_SYMBOL } from '../core/entry-symbol.ts';
import { AppError } from '../core/errors.ts';

/** Threads and fenced processes have their own; this is for strategies that run in the main process. */
export function endOnStrayPromise(argv: readonly string[], host: Host): void {
  process.on('unhandledRejection', (error) => {
    const asked = { json: argv.includes('--json'), debug: argv.includes('--debug') };
    process.exit(reportError(strayError(error, Symbol.for(ENTRY_SYMBOL) in globalThis), host, asked));
  });
}

/** Of a strategy file where one was loaded; else a bug of ours, as it is. */
export function strayError(error: unknown, hasStrategyFile: boolean): unknown {
  if (!hasStrategyFile || error instanceof AppError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return new AppError('STRATEGY_FAILED', {
    rule: 'Strategy code must not leave a promise behind that fails.',
    found: `${String(error)}${cause}.`,
    todo: 'Take the call that answers with a promise (fetch, a read, a timer) out of the strategy; prepare such data beforehand.',
    cause: error,
  });
}
