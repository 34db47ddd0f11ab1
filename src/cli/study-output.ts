// What a person reads after a study: the ranking, the objective and what was held out, how much was tried, what failed.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import {
  formatCount,
  formatDuration,
  formatMetric,
  formatParameter,
  formatPercent,
  formatTime,
  plainText,
} from '../report/format.ts';
import { rightColumn } from '../report/terminal.ts';
import { bold, type TextColumn, textTable } from '../report/text-table.ts';
import { isMany, type ManyRecord } from '../runs/many-record.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import type { StudyJson } from '../runs/study-json.ts';
import type { TextOutput } from './host.ts';
import { wrapped } from './sweep-output.ts';

/** Rows of the table of objectives; --json has all. */
const ROWS_MAX = 20;

/** What follows the tables of any result that a study left. */
export function studyParts(record: ResultRecord | ManyRecord, study: StudyJson, output: TextOutput): string {
  const { color, columns } = output;
  const parts: string[] = [];
  const isPlain = study.objectives.every((text) => Object.hasOwn(METRICS, text));
  if (record.top.length > 0 && (!isPlain || study.holdout !== null)) {
    parts.push(`${bold(objectiveTitle(study), color)}\n${objectiveTable(record, study, output)}`);
  }
  if (study.parameters.length > 0 && study.ranked >= 20) {
    parts.push(`${bold('Where the best tenth of the trials lies', color)}\n${parametersTable(study, output)}`);
  }
  parts.push(
    closingLines(record, study)
      .flatMap((line) => wrapped(line, columns))
      .join('\n'),
  );
  return parts.join('\n\n');
}

const objectiveTitle = ({ holdout, objectives }: StudyJson): string =>
  holdout === null
    ? `Objective: ${objectives.join('; ')}`
    : `Objective: ${objectives.join('; ')}; and on the ${formatPercent(holdout.share, 0)} held out, ${day(holdout.from)} to ${day(holdout.to)}`;

const day = (iso: string): string => formatTime(Date.parse(iso), true);

function objectiveTable(record: ResultRecord | ManyRecord, study: StudyJson, { color, columns }: TextOutput): string {
  const rows = study.rows.slice(0, Math.min(ROWS_MAX, record.top.length));
  const names = study.objectives.map((text, o) =>
    Object.hasOwn(METRICS, text)
      ? METRICS[text as MetricName].label
      : study.objectives.length === 1
        ? 'Objective'
        : `Objective ${o + 1}`,
  );
  const table: TextColumn[] = [
    rightColumn(
      '#',
      rows.map((_, i) => String(i + 1)),
      0,
    ),
    rightColumn(
      'Trial',
      rows.map(({ trial }) => formatCount(trial)),
      3,
    ),
    ...names.map((name, o) =>
      rightColumn(
        name,
        rows.map(({ values }) => valueText(study, o, values[o]!)),
        0,
      ),
    ),
  ];
  const { holdout } = study;
  if (holdout !== null) {
    const held = holdout.rows.slice(0, rows.length);
    table.push(
      ...names.map((name, o) =>
        rightColumn(
          `${name} held out`,
          held.map(({ values }) => valueText(study, o, values[o]!)),
          0,
        ),
      ),
    );
    for (const name of ['totalReturn', 'maxDrawdown', 'trades'] as const) {
      const { label, unit } = METRICS[name];
      if (study.objectives.includes(name)) continue;
      const heading = `${label} held out`;
      table.push(
        rightColumn(
          heading,
          held.map(({ metrics }) => formatMetric(middle(metrics.map((one) => one?.[name] ?? null)), unit)),
          2,
        ),
      );
    }
  }
  return textTable(table, { width: columns, color });
}

/** The median over the markets. */
function middle(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0 || known.length < values.length) return null;
  const half = known.length >> 1;
  return known.length % 2 === 1 ? known[half]! : (known[half - 1]! + known[half]!) / 2;
}

export function valueText({ objectives }: Pick<StudyJson, 'objectives'>, o: number, value: number | null): string {
  const text = objectives[o]!;
  return formatMetric(value, Object.hasOwn(METRICS, text) ? METRICS[text as MetricName].unit : 'ratio');
}

