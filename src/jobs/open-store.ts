// Opens the job store a location names.
import { AppError } from '../core/errors.ts';
import type { JobStore } from './job-store.ts';

/** Where a queue lies. Plain data: the thread that renews leases opens the same. */
export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** What configuration says: SQLite in `folder` unless `useSqlite` is false, then the database that `databaseUrl` names. */
export interface StoreChoice {
  readonly useSqlite: boolean;
  readonly databaseUrl?: string;
  readonly folder: string;
}

/** Errors: REQUEST_INVALID. */
export function locateStore({ useSqlite, databaseUrl = '', folder }: StoreChoice): StoreLocation {
  if (useSqlite) return { kind: 'sqlite', folder };
  if (/^postgres(ql)?:\/\//.test(databaseUrl)) return { kind: 'postgres', url: databaseUrl };
  // The address may hold a password: it is not repeated.
  throw new AppError('REQUEST_INVALID', {
    rule: 'Without SQLite the queue needs DATABASE_URL, such as postgres://user@host/gridmill.',
    found: databaseUrl === '' ? 'no DATABASE_URL.' : 'a DATABASE_URL of another kind.',
    todo: 'Set it, or use SQLite.',
  });
}

/** With `newId` an absent queue is created; without it that is an error, and the database is not read through. */
export async function openJobStore(location: StoreLocation, newId?: () => string): Promise<JobStore> {
  if (location.kind === 'postgres') {
    const { openPostgresStore } = await import('./postgres-store.ts');
    return openPostgresStore(location.url);
  }
  const { openSqliteStore } = await import('./sqlite-store.ts');
  return openSqliteStore(location.folder, { newId, check: newId !== undefined });
}
