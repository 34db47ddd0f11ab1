// What a person reads after a sweep: market, assumptions, the ranked table, times, and what to do next.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { formatCount, formatDuration, formatMoney, formatTime } from '../report/format.ts';
import { reportMetrics } from '../report/metric-notes.ts';
import { rankedTable } from '../report/terminal.ts';
import { bold, dim } from '../report/text-table.ts';
import { instrumentText, runsControllers } from '../runs/execution-words.ts';
import { fixedText, withVariedParameters } from '../runs/fixed-parameters.ts';
import type { ExecutionJson, ResultRecord } from '../runs/result-record.ts';
import type { TextOutput } from './host.ts';

/** What a ranked table shows besides the metric rows are ranked by; --json has all of them. */
const TABLE_METRICS: readonly MetricName[] = [
  'totalReturn',
  'maxDrawdown',
  'sharpe',
  'trades',
  'winRate',
  'profitFactor',
  'exposure',
  'averageTrade',
];

/** Sentences about candles that are shown; the rest is counted. */
const QUALITY_LINES_MAX = 4;

export interface Market {
  readonly label: string;
  readonly timeframe: string;
  readonly firstBar: string;
  readonly lastBar: string;
  readonly synthetic: boolean;
  readonly quality: readonly string[];
}

/** The head of every result: strategy, market, window, assumptions, what was found in the candles. */
export function resultHead(
  strategy: string,
  market: Market,
  bars: number,
  execution: ExecutionJson,
  assumption: string,
  output: TextOutput,
): string {
  const { color } = output;
  const time = (iso: string): string => formatTime(Date.parse(iso));
  const lines = [
    `${bold(strategy, color)} on ${bold(`${market.label}, ${market.timeframe}`, color)}`,
    `${time(market.firstBar)} to ${time(market.lastBar)} UTC, ${formatCount(bars)} bars`,
    ...assumptionLines(execution, assumption, market, output),
  ];
  return `${lines.join('\n')}\n`;
}

/** How orders fill and what they cost, what was found in the candles, and what makes the numbers unreal. */
export function assumptionLines(
  execution: ExecutionJson,
  assumption: string,
  { quality, synthetic }: Pick<Market, 'quality' | 'synthetic'>,
  { color, columns }: TextOutput,
): string[] {
  const lines = [
    ...wrapped(`${execution.profile}: ${assumption}`, columns),
    ...wrapped(executionLine(execution), columns),
    ...qualityNotes(quality, columns),
    ...(isFree(execution) ? ['No costs are assumed: --fee and --slippage make returns believable.'] : []),
  ].map((line) => dim(line, color));
  return synthetic ? [...lines, '', syntheticBanner(color)] : lines;
}

const isFree = ({ costs }: ExecutionJson): boolean => costs.feeRate + costs.fixedFee + costs.slippage === 0;

export function syntheticBanner(color: boolean): string {
  const text = ' SYNTHETIC CANDLES: made from a seed, not a market. These returns mean nothing. ';
  return color ? `\x1b[30;43m${text}\x1b[39;49m` : `!!${text}!!`;
}

function executionLine(execution: ExecutionJson): string {
  const { direction, initialCash, costs, sizing, closeAtEnd } = execution;
  if (runsControllers(execution)) {
    const capital = `capital ${formatMoney(initialCash)}, fee ${shareText(costs.feeRate)} per side, amounts and exits by the controller`;
    return `${capital}${execution.instrument === undefined ? '' : `, ${instrumentText(execution.instrument)}`}`;
  }
  const fixed = costs.fixedFee > 0 ? ` + ${formatMoney(costs.fixedFee)}` : '';
  const size =
    sizing.kind === 'equity-fraction'
      ? sizing.value > 0.999999
        ? 'all cash'
        : `${shareText(sizing.value)} of equity`
      : `${sizing.kind} ${sizing.value}`;
  return [
    direction === 'both' ? 'long and short' : `${direction} only`,
    `cash ${formatMoney(initialCash)}`,
    `fee ${shareText(costs.feeRate)}${fixed} per fill`,
    `slippage ${shareText(costs.slippage)}`,
    size,
    closeAtEnd ? 'closed at the end' : 'marked at the end',
  ].join(', ');
}

