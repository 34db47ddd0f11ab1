// gridmill sweep over several markets or windows: refuses what it could not obey, runs, and delivers.
import type { createStopSource } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import type { GridSelection, RunContext } from '../runs/sweep-run.ts';
import { DEFAULT_ACROSS } from '../sweep/many-across.ts';
import type { ExitCode } from './command.ts';
import { deliverMany } from './deliver.ts';
import type { Host } from './host.ts';
import { isolationNotes } from './isolation-notes.ts';
import { refuseMixedWindows } from './many-windows.ts';
import { memoryBudget } from './memory-budget.ts';
import { barrierNotes } from './options.ts';
import { note, type ProgressLine } from './progress.ts';
import { stoppable, windowSelection } from './run-context.ts';
import type { SweepOptions } from './sweep-command.ts';

export interface ManyCommand {
  readonly strategy: string;
  /** One text per market. */
  readonly markets: readonly string[];
  readonly grid: GridSelection;
  readonly options: SweepOptions;
  readonly files: { readonly report: string | undefined };
  readonly stop: ReturnType<typeof createStopSource>;
  readonly progress: ProgressLine;
}

/** Errors: REQUEST_INVALID for options that belong to a sweep of one market, and those of prepareMany and finishMany. */
export async function sweepManyCommand(command: ManyCommand, context: RunContext, host: Host): Promise<ExitCode> {
  const { strategy, markets, grid, options, files, stop, progress } = command;
  refuseSingleOptions(options);
  refuseMixedWindows(options);
  const [{ prepareMany }, { finishMany }] = await Promise.all([
    import('../runs/many-prepare.ts'),
    import('../runs/many-run.ts'),
  ]);
  const { manyProgressTexts } = await import('./sweep-progress.ts');
  const { data: _, ...window } = await windowSelection({ ...options, data: markets[0] });
  host.boundHeap();
  const { windows, split, across = DEFAULT_ACROSS } = options;
  const prepared = await prepareMany(
    { strategy, markets, window, execution: options, grid, windows, split, across },
    context,
    (name, at) => progress.update(() => `reading ${at + 1} of ${markets.length}: ${name} ...`),
  );
  host.settleHeap();
  const cells = prepared.cells.map(({ market, loadedWindow }) => ({ market, window: loadedWindow.window }));
  const progressText = manyProgressTexts(prepared.request, cells);
  const onNote = note(progress, host);
  const fenceTexts = await isolationNotes(options, prepared.loadedStrategy);
  for (const text of [...barrierNotes(options), ...fenceTexts]) onNote(text);
  const finished = await stoppable(host, stop, (token) =>
    finishMany(
      prepared,
      {
        stop: token,
        budgetBytes: memoryBudget(options.memory, host),
        workers: options.workers ?? host.cores,
        onNote,
        onProgress(at) {
          host.boundHeap();
          progress.update(() => progressText(at));
        },
      },
      context,
    ),
  );
  progress.clear();
  return deliverMany(
    prepared,
    finished,
    { report: files.report, save: options.save, json: options.json === true },
    host,
  );
}

function refuseSingleOptions(options: SweepOptions): void {
  const { checkpoint, allResults, estimate } = options;
  const single = [
    checkpoint === undefined ? undefined : '--checkpoint',
    allResults === undefined ? undefined : '--all-results',
    estimate === true ? '--estimate' : undefined,
  ].filter((option) => option !== undefined);
  if (single.length > 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: '--checkpoint, --all-results and --estimate belong to a sweep of one market over one window.',
      found: `${single.join(', ')} with several markets or windows.`,
      todo: 'Leave them out, or sweep the markets one by one.',
    });
  }
}
