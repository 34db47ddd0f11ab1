// What --isolate process makes the command line say or refuse.
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import type { Isolation } from '../runs/module-ref.ts';

interface Asked {
  readonly isolate: Isolation;
  readonly report?: string;
}

const isFenced = ({ isolate }: Asked, { moduleUrl }: LoadedStrategy): boolean =>
  isolate === 'process' && moduleUrl !== undefined;

/** Errors: REQUEST_INVALID for a report that would have to step out of the fences. */
export async function checkIsolatedReport(asked: Asked, loaded: LoadedStrategy): Promise<void> {
  if (asked.report === undefined || !isFenced(asked, loaded)) return;
  (await import('../runs/fenced-strategy.ts')).checkReportable(loaded.strategy);
}

/** What the user should know of the fences. Errors: those of checkIsolatedReport. */
export async function isolationNotes(asked: Asked, loaded: LoadedStrategy): Promise<readonly string[]> {
  await checkIsolatedReport(asked, loaded);
  return isFenced(asked, loaded) ? (await import('../runs/fenced-strategy.ts')).fenceNotes() : [];
}
