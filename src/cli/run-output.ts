// What a person reads after one backtest: head, metrics, equity, trades.
import { METRIC_NAMES, METRICS } from '../metrics/metrics.ts';
import { formatCount, formatDuration, formatMoney, formatParameter, isDateOnly } from '../report/format.ts';
import { reportMetrics } from '../report/metric-notes.ts';
import { brailleChart } from '../report/sparkline.ts';
import { keyValueTable, metricsTable, tradesTable } from '../report/terminal.ts';
import { bold, dim, type TextColumn, textTable } from '../report/text-table.ts';
import { runsControllers } from '../runs/execution-words.ts';
import { whyIdle } from '../runs/idle-controller.ts';
import { figuresOf } from '../runs/profile-figures.ts';
import type { FinishedRun } from '../runs/single-run.ts';
import { dataJson, executionJson } from '../runs/sweep-run.ts';
import type { ProfileMetrics } from '../sweep/profile-metrics.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import type { TextOutput } from './host.ts';
import { resultHead, wrapped } from './sweep-output.ts';

const CHART_HEIGHT = 8;
/** Characters that two columns of a summary take. */
const TWO_COLUMNS_MIN = 84;

const RUINED = 'RUINED: equity fell to zero and the run ended there.';
const RUINED_CONTROLLER =
  'RUINED: equity fell to zero. A controller knows no margin call and went on; ratios of returns have no value.';

export interface RunTextOptions {
  readonly tradesMax: number;
  readonly withChart: boolean;
}

export function runText(finished: FinishedRun, options: RunTextOptions, output: TextOutput): string {
  const { execution, loadedWindow, loadedStrategy, run, row, elapsedMs } = finished;
  const { color, columns: width } = output;
  const { candles } = loadedWindow.window;
  const data = dataJson(loadedWindow, {});
  const json = executionJson({ ...execution, profile: execution.profile.name });
  const variant = [...Object.entries(row.params), ...Object.entries(row.risk)]
    .map(([name, value]) => `${name} ${formatParameter(value)}`)
    .join(', ');
  const isController = runsControllers(json);
  // A controller has a dozen numbers: too many for a title.
  const title = `${loadedStrategy?.strategy.name ?? 'signals'}${variant === '' || isController ? '' : ` (${variant})`}`;
  const numbers = isController && variant !== '' ? `${paragraph(`with ${variant}`, output)}\n` : '';
  const parts = [
    `${resultHead(title, data, candles.barCount, json, execution.profile.assumption, output)}${numbers}`,
    metricsTable(run.metrics, reportMetrics(METRIC_NAMES.map((name) => METRICS[name])), { width, color }),
  ];
  if (isController && run.profileMetrics !== undefined) parts.push(summaryText(run.profileMetrics, execution, output));
  if (run.simulation.ruined) parts.push(isController ? RUINED_CONTROLLER : RUINED);
  if (options.withChart) parts.push(equityChart(run.simulation.equity, output));
  parts.push(tradeList(finished, options.tradesMax, output));
  parts.push(
    `Simulated in ${formatDuration(elapsedMs)}. Candles read in ${formatDuration(loadedWindow.loaded.loadMs)}.`,
  );
  return `${parts.join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`;
}

const paragraph = (text: string, { color, columns }: TextOutput): string =>
  wrapped(text, columns)
    .map((line) => dim(line, color))
    .join('\n');

/** The peer's own summary, in two columns of names and values. */
function summaryText(metrics: ProfileMetrics, { profile }: ExecutionRequest, { color, columns }: TextOutput): string {
  const figures = figuresOf(metrics);
  const heading = `${bold(`Hummingbot's summary (${profile.name})`, color)}\n`;
  if (columns < TWO_COLUMNS_MIN) return heading + keyValueTable(figures, { width: columns, color });
  const half = Math.ceil(figures.length / 2);
  const column = (from: number, to: number): TextColumn[] => {
    const part = figures.slice(from, to);
    return [
      { heading: '', align: 'left', priority: from === 0 ? 0 : 1, cells: part.map(({ label }) => label) },
      { heading: '', align: 'right', priority: from === 0 ? 0 : 1, cells: part.map(({ value }) => value) },
    ];
  };
  const gap: TextColumn = { heading: ' ', align: 'left', priority: 1, cells: [] };
  const table = textTable([...column(0, half), gap, ...column(half, figures.length)], { width: columns, color });
  const lines = table.split('\n').slice(2);
  return heading + lines.join('\n');
}

function equityChart(equity: Float64Array, { columns, color }: TextOutput): string {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of equity) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const labels = [formatMoney(high), formatMoney(low)];
  const gutter = Math.max(...labels.map((label) => label.length));
  const lines = brailleChart(equity, Math.max(20, Math.min(columns, 120) - gutter - 2), CHART_HEIGHT);
  return lines
    .map((line, index) => {
      const label = index === 0 ? labels[0]! : index === lines.length - 1 ? labels[1]! : '';
      return `${dim(label.padStart(gutter), color)}  ${line}`;
    })
    .join('\n');
}

function tradeList(
  { run, row, loadedWindow, loadedStrategy }: FinishedRun,
  tradesMax: number,
  output: TextOutput,
): string {
  const { columns: width, color } = output;
  const isController = loadedStrategy?.strategy.program?.kind === 'controller';
  const { trades } = run.simulation;
  const { candles } = loadedWindow.window;
  const shown = trades.slice(0, tradesMax);
  const heading = bold(`Trades (${formatCount(trades.length)})`, color);
  if (tradesMax === 0) return heading;
  const table = tradesTable(shown, (bar) => candles.time[bar]!, {
    width,
    color,
    dateOnly: isDateOnly(candles.timeframe),
  });
  const rest = trades.length - shown.length;
  const reason = trades.length === 0 && isController ? whyIdle(row.params, loadedWindow.window.history) : undefined;
  if (reason !== undefined) return `${heading}\n${table}\n${paragraph(reason, output)}`;
  const more = rest > 0 ? `\n${dim(`and ${formatCount(rest)} more: --trades all, or --json`, color)}` : '';
  return `${heading}\n${table}${more}`;
}
