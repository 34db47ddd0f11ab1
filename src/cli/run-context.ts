// What src/runs needs, from the host; and how a run is stopped.
import type { createStopSource, StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import type { WindowSelection } from '../runs/window-selection.ts';
import type { Host } from './host.ts';
import type { DataOptions } from './options.ts';

/** `modelMemory`: as given with --model-memory. */
export function runContext(host: Host, { modelMemory }: { readonly modelMemory?: number } = {}): RunContext {
  const { version, folder, storeRoot, clock, entry, peakBytes } = host;
  return { engineVersion: version, folder, storeRoot, clock, entry, peakBytes, modelBytesMax: modelMemory };
}

/** The window that the data options name. Errors: REQUEST_INVALID without --data. */
export async function windowSelection(options: DataOptions): Promise<WindowSelection> {
  const { data, timeframe, from, to, coldStart, gaps, policy } = options;
  if (data === undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Candles must be named with --data.',
      found: 'no --data.',
      todo: 'Write --data FILE, or --data exchange/symbol/timeframe for stored candles.',
    });
  }
  const { parsePolicies } = await import('../runs/candle-source.ts');
  return { data, timeframe, from, to, coldStart, policies: parsePolicies(policy, gaps) };
}

/** Runs `work` with a token that Ctrl-C, a termination signal or the deadline (ms from now) sets. */
export async function stoppable<T>(
  host: Host,
  stop: ReturnType<typeof createStopSource>,
  work: (stop: StopToken) => Promise<T>,
): Promise<T> {
  const undo = host.onInterrupt(() => stop.cancel());
  try {
    return await work(stop);
  } finally {
    undo();
  }
}

export const EXIT_CODE = { deadline: 124, cancelled: 130 } as const;
