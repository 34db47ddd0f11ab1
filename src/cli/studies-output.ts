// Studies as tables: the list, one of them, and two side by side.
import { formatCount, formatParameter, formatPercent, formatTime, plainText } from '../report/format.ts';
import { rightColumn } from '../report/terminal.ts';
import { bold, type TextColumn, textTable } from '../report/text-table.ts';
import { bodyOf, type Difference, type StudyState, stateOf } from '../runs/study-files.ts';
import type { StoredStudy, StudyEntry } from '../store/study-store.ts';
import { asCalled } from './called-as.ts';
import type { Host, TextOutput } from './host.ts';
import { parametersTable, valueText } from './study-output.ts';

const ROWS_SHOWN = 10;
const OBJECTIVE_MAX = 30;

const left = (heading: string, cells: readonly string[], priority: number): TextColumn => ({
  heading,
  align: 'left',
  cells,
  priority,
});

export function studiesTable(entries: readonly StudyEntry[], { columns: width, color }: TextOutput): string {
  if (entries.length === 0) return 'No studies yet. gridmill optimize makes some.';
  const text = (entry: StudyEntry, name: string): string => {
    const value = entry.study?.state?.summary[name] ?? entry.study?.summary[name];
    return value === undefined || value === null
      ? ''
      : typeof value === 'number'
        ? formatCount(value)
        : plainText(String(value));
  };
  const best = (entry: StudyEntry): string => {
    const state = entry.study === undefined ? undefined : stateOf(entry.study);
    const row = state?.study.rows[0];
    return state === undefined || row === undefined ? '' : valueText(state.study, 0, row.values[0]!);
  };
  return textTable(
    [
      left(
        'Study',
        entries.map(({ name }) => plainText(name)),
        0,
      ),
      left(
        'Begun (UTC)',
        entries.map(({ study }) => (study === undefined ? '' : formatTime(study.createdAt))),
        3,
      ),
      left(
        'Strategy',
        entries.map((entry) => entry.damage ?? text(entry, 'strategy')),
        2,
      ),
      left(
        'Mode',
        entries.map((entry) => text(entry, 'mode')),
        1,
      ),
      left(
        'Market',
        entries.map((entry) => text(entry, 'markets')),
        2,
      ),
      rightColumn(
        'Trials',
        entries.map((entry) => text(entry, 'done')),
        1,
      ),
      left(
        'Objective',
        entries.map((entry) => shortened(text(entry, 'objective'))),
        1,
      ),
      rightColumn('Best', entries.map(best), 0),
      left(
        'State',
        entries.map((entry) => (entry.study === undefined ? 'damaged' : text(entry, 'status') || 'begun')),
        0,
      ),
    ],
    { width, color },
  );
}

export function studyDetails(study: StoredStudy, host: Host): string {
  const { stdout: output } = host;
  const { selection, engineVersion } = bodyOf(study);
  const state = stateOf(study);
  const budget = selection.trials === undefined ? 'no limit of trials' : `${formatCount(selection.trials)} trials`;
  const lines = [
    `${bold(study.name, output.color)}: ${selection.strategy}, ${selection.mode}, ${budget}, seed ${selection.seed}, engine ${engineVersion}`,
    `Candles: ${selection.markets.map(plainText).join(', ')}`,
  ];
  if (state === undefined) {
    lines.push(asCalled(`It has not come to a result yet: gridmill optimize --resume ${study.name}`, host));
    return lines.join('\n');
  }
  const { done, failed, infeasible } = state.study;
  lines.push(
    `${state.partial === null ? 'Finished' : `Stopped (${state.partial})`} after ${formatCount(done)} trials, ${formatCount(failed)} failed, ${formatCount(infeasible)} missed a condition`,
    `Study hash ${state.studyHash}`,
    ...(state.resultId === null
      ? []
      : [asCalled(`Result ${state.resultId}: gridmill results show ${state.resultId}`, host)]),
    '',
    bestTable(state, output),
  );
  if (state.study.parameters.length > 0)
    lines.push('', 'Where the best tenth of the trials lies', parametersTable(state.study, output));
  return lines.join('\n');
}

