// What a runner tells the thread that renews its leases.
import type { Lease } from './job.ts';
import type { HeldLease } from './lease-keeper.ts';
import type { LeaseSettings } from './lease-settings.ts';
import type { StoreLocation } from './open-store.ts';

export interface KeeperSetup {
  readonly location: StoreLocation;
  readonly settings: LeaseSettings;
  readonly seed: number;
}

export type KeeperMessage = { readonly hold: HeldLease } | { readonly drop: Lease };
