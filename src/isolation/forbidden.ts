// What strategy code must not do, in words: one rule and one advice per kind of deed.
import { AppError } from '../core/errors.ts';

const RULES = {
  network: ['has no network', 'Fetch data beforehand: read it as candles, or from a file beside the strategy.'],
  process: ['starts no processes and no threads', 'Compute it beforehand, and read the outcome from a file beside it.'],
  read: ['reads files only in its own folder and in the candle store', 'Put the file beside the strategy.'],
  write: ['writes no files', 'Print with console.log, or return what you want to keep as signals.'],
  host: ['does not steer the process it runs in', 'Throw an error to say that a variant cannot be computed.'],
  native: ['loads no native code', 'Use a package in plain JavaScript or WebAssembly.'],
  escape: ['gets no tools to look into or around the engine', 'Use plain JavaScript.'],
} as const;

export type ForbiddenKind = keyof typeof RULES;

/** STRATEGY_FORBIDDEN for one deed: `what` is the call or import, with its path or host, and `site` where it stands. */
export function forbidden(kind: ForbiddenKind, what: string, site?: string): AppError {
  const [rule, todo] = RULES[kind];
  const found = site === undefined ? `${what}.` : `${what}, at ${site}.`;
  return new AppError('STRATEGY_FORBIDDEN', { rule: `Strategy code ${rule}.`, found, todo });
}