function bestTable({ study, top }: StudyState, { columns: width, color }: TextOutput): string {
  const rows = top.slice(0, ROWS_SHOWN);
  return textTable(
    [
      rightColumn(
        '#',
        rows.map((_, i) => String(i + 1)),
        0,
      ),
      ...study.objectives.map((text, o) =>
        rightColumn(
          shortened(text),
          rows.map(({ values }) => valueText(study, o, values[o]!)),
          0,
        ),
      ),
      left(
        'Variant',
        rows.map(({ variantKey }) => plainText(shortKey(variantKey))),
        1,
      ),
    ],
    { width, color },
  );
}

/** A long objective must not look like a shorter one. */
const shortened = (objective: string): string =>
  objective.length <= OBJECTIVE_MAX ? objective : `${objective.slice(0, OBJECTIVE_MAX - 1).trimEnd()}…`;

/** Parameters and barriers of a key, without strategy and arithmetic. */
const shortKey = (key: string): string => key.split('|').slice(2).join(' ');

export function comparisonText(
  a: StoredStudy,
  b: StoredStudy,
  differences: readonly Difference[],
  output: TextOutput,
): string {
  const { columns: width, color } = output;
  const [one, other] = [stateOf(a), stateOf(b)];
  const parts: string[] = [];
  parts.push(
    differences.length === 0
      ? `${a.name} and ${b.name} are of one request.`
      : textTable(
          [
            left(
              'Differs in',
              differences.map(({ member }) => member),
              0,
            ),
            left(
              a.name,
              differences.map((one) => plainText(one.a)),
              0,
            ),
            left(
              b.name,
              differences.map((one) => plainText(one.b)),
              0,
            ),
          ],
          { width, color },
        ),
  );
  if (one === undefined || other === undefined) {
    parts.push(`${one === undefined ? a.name : b.name} has not come to a result yet.`);
    return parts.join('\n\n');
  }
  parts.push(
    one.studyHash === other.studyHash
      ? `One hash: both hold the same trials with the same results, ${one.studyHash.slice(0, 16)}.`
      : `Hashes differ: ${one.studyHash.slice(0, 16)} and ${other.studyHash.slice(0, 16)}.`,
    rowsSideBySide(a.name, one, b.name, other, output),
    rangesSideBySide(a.name, one, b.name, other, output),
  );
  return parts.join('\n\n');
}

function rowsSideBySide(
  a: string,
  one: StudyState,
  b: string,
  other: StudyState,
  { columns: width, color }: TextOutput,
): string {
  const count = Math.min(ROWS_SHOWN, Math.max(one.top.length, other.top.length));
  const places = Array.from({ length: count }, (_, i) => i);
  const value = (state: StudyState, i: number): string =>
    state.top[i] === undefined ? '' : valueText(state.study, 0, state.top[i].values[0]!);
  const key = (state: StudyState, i: number): string =>
    state.top[i] === undefined ? '' : plainText(shortKey(state.top[i].variantKey));
  return textTable(
    [
      rightColumn(
        '#',
        places.map((i) => String(i + 1)),
        0,
      ),
      rightColumn(
        a,
        places.map((i) => value(one, i)),
        0,
      ),
      left(
        'Variant',
        places.map((i) => key(one, i)),
        1,
      ),
      rightColumn(
        b,
        places.map((i) => value(other, i)),
        0,
      ),
      left(
        'Variant',
        places.map((i) => key(other, i)),
        1,
      ),
    ],
    { width, color },
  );
}

function rangesSideBySide(
  a: string,
  one: StudyState,
  b: string,
  other: StudyState,
  { columns: width, color }: TextOutput,
): string {
  const names = [...new Set([...one.study.parameters, ...other.study.parameters].map(({ name }) => name))];
  const range = ({ study }: StudyState, name: string): string => {
    const found = study.parameters.find((parameter) => parameter.name === name);
    return found === undefined ? '' : `${formatParameter(found.bestLow)}..${formatParameter(found.bestHigh)}`;
  };
  const explains = ({ study }: StudyState, name: string): string => {
    const found = study.parameters.find((parameter) => parameter.name === name)?.importance;
    return found === undefined || found === null ? '-' : formatPercent(found, 0);
  };
  return textTable(
    [
      left('Best tenth', names.map(plainText), 0),
      rightColumn(
        a,
        names.map((name) => range(one, name)),
        0,
      ),
      rightColumn(
        'explains',
        names.map((name) => explains(one, name)),
        1,
      ),
      rightColumn(
        b,
        names.map((name) => range(other, name)),
        0,
      ),
      rightColumn(
        'explains',
        names.map((name) => explains(other, name)),
        1,
      ),
    ],
    { width, color },
  );
}
