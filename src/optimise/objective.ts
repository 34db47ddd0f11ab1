// What a study maximises: a metric in its own direction, or an expression over metrics, read by a small parser.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { METRICS, type MetricName, type Metrics } from '../metrics/metrics.ts';

export interface Objective {
  /** As it was written, without needless spaces. */
  readonly text: string;
  /** The metrics it reads, each once, in the order of the text. */
  readonly metrics: readonly MetricName[];
  /** Whether larger or smaller values are better. An expression is always to be large. */
  readonly better: 'higher' | 'lower';
  /** Metrics that the expression rewards against their direction, such as a drawdown that is added. */
  readonly against: readonly MetricName[];
  /** NaN where a metric it needs is undefined. */
  value(metrics: Metrics): number;
}

/** Higher is better, whatever the direction. */
export const scoreOf = ({ better }: Objective, value: number): number => (better === 'higher' ? value : -value);

export function metricObjective(name: MetricName): Objective {
  return {
    text: name,
    metrics: [name],
    better: METRICS[name].better,
    against: [],
    value: (metrics) => metrics[name] ?? Number.NaN,
  };
}

interface Node {
  readonly value: (metrics: Metrics) => number;
  /** A number without metrics, where known. */
  readonly constant?: number;
  /** Which way each metric moves the value; 0 where it is neither. */
  readonly slope: ReadonlyMap<MetricName, number>;
}

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(%?)|([A-Za-z_][A-Za-z_0-9]*)|([-+*/(),]))/y;

/**
 * Reads `sharpe - 0.5*maxDrawdown + 0.1*winRate`: numbers (`30%` is 0.3), metrics, + - * /, parentheses, min(a, b),
 * max(a, b). A metric alone is meant in its own direction. `metricNamed` throws for what is no metric.
 * Errors: REQUEST_INVALID.
 */
export function parseObjective(text: string, metricNamed: (name: string) => MetricName): Objective {
  if (text.length > LIMITS.objectiveCharsMax) throw invalid(text, `at most ${LIMITS.objectiveCharsMax} characters`);
  const tokens = tokensOf(text);
  const parser = new Parser(tokens, text, metricNamed);
  const root = parser.whole();
  const metrics = [...root.slope.keys()];
  if (metrics.length === 0) throw invalid(text, 'no metric');
  if (tokens.length === 1) return metricObjective(metrics[0]!);
  const against = metrics.filter((name) => root.slope.get(name)! * (METRICS[name].better === 'higher' ? 1 : -1) < 0);
  return {
    text: text.trim().replace(/\s+/g, ' '),
    metrics,
    better: 'higher',
    against,
    value(row) {
      const value = root.value(row);
      return Number.isFinite(value) ? value : Number.NaN;
    },
  };
}

interface Token {
  readonly kind: 'number' | 'name' | 'sign';
  readonly text: string;
  readonly number: number;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw invalid(text, `"${text.slice(at).trim().slice(0, 20)}" is nothing that is understood`);
    const [, digits, percent, name, sign] = match;
    if (digits !== undefined) {
      tokens.push({ kind: 'number', text: digits, number: Number(digits) / (percent === '%' ? 100 : 1) });
    } else tokens.push({ kind: name === undefined ? 'sign' : 'name', text: name ?? sign!, number: Number.NaN });
  }
  return tokens;
}

const NO_SLOPE: ReadonlyMap<MetricName, number> = new Map();

