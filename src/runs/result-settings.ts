// The settings of a stored result by name, as texts that can be held against those of another.
import { canonicalJson, type Json } from '../core/hash.ts';
import { isMany, type ManyRecord } from './many-record.ts';
import { valuesText } from './report-of-record.ts';
import type { DataJson, ResultRecord } from './result-record.ts';
import type { WindowBounds } from './window-selection.ts';

/** Whatever a result depends on, its place on the disk left out. Settings that are not there have no member. */
export function settingTexts(record: ResultRecord | ManyRecord): Record<string, string> {
  const { engineVersion, strategy, execution, grid, rankedBy, preselect, study } = record;
  const settings: Record<string, Json | undefined> = {
    'engine version': engineVersion,
    strategy: strategy.name,
    'strategy hash': strategy.hash,
    ...(isMany(record) ? marketsOf(record) : marketOf(record)),
    profile: record.profile,
    ...flat('execution', withoutProfile(execution)),
    ...axesOf(grid.parameters),
    ...axesOf(grid.risk),
    sample: grid.sample ?? undefined,
    seed: grid.sample === null && study === undefined ? undefined : grid.seed,
    offset: grid.offset ?? undefined,
    limit: grid.limit ?? undefined,
    where: grid.where.map(({ metric, operator, value }) => `${metric} ${operator} ${value}`).join(', ') || undefined,
    'ranked by': [rankedBy, ...(isMany(record) ? [] : record.alsoRankedBy)].join(', '),
    across: isMany(record) ? record.across : undefined,
    preselect: Object.keys(grid.risk).length > 0 ? preselect : undefined,
    study: study === undefined ? undefined : `${study.mode}, seed ${study.seed}: ${study.objectives.join('; ')}`,
  };
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, textOf(value)]])),
  );
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : canonicalJson(value));

const axesOf = (axes: Readonly<Record<string, readonly number[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(axes).map(([name, values]) => [`axis ${name}`, axisText(values)]));

/** The sum tells long axes apart whose ends and number are equal. */
function axisText(values: readonly number[]): string {
  const shown = valuesText(values);
  const sum = values.reduce((total, value) => total + value, 0);
  return values.length <= 6 ? shown : `${shown}, sum ${Number(sum.toPrecision(12))}`;
}

function marketOf({ data, dataHash, bars }: ResultRecord): Record<string, Json | undefined> {
  return {
    market: data.label,
    timeframe: data.timeframe,
    ...boundsOf(data),
    'first bar': data.firstBar,
    'last bar': data.lastBar,
    bars,
    'bars before': data.barsBefore,
    'candles hash': dataHash,
    policies: policiesOf(data.policies),
  };
}

function marketsOf({ markets, cells, timeframe, policies }: ManyRecord): Record<string, Json | undefined> {
  return {
    markets: markets.map(({ market }) => market).join(', '),
    timeframe,
    windows: [...new Set(cells.map(({ window }) => window))].join(', '),
    cells: cells.length,
    'candles hash': cells.map(({ dataHash }) => dataHash.slice(0, 16)).join(' '),
    policies: policiesOf(policies),
  };
}

const boundsOf = ({ from, to, coldStart }: WindowBounds): Record<string, Json | undefined> => ({
  from: from === undefined ? undefined : new Date(from).toISOString(),
  to: to === undefined ? undefined : new Date(to).toISOString(),
  'cold start': coldStart || undefined,
});

const policiesOf = (policies: DataJson['policies']): Json | undefined =>
  Object.keys(policies).length === 0 ? undefined : (policies as unknown as Json);

const withoutProfile = ({ profile: _, ...execution }: ResultRecord['execution']): Json =>
  JSON.parse(JSON.stringify(execution)) as Json;

/** `execution.costs.feeRate` and so on, one member per number or word. */
function flat(prefix: string, value: Json): Record<string, Json> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return { [prefix]: value };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, member]) => (member === undefined ? {} : flat(`${prefix}.${name}`, member))),
  );
}
