// How long a lease lasts and how often it is renewed, watched and swept.
import { AppError } from '../core/errors.ts';

/** All in milliseconds, measured on the monotonic clock of whoever waits. */
export interface LeaseSettings {
  /** A lease that was not renewed for so long may be taken away. */
  readonly leaseMs: number;
  /** Between two renewals, as long as the job moves. */
  readonly heartbeatMs: number;
  /** Between two looks for leases that ran out. */
  readonly sweepMs: number;
  /** Between two looks of an owner at its own leases: for a cancel, and for the loss of a lease. */
  readonly watchMs: number;
}

export const LEASE_DEFAULTS: LeaseSettings = { leaseMs: 20_000, heartbeatMs: 5_000, sweepMs: 5_000, watchMs: 500 };

/** Errors: REQUEST_INVALID. */
export function checkLeaseSettings(settings: LeaseSettings): LeaseSettings {
  const { leaseMs, heartbeatMs, sweepMs, watchMs } = settings;
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isFinite(value) || value <= 0) throw invalid('Lease times must be positive.', `${name} = ${value}.`);
  }
  if (leaseMs < 2 * heartbeatMs) {
    // One renewal may be lost or late without the lease being lost.
    throw invalid('A lease must last at least two heartbeats.', `lease ${leaseMs} ms, heartbeat ${heartbeatMs} ms.`);
  }
  if (sweepMs > leaseMs) {
    throw invalid('Sweeps must come at least once per lease.', `lease ${leaseMs} ms, sweep ${sweepMs} ms.`);
  }
  if (watchMs > heartbeatMs) {
    throw invalid(
      'Watching must come at least once per heartbeat.',
      `heartbeat ${heartbeatMs} ms, watch ${watchMs} ms.`,
    );
  }
  return settings;
}

const invalid = (rule: string, found: string): AppError =>
  new AppError('REQUEST_INVALID', { rule, found, todo: 'Correct the lease settings.' });