/** A share as percent without needless digits: 0.001 -> 0.1%. */
const shareText = (share: number): string => `${Number((share * 100).toPrecision(6))}%`;

function qualityNotes(quality: readonly string[], width: number): string[] {
  const shown = quality.slice(0, QUALITY_LINES_MAX);
  const rest = quality.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more notes on the candles`] : [])].flatMap((line) =>
    wrapped(`candles: ${line}`, width),
  );
}

/** Breaks at spaces; later lines are indented. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Head, ranked table and times. */
export function sweepText(record: ResultRecord, output: TextOutput): string {
  const partial = record.partial === null ? '' : `\n${partialText(record, output)}\n`;
  const lines = [timesLine(record), ...shortlistLine(record)].flatMap((line) => wrapped(line, output.columns));
  return `${sweepHeadAndTable(record, output)}${partial}\n${lines.join('\n')}\n`;
}

export function sweepHeadAndTable(record: ResultRecord, output: TextOutput): string {
  const { color, columns } = output;
  const head = resultHead(record.strategy.name, record.data, record.bars, record.execution, record.assumption, output);
  const shown = [...new Set([record.rankedBy, ...TABLE_METRICS])].map((name) => METRICS[name]);
  const table = rankedTable(withVariedParameters(record).top, reportMetrics(shown), {
    width: columns,
    color,
    rankedBy: record.rankedBy,
  });
  return `${head}${fixedLines(record, output)}\n${table}\n`;
}

/** What is the same in all variants of a controller, as one paragraph. */
export function fixedLines(record: Pick<ResultRecord, 'execution' | 'grid'>, { color, columns }: TextOutput): string {
  const text = fixedText(record);
  if (text === '') return '';
  return `${wrapped(`unchanged: ${text}`, columns)
    .map((line) => dim(line, color))
    .join('\n')}\n`;
}

export function partialText(record: Pick<ResultRecord, 'partial' | 'scored'>, { color, columns }: TextOutput): string {
  const why = record.partial === 'deadline' ? 'the deadline' : 'an interrupt';
  const sentence = `PARTIAL: stopped by ${why}; the ranking holds the ${formatCount(record.scored)} variants scored until then.`;
  const text = wrapped(sentence, columns).join('\n');
  return color ? `\x1b[33m${text}\x1b[39m` : text;
}

/** How many variants the shortlist left out, where both stages were finished. */
function shortlistLine({ grid, alsoRankedBy, preselect, partial, scored }: ResultRecord): string[] {
  const axes = Object.values(grid.risk);
  // A shortlist of several objectives may hold fewer than --preselect.
  if (axes.length === 0 || preselect === 0 || partial !== null || alsoRankedBy.length > 0) return [];
  const tried = scored - preselect * axes.reduce((points, values) => points * values.length, 1);
  if (tried <= preselect) return [];
  return [
    `${formatCount(tried - preselect)} of ${formatCount(tried)} variants were not tried with barriers (--preselect ${preselect}).`,
  ];
}

function timesLine(record: ResultRecord): string {
  const { scored, variants, elapsedMs, loadMs, downloadMs } = record;
  const rate = elapsedMs > 0 ? `, ${formatCount(Math.round((scored / elapsedMs) * 1_000))} per second` : '';
  const of = record.partial !== null || scored < variants ? ` of ${formatCount(variants)}` : '';
  const download = downloadMs === null ? '' : `, downloaded in ${formatDuration(downloadMs)}`;
  // A shortlist that everything fits in has left nothing out.
  const risk = Object.keys(record.grid.risk).length > 0 && record.preselect > 0 && scored < variants;
  const stages = risk ? ` (shortlist ${formatCount(record.preselect)})` : '';
  return (
    `Scored ${formatCount(scored)}${of} variants${stages} in ${formatDuration(elapsedMs)}${rate}. ` +
    `Candles ${record.data.synthetic ? 'made' : 'read'} in ${formatDuration(loadMs)}${download}.`
  );
}