/** Of the axes that vary: what is held fixed is said in the head. */
export function parametersTable(study: Pick<StudyJson, 'parameters'>, { color, columns }: TextOutput): string {
  const parameters = study.parameters.filter(({ low, high }) => low < high);
  const number = (value: number): string => formatParameter(value);
  return textTable(
    [
      { heading: 'Parameter', align: 'left', cells: parameters.map(({ name }) => plainText(name)), priority: 0 },
      rightColumn(
        'From',
        parameters.map(({ bestLow }) => number(bestLow)),
        0,
      ),
      rightColumn(
        'Median',
        parameters.map(({ bestMedian }) => number(bestMedian)),
        1,
      ),
      rightColumn(
        'To',
        parameters.map(({ bestHigh }) => number(bestHigh)),
        0,
      ),
      rightColumn(
        'Searched',
        parameters.map(({ low, high }) => `${number(low)}..${number(high)}`),
        2,
      ),
      rightColumn(
        'Explains',
        parameters.map(({ importance }) => (importance === null ? '-' : formatPercent(importance, 0))),
        1,
      ),
    ],
    { width: columns, color },
  );
}

function closingLines(record: ResultRecord | ManyRecord, study: StudyJson): string[] {
  const { elapsedMs, loadMs, resultHash, partial, top } = record;
  const { name, mode, seed, done, ranked, failed, infeasible, beyondGap, points, failures, holdout } = study;
  const rate = elapsedMs > 0 ? `, ${formatCount(Math.round((done / elapsedMs) * 1_000))} per second` : '';
  const onWhole = ranked < done ? `, ${formatCount(ranked)} of them on the whole window,` : '';
  const lines = [
    `Study ${name}: ${mode}, seed ${seed}. ${formatCount(done)} trials${onWhole} in ${formatDuration(elapsedMs)}${rate}; the space has ${countText(points)} points. Candles read in ${formatDuration(loadMs)}.`,
  ];
  if (study.ended !== null) lines.push(ENDED[study.ended]);
  if (partial !== null) {
    const why = partial === 'deadline' ? 'the deadline' : 'an interrupt';
    const gap =
      beyondGap > 0 ? `; ${formatCount(beyondGap)} that ended out of turn are kept for later and not counted` : '';
    lines.push(
      `PARTIAL: stopped by ${why}; ranking and hash hold the first ${formatCount(done)} trials in order${gap}.`,
    );
  }
  if (infeasible > 0)
    lines.push(`${formatCount(infeasible)} trials missed a condition of --where, and are not ranked.`);
  if (failed > 0) {
    const shown = failures.map(
      ({ params, risk, code, error }) =>
        `  ${JSON.stringify({ ...params, ...risk })}: ${code}: ${plainText(error).slice(0, 200)}`,
    );
    lines.push(
      `${failed === 1 ? '1 trial failed, and is' : `${formatCount(failed)} trials failed, and are`} not ranked; the first:`,
      ...shown,
    );
  }
  if (top.length > 0) {
    lines.push(
      holdout === null
        ? `The best of ${formatCount(ranked)} is partly luck: --holdout 20% shows the rows on candles that the search has not seen.`
        : `The rows were chosen among ${formatCount(ranked)} without the candles held out; what they come to there is the fairer number.`,
    );
  }
  lines.push(`Study hash ${resultHash}`);
  return lines;
}

const ENDED = {
  patience: 'Ended by --patience: nothing better for long.',
  target: 'Ended by --target: good enough.',
  exhausted: 'Ended because every point that the constraint allows was tried.',
} as const;

const countText = (points: number): string => (points < 1e9 ? formatCount(points) : points.toExponential(1));

/** Tables of the rows as any result has them, then what is particular to a study. */
export async function studyText(
  record: ResultRecord | ManyRecord,
  study: StudyJson,
  output: TextOutput,
): Promise<string> {
  if (isMany(record)) {
    const { manyHeadAndTables } = await import('./many-output.ts');
    return `${manyHeadAndTables(record, output)}\n\n${studyParts(record, study, output)}\n`;
  }
  const { sweepHeadAndTable } = await import('./sweep-output.ts');
  return `${sweepHeadAndTable(record, output)}\n${studyParts(record, study, output)}\n`;
}