/** Precedence climbing over a list of tokens; nesting is bounded by the length of the text. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #text: string;
  readonly #metricNamed: (name: string) => MetricName;
  #at = 0;

  constructor(tokens: readonly Token[], text: string, metricNamed: (name: string) => MetricName) {
    this.#tokens = tokens;
    this.#text = text;
    this.#metricNamed = metricNamed;
  }

  whole(): Node {
    const node = this.#sum();
    if (this.#at < this.#tokens.length)
      throw invalid(this.#text, `"${this.#tokens[this.#at]!.text}" does not fit there`);
    return node;
  }

  #sum(): Node {
    let left = this.#product();
    for (;;) {
      if (this.#takes('+')) left = combined(left, this.#product(), 1);
      else if (this.#takes('-')) left = combined(left, this.#product(), -1);
      else return left;
    }
  }

  #product(): Node {
    let left = this.#factor();
    for (;;) {
      if (this.#takes('*')) left = multiplied(left, this.#factor());
      else if (this.#takes('/')) left = divided(left, this.#factor());
      else return left;
    }
  }

  #factor(): Node {
    if (this.#takes('-')) return combined(constant(0), this.#factor(), -1);
    if (this.#takes('+')) return this.#factor();
    if (this.#takes('(')) {
      const inner = this.#sum();
      this.#expect(')');
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token?.kind === 'number') return constant(token.number);
    if (token?.kind !== 'name')
      throw invalid(this.#text, token === undefined ? 'it ends too early' : `"${token.text}" does not fit there`);
    if ((token.text === 'min' || token.text === 'max') && this.#takes('(')) return this.#extreme(token.text);
    const name = this.#metricNamed(token.text);
    return { value: (metrics) => metrics[name] ?? Number.NaN, slope: new Map([[name, 1]]) };
  }

  #extreme(kind: 'min' | 'max'): Node {
    const a = this.#sum();
    this.#expect(',');
    const b = this.#sum();
    this.#expect(')');
    const choose = kind === 'min' ? Math.min : Math.max;
    return { value: (metrics) => choose(a.value(metrics), b.value(metrics)), slope: joined(a.slope, b.slope, 1) };
  }

  #takes(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) throw invalid(this.#text, `"${sign}" is missing`);
  }
}

const constant = (value: number): Node => ({ value: () => value, constant: value, slope: NO_SLOPE });

function combined(a: Node, b: Node, sign: 1 | -1): Node {
  const value = (metrics: Metrics): number => a.value(metrics) + sign * b.value(metrics);
  const known =
    a.constant === undefined || b.constant === undefined ? {} : { constant: a.constant + sign * b.constant };
  return { value, ...known, slope: joined(a.slope, b.slope, sign) };
}

function multiplied(a: Node, b: Node): Node {
  const value = (metrics: Metrics): number => a.value(metrics) * b.value(metrics);
  const known = a.constant === undefined || b.constant === undefined ? {} : { constant: a.constant * b.constant };
  return { value, ...known, slope: scaled(a, b) };
}

function divided(a: Node, b: Node): Node {
  const value = (metrics: Metrics): number => a.value(metrics) / b.value(metrics);
  const slope = b.constant === undefined ? unknownSlope(a, b) : scaled(a, b);
  return {
    value,
    ...(a.constant === undefined || b.constant === undefined ? {} : { constant: a.constant / b.constant }),
    slope,
  };
}

function scaled(a: Node, b: Node): ReadonlyMap<MetricName, number> {
  if (b.constant !== undefined)
    return new Map([...a.slope].map(([name, slope]) => [name, slope * Math.sign(b.constant!)]));
  if (a.constant !== undefined)
    return new Map([...b.slope].map(([name, slope]) => [name, slope * Math.sign(a.constant!)]));
  return unknownSlope(a, b);
}

const unknownSlope = (a: Node, b: Node): ReadonlyMap<MetricName, number> =>
  new Map([...a.slope.keys(), ...b.slope.keys()].map((name) => [name, 0]));

function joined(a: Node['slope'], b: Node['slope'], sign: 1 | -1): ReadonlyMap<MetricName, number> {
  const slope = new Map(a);
  for (const [name, value] of b) slope.set(name, (slope.get(name) ?? 0) + sign * value);
  return slope;
}

function invalid(text: string, why: string): AppError {
  return new AppError('REQUEST_INVALID', {
    rule: 'An objective is an expression over metrics.',
    found: `"${text.slice(0, 200)}": ${why}.`,
    todo: 'Write for example --objective "sharpe - 0.5*maxDrawdown"; + - * / ( ) min max and numbers are understood.',
  });
}
