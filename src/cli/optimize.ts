// The work of gridmill optimize: from options to a study, its progress, and its result.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createStopSource } from '../core/cancel.ts';
import { listMarkets } from '../runs/market-list.ts';
import { outputPath } from '../runs/output-file.ts';
import { bodyOf, findStudy, takeStudy } from '../runs/study-files.ts';
import { type PreparedStudy, prepareStudy, type StudySelection } from '../runs/study-prepare.ts';
import { finishStudy, planFor } from '../runs/study-run.ts';
import { anchorsOf, resolvedSelection } from '../runs/study-selection.ts';
import { enterRunning } from '../store/running-registry.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import { deliverStudy } from './deliver.ts';
import type { Host } from './host.ts';
import { checkIsolatedReport } from './isolation-notes.ts';
import type { OptimizeOptions } from './optimize-options.ts';
import { barrierNotes, riskAxes } from './options.ts';
import { createProgressLine, note } from './progress.ts';
import { runContext, stoppable, windowSelection } from './run-context.ts';
import { studyProgressTexts } from './study-progress.ts';

/** Errors: those of prepareStudy, takeStudy and finishStudy. */
export async function optimize(strategy: string | undefined, options: OptimizeOptions, host: Host): Promise<ExitCode> {
  const stop = createStopSource(host.clock, options.deadline);
  const report = options.report === undefined ? undefined : outputPath(host.folder, options.report);
  const context = { ...runContext(host), isolate: options.isolate };
  const progress = createProgressLine(host.stderr, host.clock);
  const onNote = note(progress, host);
  const asked =
    options.resume === undefined
      ? await selectionOf(strategy!, options, host)
      : bodyOf(findStudy(options.resume, host.storeRoot)).selection;
  host.boundHeap();
  const prepared = await prepareStudy(asked, context, (name, at) =>
    progress.update(() => `reading ${at + 1} of ${asked.markets.length}: ${name} ...`),
  );
  const residentBytes = host.settleHeap();
  // The pool itself says what its fences lack.
  await checkIsolatedReport(options, prepared.loadedStrategy);
  const selection = resolvedSelection(asked, prepared);
  const taken = takeStudy(prepared, selection, options.resume ?? options.study, context);
  if (taken.open.log.count > 0)
    onNote(`The study ${taken.name} goes on: ${taken.open.log.count.toLocaleString('en')} trials are known.`);
  for (const text of barrierNotes(options)) onNote(text);
  const turbo =
    options.turbo === true ? { workers: options.workers ?? host.cores, batchSize: options.batchSize } : undefined;
  const lagNote = shortLag(prepared.request, turbo?.workers);
  if (lagNote !== undefined) onNote(lagNote);
  const progressText = studyProgressTexts(prepared.request, host);
  let leave = (): void => undefined;
  try {
    const share = { turbo, budgetBytes: options.memory };
    const plan = planFor(prepared, selection, { ...share, residentBytes }, context);
    const granted = { memoryBytes: share.budgetBytes ?? plan.bytesPredicted, workers: plan.scorers, label: taken.name };
    leave = enterRunning(host.storeRoot, granted, host.machineBytes());
    const finished = await stoppable(host, stop, (token) =>
      finishStudy(
        prepared,
        selection,
        taken,
        {
          ...share,
          plan,
          stop: token,
          top: options.top,
          saves: () => options.save,
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
    const exitCode = await deliverStudy(
      prepared,
      finished.record,
      { report, save: options.save, json: options.json === true },
      host,
    );
    if (finished.record.partial !== null) {
      const how = `${turbo === undefined ? '' : ' --turbo'}${options.isolate === 'process' ? ' --isolate process' : ''}`;
      const resume = `gridmill optimize --resume ${taken.name}${how}`;
      (options.json === true ? host.stderr : host.stdout).write(
        asCalled(`  ${resume}     goes on with the study\n`, host),
      );
    }
    return exitCode;
  } finally {
    leave();
    progress.clear();
    taken.open.close();
  }
}

/** Workers that find no trial to run, because too few may be in flight. */
function shortLag({ lag, mode, patience, target }: PreparedStudy['request'], workers = 1): string | undefined {
  const depends = patience !== undefined || target !== undefined || !['grid', 'random', 'sobol'].includes(mode);
  if (!depends || workers === 1 || lag >= 4 * workers) return undefined;
  return `At most ${lag} trials are in flight at once, which leaves some of ${workers} workers waiting: --lag ${8 * workers} keeps them busy, and is another study.`;
}

async function selectionOf(strategy: string, options: OptimizeOptions, host: Host): Promise<StudySelection> {
  const context = runContext(host);
  const markets = listMarkets(options.data ?? [], context);
  const { data: _, ...window } = await windowSelection({ ...options, data: markets[0] });
  const { profile, direction, cash, fee, fixedFee, slippage, sizing, size, sizeStep, minSize, minNotional } = options;
  return {
    strategy: fileOr(strategy, host),
    markets: markets.map((market) => fileOr(market, host)),
    window,
    days: options.days,
    holdout: options.holdout,
    execution: {
      ...{ profile, direction, cash, fee, fixedFee, slippage, sizing, size, sizeStep, minSize, minNotional },
      closeAtEnd: options.closeAtEnd,
      calendar: options.calendar,
      instruments: options.instruments,
    },
    parameters: options.set,
    risk: riskAxes(options),
    mode: options.mode,
    seed: options.seed,
    trials: options.iter,
    lag: options.lag,
    objectives: options.objective,
    rank: options.rank,
    where: options.where,
    across: options.across,
    patience: options.patience,
    target: options.target,
    anchors: options.around === undefined ? [] : anchorsOf(options.around, options.anchors, host),
  };
}

/** Files by their whole path, so that a study can be resumed from any folder. */
function fileOr(text: string, { folder }: Host): string {
  const path = resolve(folder, text);
  // A built-in strategy or a stored key wins over a file only where there is no such file, or no path was written.
  return /[./\\]/.test(text) && existsSync(path) ? path : text;
}
