// Counters, gauges and histograms in the text format that Prometheus reads.

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Cumulative: `counts[i]` are the values up to `bounds[i]`, the last one all. */
export interface Histogram {
  observe(labels: Labels, value: number): void;
  samples(): Iterable<readonly [Labels, { readonly counts: readonly number[]; readonly sum: number }]>;
}

/** Combinations of labels of one histogram; later ones are counted together under the label `other`. */
const SERIES_MAX = 500;

/** `bounds` rise. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const series = new Map<string, { readonly labels: Labels; readonly counts: number[]; sum: number }>();
  return {
    observe(labels, value) {
      let own = labels;
      let key = labelText(labels);
      if (!series.has(key) && series.size >= SERIES_MAX) {
        own = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']));
        key = labelText(own);
      }
      const found = series.get(key) ?? { labels: own, counts: new Array(bounds.length + 1).fill(0), sum: 0 };
      series.set(key, found);
      for (let i = bounds.length; i >= 0 && (i === bounds.length || value <= bounds[i]!); i--) found.counts[i]!++;
      found.sum += value;
    },
    samples: function* () {
      for (const { labels, counts, sum } of series.values()) yield [labels, { counts, sum }];
    },
  };
}

/** One family after the other; what was taken is text() of it. */
export class Exposition {
  readonly #lines: string[] = [];

  gauge(name: string, help: string, value: number | null | readonly Sample[]): void {
    this.#family(name, help, 'gauge', value);
  }

  counter(name: string, help: string, value: number | readonly Sample[]): void {
    this.#family(name, help, 'counter', value);
  }

  histogram(name: string, help: string, bounds: readonly number[], histogram: Histogram): void {
    this.#head(name, help, 'histogram');
    for (const [labels, { counts, sum }] of histogram.samples()) {
      for (const [i, count] of counts.entries()) {
        const le = i === bounds.length ? '+Inf' : String(bounds[i]);
        this.#lines.push(`${name}_bucket${labelText({ ...labels, le })} ${count}`);
      }
      this.#lines.push(`${name}_sum${labelText(labels)} ${sum}`, `${name}_count${labelText(labels)} ${counts.at(-1)}`);
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  /** What has no value yet is left out. */
  #family(name: string, help: string, type: string, value: number | null | readonly Sample[]): void {
    this.#head(name, help, type);
    const samples = typeof value === 'number' ? [{ value }] : (value ?? []);
    for (const sample of samples)
      this.#lines.push(`${name}${labelText(sample.labels ?? {})} ${numberText(sample.value)}`);
  }

  #head(name: string, help: string, type: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }
}

/** Infinities have names of their own. */
const numberText = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);

function labelText(labels: Labels): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  const escaped = (value: string): string => value.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`));
  return `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}
