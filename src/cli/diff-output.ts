// What a person reads of a controller under two profiles: the figures side by side, which fix does what, executor by executor.
import type { ExecutorDiff } from '../controllers/diff-runs.ts';
import type { ExecutorRecord } from '../executors/executor-book.ts';
import { FIXES, type FixName } from '../executors/fixes.ts';
import type { ExecutorSummary } from '../executors/summary.ts';
import { formatCount, formatDuration, formatMoney, formatParameter, formatTime, NO_VALUE } from '../report/format.ts';
import { bold, dim, paintSigned, type TextColumn, textTable } from '../report/text-table.ts';
import { type FinishedDiff, orderedExecutors } from '../runs/controller-diff.ts';
import { figureText } from '../runs/profile-figures.ts';
import { dataJson, executionJson } from '../runs/sweep-run.ts';
import type { TextOutput } from './host.ts';
import { assumptionLines, wrapped } from './sweep-output.ts';

export interface DiffTextOptions {
  readonly limit: number;
  readonly sort: 'change' | 'time';
}

export function diffText(finished: FinishedDiff, options: DiffTextOptions, output: TextOutput): string {
  const parts = [
    headText(finished, output),
    figuresText(finished, output),
    effectsText(finished, output),
    executorsText(finished, options, output),
    dim(`Compared in ${formatDuration(finished.elapsedMs)}.`, output.color),
  ];
  return `${parts.join('\n\n')}\n`;
}

function headText(finished: FinishedDiff, output: TextOutput): string {
  const { loadedWindow, loadedStrategy, execution, parameters, profileA, profileB } = finished;
  const { candles } = loadedWindow.window;
  const { color, columns } = output;
  const data = dataJson(loadedWindow, {});
  const time = (iso: string): string => formatTime(Date.parse(iso));
  const json = executionJson({ ...execution, profile: profileB });
  const numbers = Object.entries(parameters).map(([name, value]) => `${name} ${formatParameter(value)}`);
  // The assumption of one profile alone would mislead: the fixes below say what differs.
  const [, ...assumed] = assumptionLines(json, '', data, output);
  return [
    `${bold(loadedStrategy.strategy.name, color)} on ${bold(`${data.label}, ${data.timeframe}`, color)}`,
    `${bold(profileA, color)} (a) against ${bold(profileB, color)} (b)`,
    `${time(data.firstBar)} to ${time(data.lastBar)} UTC, ${formatCount(candles.barCount)} bars`,
    ...assumed,
    ...(numbers.length === 0 ? [] : wrapped(`with ${numbers.join(', ')}`, columns).map((line) => dim(line, color))),
  ].join('\n');
}

/** All figures of both; those that are equal have no change. */
function figuresText({ compared, profileA, profileB }: FinishedDiff, { color, columns: width }: TextOutput): string {
  const a = flatFigures(compared.a.summary);
  const b = flatFigures(compared.b.summary);
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const change = (name: string): number => (b[name] ?? 0) - (a[name] ?? 0);
  const signed = (name: string): string => {
    const value = change(name);
    if (!Number.isFinite(value)) return NO_VALUE;
    return value === 0 ? '' : `${value > 0 ? '+' : ''}${figureText(value)}`;
  };
  const column = (heading: string, cells: string[], priority = 0): TextColumn => ({
    heading,
    align: 'right',
    priority,
    cells,
  });
  const shown = (value: number | undefined): string =>
    figureText(value === undefined ? 0 : Number.isFinite(value) ? value : null);
  const table = textTable(
    [
      { heading: 'Figure', align: 'left', priority: 0, cells: names },
      column(
        profileA,
        names.map((name) => shown(a[name])),
      ),
      column(
        profileB,
        names.map((name) => shown(b[name])),
      ),
      column(
        'Change',
        names.map((name) => signed(name)),
      ),
    ],
    { width, color },
  );
  return `${bold("Hummingbot's summary under both", color)}\n${table}`;
}

function flatFigures(summary: ExecutorSummary): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [name, value] of Object.entries(summary) as [string, number | Readonly<Record<string, number>>][]) {
    if (typeof value === 'number') flat[name] = value;
    else for (const [type, count] of Object.entries(value)) flat[`close_types.${type}`] = count;
  }
  return flat;
}

