// Reads the text format of Prometheus (0.0.4) and refuses whatever a scraper could refuse.
import { expect } from 'vitest';

export interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ReadSample[];
}

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(\\{.*\\})? (\\S+)$`);
const NUMBER = /^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]Inf|NaN)$/;

/** Families by name. Fails the test that calls it on the first line that is not as it must be. */
export function readPrometheus(text: string): ReadonlyMap<string, ReadFamily> {
  expect(text.endsWith('\n'), 'the last line ends').toBe(true);
  const families = new Map<string, { name: string; type: string; help: string; samples: ReadSample[] }>();
  let current: { name: string; type: string; help: string; samples: ReadSample[] } | undefined;
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line);
    if (meta !== null) {
      const [, kind, name = '', rest = ''] = meta;
      if (kind === 'HELP') {
        expect(families.has(name), `one family ${name}`).toBe(false);
        expect(rest, line).not.toMatch(/\\(?![\\n])/);
        current = { name, type: '', help: rest, samples: [] };
        families.set(name, current);
      } else {
        expect([current?.name, current?.type, current?.samples.length], line).toEqual([name, '', 0]);
        expect(['counter', 'gauge', 'histogram', 'summary', 'untyped'], line).toContain(rest);
        current!.type = rest;
      }
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null) expect.fail(`no sample: ${line}`);
    const [, name = '', labelText, number = ''] = sample;
    expect(number, line).toMatch(NUMBER);
    expect(namesOf(current!), line).toContain(name);
    const labels = labelText === undefined ? {} : readLabels(labelText, line);
    const series = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    expect(seen.has(series), `one sample of ${series}`).toBe(false);
    seen.add(series);
    const value = number.endsWith('Inf') ? Number(number.replace('Inf', 'Infinity')) : Number(number);
    current!.samples.push({ name, labels, value });
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

const namesOf = ({ name, type }: ReadFamily): string[] =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];

/** Escapes are of backslash, quote and line break only. */
function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let at = 1;
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|\}$)/y;
  for (;;) {
    label.lastIndex = at;
    const found = label.exec(text);
    if (found === null) expect.fail(`no labels: ${line}`);
    const [, name = '', value = '', end] = found;
    expect(Object.hasOwn(labels, name), `${name} once in ${line}`).toBe(false);
    labels[name] = value.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign));
    at = label.lastIndex;
    if (end !== ',') return labels;
  }
}

function checkFamily({ name, type, help, samples }: ReadFamily): void {
  expect([name, type === '', help === ''], 'type and help').toEqual([name, false, false]);
  if (type === 'counter') {
    expect(name, 'counters are named so').toMatch(/_total$/);
    for (const { value } of samples) expect(value >= 0, name).toBe(true);
  }
  if (type !== 'histogram') return;
  const series = new Map<string, { le: number; value: number }[]>();
  const withoutLe = ({ le: _, ...rest }: Readonly<Record<string, string>>): string =>
    JSON.stringify(Object.entries(rest).sort());
  for (const { name: own, labels, value } of samples) {
    if (own !== `${name}_bucket`) continue;
    const buckets = series.get(withoutLe(labels)) ?? [];
    buckets.push({ le: labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']), value });
    series.set(withoutLe(labels), buckets);
  }
  for (const [key, buckets] of series) {
    const of = (ending: string): number | undefined =>
      samples.find(({ name: own, labels }) => own === `${name}_${ending}` && withoutLe(labels) === key)?.value;
    const bounds = buckets.map(({ le }) => le);
    const counts = buckets.map(({ value }) => value);
    expect(bounds, key).toEqual(bounds.toSorted((a, b) => a - b));
    expect(counts, key).toEqual(counts.toSorted((a, b) => a - b));
    expect([bounds.at(-1), counts.at(-1)], key).toEqual([Number.POSITIVE_INFINITY, of('count')]);
    expect(of('sum'), key).toBeTypeOf('number');
  }
}
