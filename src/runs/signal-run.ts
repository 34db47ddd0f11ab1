// One backtest of signals that another program made.
import { basename, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { readSignalsFile, type Signals } from '../feeds/signals-file.ts';
import { type Direction, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from '../simulate/simulation.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { runSignals } from '../sweep/run-variant.ts';
import { targetToEvents } from '../sweep/signals.ts';
import { withCalendarNote } from './assumption-notes.ts';
import { type ExecutionSelection, executionRequest } from './execution-selection.ts';
import { rowJson } from './result-record.ts';
import { type FinishedRun, singleBarriers } from './single-run.ts';
import type { RunContext } from './sweep-run.ts';
import { loadWindow, type WindowSelection } from './window-selection.ts';

export interface SignalRunSelection {
  readonly path: string;
  readonly window: WindowSelection;
  readonly execution: ExecutionSelection;
  readonly risk: RiskAxes;
  /** Bars that the file does not list have no signal, instead of being an error. */
  readonly sparse: boolean;
}

/**
 * The file is laid over all candles of the selection, before --from and --to cut the window.
 * Errors: SIGNALS_INVALID, REQUEST_INVALID when entry and exit columns leave the side open, those of loading.
 */
export async function runSignalFile(selection: SignalRunSelection, context: RunContext): Promise<FinishedRun> {
  const execution = executionRequest(selection.execution);
  const barriers = singleBarriers(selection.risk);
  const loadedWindow = withCalendarNote(await loadWindow(selection.window, context), execution.calendar);
  const { candles } = loadedWindow.loaded;
  const path = resolve(context.folder, selection.path);
  const signals = await readSignalsFile(path, candles, { sparse: selection.sparse });
  const { window } = loadedWindow;
  const begin = candles.time.indexOf(window.candles.time[0]!);
  const flags = eventFlags(signals, execution.direction, begin, begin + window.candles.barCount);
  const startedMs = context.clock.monotonicMs();
  const run = runSignals(execution, window, flags, barriers);
  const elapsedMs = context.clock.monotonicMs() - startedMs;
  const key = `signals|${sha256Hex(flags).slice(0, 16)}`;
  const row = rowJson({ variantKey: key, indicatorVariantKey: key, params: {}, risk: barriers, metrics: run.metrics });
  const notes = [...sideNotes(flags, execution.direction), ...signals.notes].map(
    (note) => `${basename(path)}: ${note}`,
  );
  // The file's own notes come first: a list of many defects must not hide a side that is not traded.
  const loaded = { ...loadedWindow.loaded, quality: [...notes, ...loadedWindow.loaded.quality] };
  return { execution, loadedWindow: { ...loadedWindow, loaded }, run, row, elapsedMs };
}

/** What the file asks for on a side that the direction leaves out. */
function sideNotes(flags: Uint8Array, direction: Direction): string[] {
  if (direction === 'both') return [];
  const [side, flag] = direction === 'long' ? ['short', ENTER_SHORT] : ['long', ENTER_LONG];
  let missed = 0;
  for (const value of flags) if ((value & flag) !== 0) missed++;
  if (missed === 0) return [];
  const one = missed === 1;
  return [
    `${missed.toLocaleString('en')} ${side} signal${one ? ' is' : 's are'} not taken: --direction both takes ${one ? 'it' : 'them'}.`,
  ];
}

/** One byte of event flags per bar of [begin, end). A target that is held when the window begins enters on its first bar. */
function eventFlags(signals: Signals, direction: Direction, begin: number, end: number): Uint8Array {
  const flags = new Uint8Array(end - begin);
  if (signals.kind === 'target') {
    targetToEvents(signals.values.subarray(begin, end), flags);
    return flags;
  }
  const columns =
    signals.kind === 'events'
      ? ([
          [signals.enterLong, ENTER_LONG],
          [signals.exitLong, EXIT_LONG],
          [signals.enterShort, ENTER_SHORT],
          [signals.exitShort, EXIT_SHORT],
        ] as const)
      : sidedColumns(signals.entry, signals.exit, direction);
  for (const [column, flag] of columns) {
    for (let i = begin; i < end; i++) if (column[i] !== 0) flags[i - begin]! |= flag;
  }
  return flags;
}

function sidedColumns(entry: Uint8Array, exit: Uint8Array, direction: Direction) {
  if (direction === 'both') {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Entry and exit columns need one side.',
      found: '--direction both.',
      todo: 'Choose long or short, or name the columns enter_long, exit_long, enter_short, exit_short.',
    });
  }
  return direction === 'long'
    ? ([
        [entry, ENTER_LONG],
        [exit, EXIT_LONG],
      ] as const)
    : ([
        [entry, ENTER_SHORT],
        [exit, EXIT_SHORT],
      ] as const);
}
