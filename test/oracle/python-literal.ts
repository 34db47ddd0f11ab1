// Reads the few Python expressions that reference cases are written in: literals, lists, series arithmetic, one call.

/** A value per bar (pandas Series). */
export interface Series {
  readonly series: readonly PythonScalar[];
}
export type PythonScalar = number | boolean | string;
export type PythonValue = PythonScalar | Series | readonly PythonValue[] | Call;
/** A call that is not evaluated: its name and arguments. */
export interface Call {
  readonly name: string;
  readonly positional: readonly PythonValue[];
  readonly named: Readonly<Record<string, PythonValue>>;
}

export const isSeries = (value: unknown): value is Series =>
  typeof value === 'object' && value !== null && 'series' in value;
export const isCall = (value: unknown): value is Call =>
  typeof value === 'object' && value !== null && 'named' in value;

const CONSTANTS: Readonly<Record<string, PythonScalar>> = {
  True: true,
  False: false,
  'np.nan': Number.NaN,
  'np.inf': Number.POSITIVE_INFINITY,
};

const TOKEN = /\s*(?:(\d+\.?\d*(?:e-?\d+)?)|"([^"]*)"|([A-Za-z_][\w.]*)|(\*\*|[()[\],=*+\-:]))/y;

type Token = readonly [kind: 'number' | 'text' | 'name' | 'mark', text: string];

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== '') {
    const match = TOKEN.exec(source);
    if (match === null) throw new Error(`not a known Python expression: ${source}`);
    const [, number, text, name, mark] = match;
    if (number !== undefined) tokens.push(['number', number]);
    else if (text !== undefined) tokens.push(['text', text]);
    else if (name !== undefined) tokens.push(['name', name]);
    else tokens.push(['mark', mark]);
  }
  return tokens;
}

/** Evaluates `source`; names are looked up in `scope`, whose texts are expressions themselves. */
export function evaluatePython(source: string, scope: Readonly<Record<string, string>>): PythonValue {
  return new Reader(tokenize(source), scope).sum();
}

class Reader {
  private at = 0;
  private readonly tokens: readonly Token[];
  private readonly scope: Readonly<Record<string, string>>;

  constructor(tokens: readonly Token[], scope: Readonly<Record<string, string>>) {
    this.tokens = tokens;
    this.scope = scope;
  }

  sum(): PythonValue {
    let left = this.product();
    for (;;) {
      if (this.take('+')) left = combine(left, this.product(), (a, b) => a + b);
      else if (this.take('-')) left = combine(left, this.product(), (a, b) => a - b);
      else return left;
    }
  }

  private product(): PythonValue {
    let left = this.unary();
    while (this.take('*')) left = combine(left, this.unary(), (a, b) => a * b);
    return left;
  }

  private unary(): PythonValue {
    return this.take('-') ? combine(0, this.unary(), (a, b) => a - b) : this.atom();
  }

  private atom(): PythonValue {
    if (this.take('[')) return this.items(']');
    if (this.take('(')) return this.items(')');
    const [kind, text] = this.tokens[this.at++];
    if (kind === 'number') return Number(text);
    if (kind === 'text') return text;
    if (text in CONSTANTS) return CONSTANTS[text];
    if (this.take('(')) return this.call(text);
    const value = text in this.scope ? evaluatePython(this.scope[text], this.scope) : text;
    return isSeries(value) && this.take('[') ? this.slice(value) : value;
  }

  /** `series[:count]`. */
  private slice({ series }: Series): Series {
    this.expect(':');
    const count = this.sum() as number;
    this.expect(']');
    return { series: series.slice(0, count) };
  }

  private items(end: string): PythonValue[] {
    const items: PythonValue[] = [];
    while (!this.take(end)) {
      items.push(this.sum());
      this.take(',');
    }
    return items;
  }

  private call(name: string): PythonValue {
    const positional: PythonValue[] = [];
    const named: Record<string, PythonValue> = {};
    while (!this.take(')')) {
      if (this.take('**')) Object.assign(named, (this.sum() as Call).named);
      else if (this.tokens[this.at + 1]?.[1] === '=') {
        const key = this.tokens[this.at][1];
        this.at += 2;
        named[key] = this.sum();
      } else positional.push(this.sum());
      this.take(',');
    }
    if (name === 'pd.Series') return { series: positional[0] as PythonScalar[] };
    if (name === 'pd.DataFrame' || name === 'np.array') return positional[0];
    return { name, positional, named };
  }

  private take(mark: string): boolean {
    const token = this.tokens[this.at];
    if (token === undefined || token[0] !== 'mark' || token[1] !== mark) return false;
    this.at++;
    return true;
  }

  private expect(mark: string): void {
    if (!this.take(mark)) throw new Error(`expected ${mark} in a Python expression`);
  }
}

function combine(a: PythonValue, b: PythonValue, operation: (a: number, b: number) => number): PythonValue {
  if (isSeries(a)) return { series: a.series.map((value) => operation(Number(value), Number(b))) };
  if (isSeries(b)) return { series: b.series.map((value) => operation(Number(a), Number(value))) };
  return operation(Number(a), Number(b));
}
