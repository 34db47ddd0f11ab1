// What a person reads after a sweep over many cells: what was swept, the ranking across, the best row cell by cell.
import { formatCount, formatDuration, formatTime, plainText } from '../report/format.ts';
import { variantText } from '../report/many-rows.ts';
import { metricPhrase, rankingSentence } from '../report/many-words.ts';
import { acrossTable, cellsTable, type ManyTableOptions, marketsTable } from '../report/terminal-many.ts';
import { bold } from '../report/text-table.ts';
import { cellLabels, type ManyRecord, windowsPerMarket } from '../runs/many-record.ts';
import type { TextOutput } from './host.ts';
import { assumptionLines, partialText, wrapped } from './sweep-output.ts';

/** Cells of the best row that are listed; --json has all. */
const CELLS_MAX = 30;

/** Head, rankings and times. */
export function manyText(record: ManyRecord, output: TextOutput): string {
  const lines = closingLines(record).flatMap((line) => wrapped(line, output.columns));
  return `${manyHeadAndTables(record, output)}\n\n${lines.join('\n')}\n`;
}

export function manyHeadAndTables(record: ManyRecord, output: TextOutput): string {
  const { color, columns: width } = output;
  const { rankedBy, across, top, cells, markets } = record;
  const options: ManyTableOptions = { width, color, rankedBy, across };
  const parts = [head(record, output), acrossTable(top, cells, cellLabels(record), options)];
  if (record.partial !== null && record.study === undefined) parts.push(partialText(record, output));
  const best = top[0];
  if (best !== undefined) {
    const rest = cells.length - CELLS_MAX;
    const more = rest > 0 ? `\nand ${formatCount(rest)} more cells; --json has all` : '';
    const title = bold(`Row 1 (${plainText(variantText(best))}) in each cell`, color);
    parts.push(`${title}\n${cellsTable(best, cells.slice(0, CELLS_MAX), options)}${more}`);
    if (markets.length > 1 && windowsPerMarket(record) > 1) {
      parts.push(`${bold('The best of each market', color)}\n${marketsTable(markets, options)}`);
    }
  }
  return parts.join('\n\n');
}

function head(record: ManyRecord, output: TextOutput): string {
  const { color, columns } = output;
  const { markets, cells, strategy, timeframe, rankedBy, across, grid } = record;
  const windows = windowsPerMarket(record);
  const count = markets.length === 1 ? markets[0]!.market : `${markets.length} markets`;
  const title = `${count}${windows === 1 ? '' : ` in ${windows} windows`}, ${timeframe}`;
  const first = cells.slice(0, windows);
  const listed =
    windows === 1
      ? [`Markets: ${cells.map((cell) => `${cell.market} ${barsText(cell)}`).join(', ')}`]
      : [
          ...(markets.length === 1 ? [] : [`Markets: ${markets.map(({ market }) => market).join(', ')}`]),
          `Windows: ${first.map(({ window }, i) => `${i + 1} = ${window}`).join(', ')}`,
        ];
  const quality = markets.flatMap((market) => market.quality.map((line) => `${market.market}: ${line}`));
  const synthetic = markets.some((market) => market.synthetic);
  return [
    `${bold(strategy.name, color)} on ${bold(title, color)}`,
    ...listed.flatMap((line) => wrapped(line, columns)),
    ...assumptionLines(record.execution, record.assumption, { quality, synthetic }, output),
    ...wrapped(rankingSentence({ rankedBy, across, cells: cells.length, where: grid.where }), columns),
  ].join('\n');
}

const barsText = ({ firstBar, lastBar, bars }: ManyRecord['cells'][number]): string => {
  const day = (iso: string): string => formatTime(Date.parse(iso), true);
  return `${day(firstBar)} to ${day(lastBar)} (${formatCount(bars)} bars)`;
};

function closingLines(record: ManyRecord): string[] {
  const { scored, variants, elapsedMs, loadMs, cells, excluded, undefinedScores, top, rankedBy, partial } = record;
  const tests = scored * cells.length;
  const rate = elapsedMs > 0 ? `, ${formatCount(Math.round((tests / elapsedMs) * 1_000))} per second` : '';
  const of = partial !== null || scored < variants ? ` of ${formatCount(variants)}` : '';
  const allGained = top.filter((row) => row.profitable === 1).length;
  const lines = [
    `Of the ${formatCount(top.length)} rows ${allGained === 0 ? 'none' : formatCount(allGained)} gained in every cell.`,
  ];
  if (excluded > 0) lines.push(`${formatCount(excluded)} variants fail a condition of --where in some cell.`);
  if (undefinedScores > 0) {
    lines.push(
      `${formatCount(undefinedScores)} variants have no ${metricPhrase(rankedBy)} in some cell, such as one without trades or losses, and rank last.`,
    );
  }
  lines.push(
    `Scored ${formatCount(scored)}${of} variants in each of ${cells.length} cells, ${formatCount(tests)} back-tests, in ${formatDuration(elapsedMs)}${rate}. Candles read in ${formatDuration(loadMs)}.`,
  );
  return top.length === 0 ? lines.slice(1) : lines;
}
