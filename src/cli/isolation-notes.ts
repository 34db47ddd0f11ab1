// What --isolate process makes the command line say or refuse.
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import type { Isolation } from '../runs/sweep-run.ts';

/** What the user should know of the fences. Errors: REQUEST_INVALID for a report that would have to step out of them. */
export async function isolationNotes(
  { isolate, report }: { readonly isolate: Isolation; readonly report?: string },
  { strategy, moduleUrl }: LoadedStrategy,
): Promise<readonly string[]> {
  if (isolate !== 'process' || moduleUrl === undefined) return [];
  const { checkReportable, fenceNotes } = await import('../runs/fenced-strategy.ts');
  if (report !== undefined) checkReportable(strategy);
  return fenceNotes();
}