/** What each fix does when it is the only difference. */
function effectsText({ compared, profileA, profileB }: FinishedDiff, output: TextOutput): string {
  const { color, columns: width } = output;
  const { effects } = compared;
  if (profileA === profileB) return 'Both profiles are the same.';
  if (effects.length === 0) return 'No fix changes anything in this run.';
  const isFixing = profileA === 'hummingbot';
  const title = isFixing ? 'What each fix does alone' : 'What leaving out each fix alone does';
  const room = Math.max(24, width - 48);
  const lines = effects.map(({ fix }) => wrapped(FIXES[fix], room).map((line) => line.trim()));
  // A long sentence goes on in rows of its own.
  const rows = lines.flatMap((texts, i) =>
    texts.map((text, line) => ({ effect: line === 0 ? effects[i]! : undefined, text })),
  );
  const table = textTable(
    [
      { heading: 'Fix', align: 'left', priority: 0, cells: rows.map(({ effect }) => effect?.fix ?? '') },
      {
        heading: 'P&L',
        align: 'right',
        priority: 0,
        cells: rows.map(({ effect }) => (effect === undefined ? '' : signedMoney(effect.netPnlQuoteChange))),
        paint: (padded, row) => paintSigned(padded, rows[row]!.effect?.netPnlQuoteChange, color),
      },
      {
        heading: 'Executors',
        align: 'right',
        priority: 1,
        cells: rows.map(({ effect }) => (effect === undefined ? '' : formatCount(effect.executorsChanged))),
      },
      {
        heading: isFixing ? 'How it is then' : 'How it is no longer',
        align: 'left',
        priority: 2,
        cells: rows.map(({ text }) => text),
      },
    ],
    { width, color },
  );
  const idle = (Object.keys(FIXES) as FixName[]).filter((fix) => !effects.some((effect) => effect.fix === fix));
  const without = idle.length === 0 ? [] : wrapped(`Without effect here: ${idle.join(', ')}.`, width);
  const sum = wrapped(
    'Effects do not add up: each fix changes what can happen next. Executors counts those that the fix adds, removes or changes.',
    width,
  );
  return [bold(title, color), table, ...[...sum, ...without].map((line) => dim(line, color))].join('\n');
}

const signedMoney = (value: number): string => `${value > 0 ? '+' : ''}${formatMoney(value)}`;

function executorsText({ compared }: FinishedDiff, { limit, sort }: DiffTextOptions, output: TextOutput): string {
  const { color, columns: width } = output;
  const { executors, executorsSame } = compared;
  const count = (kind: ExecutorDiff['kind']): string =>
    formatCount(executors.filter((one) => one.kind === kind).length);
  const heading = bold(`Executors that differ (${formatCount(executors.length)})`, color);
  const sentence = `${formatCount(executorsSame)} are the same; ${count('changed')} end differently, ${count('only-a')} only a has, ${count('only-b')} only b has.`;
  const moved =
    executors.some(({ kind }) => kind === 'only-a') && executors.some(({ kind }) => kind === 'only-b')
      ? ' One that is created minutes later counts once in each.'
      : '';
  const shown = orderedExecutors(executors, sort).slice(0, limit);
  if (shown.length === 0) return `${heading}\n${sentence}${moved}`;
  const rest = executors.length - shown.length;
  const more = rest > 0 ? [dim(`and ${formatCount(rest)} more: --limit, or --out diff.csv`, color)] : [];
  const order = sort === 'change' && executors.length > 1 ? ' The largest changes first:' : '';
  return [heading, ...wrapped(sentence + moved + order, width), executorsTable(shown, output), ...more].join('\n');
}

function executorsTable(shown: readonly ExecutorDiff[], { color, columns: width }: TextOutput): string {
  const left = (heading: string, priority: number, read: (one: ExecutorDiff) => string): TextColumn => ({
    heading,
    align: 'left',
    priority,
    cells: shown.map(read),
  });
  const right = (heading: string, priority: number, read: (one: ExecutorDiff) => string): TextColumn => ({
    ...left(heading, priority, read),
    align: 'right',
  });
  const hasLevels = shown.some(({ levelId }) => levelId !== null);
  const of = (name: 'a' | 'b'): TextColumn[] => [
    left(name, 0, (one) => endText(one[name])),
    right(`${name} exit at`, 4, (one) => (isFilled(one[name]) ? figureText(one[name]!.closePrice) : '')),
    right(`${name} P&L`, 1, (one) => (one[name] === null ? '' : formatMoney(one[name]!.netPnlQuote))),
  ];
  return textTable(
    [
      left('Created', 0, ({ createdMs }) => formatTime(createdMs)),
      left('Side', 0, ({ isLong }) => (isLong ? 'long' : 'short')),
      ...(hasLevels ? [left('Level', 3, ({ levelId }) => levelId ?? '')] : []),
      ...of('a'),
      ...of('b'),
      {
        ...right('Change', 0, ({ netPnlQuoteChange }) => signedMoney(netPnlQuoteChange)),
        paint: (padded, row) => paintSigned(padded, shown[row]!.netPnlQuoteChange, color),
      },
      left('Because of', 2, ({ causes }) => causesText(causes)),
    ],
    { width, color },
  );
}

const isFilled = (executor: ExecutorRecord | null): boolean => executor !== null && executor.fillBar >= 0;

function endText(executor: ExecutorRecord | null): string {
  if (executor === null) return '–';
  const end = executor.closeType.toLowerCase().replaceAll('_', ' ');
  return isFilled(executor) ? end : `no fill, ${end}`;
}

/** Without a single cause, what happened before to other executors decides, or several fixes only together. */
const causesText = (causes: readonly FixName[]): string =>
  causes.length === 0
    ? 'several together, or what came before'
    : causes.length <= 3
      ? causes.join(', ')
      : `${causes.slice(0, 3).join(', ')} and ${causes.length - 3} more`;
