// The random numbers and the clock that strategies get: functions of the variant alone. Each call site is flagged once.
import { createPrng, type Prng } from '../core/prng.ts';
import { siteAbove } from './call-site.ts';

/** Where the compiled strategy finds them, in every thread. */
const SUPPLIED_SYMBOL = 'gridmill.supplied';
/** How compiled code names them. */
const SUPPLIED_NAME = '__gridmillSupplied';

/** What takes the place of what in the text of a strategy. */
export const SUPPLIED_DEFINES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['Math.random', 'random'],
    ['Date', 'Date'],
    ['performance.now', 'performanceNow'],
    ['crypto.randomUUID', 'randomUUID'],
    ['crypto.getRandomValues', 'getRandomValues'],
  ].map(([from, to]) => [from, `${SUPPLIED_NAME}.${to}`]),
);
export const SUPPLIED_BANNER = `const ${SUPPLIED_NAME} = globalThis[Symbol.for('${SUPPLIED_SYMBOL}')];`;

export interface Supplied {
  readonly random: () => number;
  readonly Date: DateConstructor;
  readonly performanceNow: () => number;
  readonly randomUUID: () => string;
  readonly getRandomValues: <T extends ArrayBufferView>(view: T) => T;
  /** Begins the stream and the clock again, as they are for this text. */
  readonly restart: (text: string) => void;
  /** Runs `work` with a stream and a clock of its own, as they are for this text; then those that were go on. */
  readonly apart: <T>(text: string, work: () => T) => T;
  /** Says at whose place strategy code asked for something that only looks like chance or time. */
  readonly flag: (name: string, caller: (...args: never[]) => unknown) => void;
}

/** One look at the stack costs microseconds: the first calls of each kind are looked at, then one in so many. */
const LOOKS = 64;
const LOOK_EVERY = 4096;
/** Call sites named at most, by one thread. */
const SITES_MAX = 16;

/** `onFlag` hears one sentence per call site. */
export function createSupplied(onFlag: (sentence: string) => void): Supplied {
  let prng: Prng = createPrng(textSeed(''));
  let ticks = 0;
  const sites = new Set<string>();
  const calls = new Map<string, number>();
  const flag: Supplied['flag'] = (name, caller) => {
    const count = (calls.get(name) ?? 0) + 1;
    calls.set(name, count);
    if (count > LOOKS && count % LOOK_EVERY !== 0) return;
    if (sites.size >= SITES_MAX) return;
    const site = `${name} at ${siteAbove(caller)}`;
    if (sites.has(site)) return;
    sites.add(site);
    onFlag(`${site}: strategies get neither chance nor time; it gave a value that depends on the variant alone.`);
  };
  const restart = (text: string): void => {
    prng = createPrng(textSeed(text));
    ticks = 0;
  };
  // The clock stands at 1970 and moves by a millisecond per look, so that a loop that waits for it ends.
  const now = (): number => ++ticks;
  function random(): number {
    flag('Math.random', random);
    return prng.next();
  }
  function performanceNow(): number {
    flag('performance.now', performanceNow);
    return now();
  }
  function randomUUID(): string {
    flag('crypto.randomUUID', randomUUID);
    const hex = Array.from({ length: 4 }, () => prng.nextUint32().toString(16).padStart(8, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
  function getRandomValues<T extends ArrayBufferView>(view: T): T {
    flag('crypto.getRandomValues', getRandomValues);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = prng.nextUint32() & 255;
    return view;
  }
  const Host = Date;
  const at = (caller: (...args: never[]) => unknown, name: string): number => {
    flag(name, caller);
    return now();
  };
  /** Called and constructed as Date is; only the present is another. */
  function SuppliedDate(this: unknown, ...args: readonly unknown[]): Date | string {
    if (new.target === undefined) return new Host(at(SuppliedDate, 'Date()')).toString();
    const given = args.length === 0 ? [at(SuppliedDate, 'new Date()')] : args;
    return Reflect.construct(Host, given, new.target === SuppliedDate ? Host : new.target) as Date;
  }
  Object.setPrototypeOf(SuppliedDate, Host);
  SuppliedDate.prototype = Host.prototype;
  SuppliedDate.now = function dateNow(): number {
    return at(dateNow, 'Date.now');
  };
  return {
    random,
    Date: SuppliedDate as unknown as DateConstructor,
    performanceNow,
    randomUUID,
    getRandomValues,
    restart,
    apart(text, work) {
      const before = { prng, ticks };
      restart(text);
      try {
        return work();
      } finally {
        ({ prng, ticks } = before);
      }
    },
    flag,
  };
}

/** Makes `supplied` what strategies compiled from now on get in this thread. */
export function supply(supplied: Supplied): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for(SUPPLIED_SYMBOL)] = supplied;
}

/** FNV-1a: any text gives a seed of 32 bits. */
function textSeed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

type Callable = (...args: readonly unknown[]) => unknown;

/**
 * The exports for strategies. A function of signals begins with the chance and the clock of its variant, and so does a
 * bar strategy at its init; its bars go on with them. A column has its own: whether it is computed now, or was for another
 * variant, is nothing that the strategy may notice.
 */
export function suppliedEntry(
  entry: Readonly<Record<string, unknown>>,
  { restart, apart }: Supplied,
): Readonly<Record<string, unknown>> {
  const defineStrategy = entry['defineStrategy'] as Callable;
  const defineBarStrategy = entry['defineBarStrategy'] as Callable;
  const customColumn = entry['customColumn'] as Callable;
  return {
    ...entry,
    defineStrategy: (input: unknown) =>
      defineStrategy(
        withMember(input, 'compute', (compute) => (data, parameters) => {
          restart(textOf(parameters));
          return compute(data, parameters);
        }),
      ),
    defineBarStrategy: (input: unknown) =>
      defineBarStrategy(
        withMember(input, 'init', (init) => (context) => {
          restart(textOf((context as { readonly parameters: unknown }).parameters));
          return init(context);
        }),
      ),
    customColumn(name: unknown, inputs: unknown, parameters: unknown, compute: unknown) {
      const own: Callable = (data, values) =>
        apart(`${String(name)}${JSON.stringify(values)}`, () => (compute as Callable)(data, values));
      return customColumn(name, inputs, parameters, typeof compute === 'function' ? own : compute);
    },
  };
}

/** Parameters by name: in whatever order somebody has put them together, they are the same variant. */
const textOf = (parameters: unknown): string =>
  JSON.stringify(Object.entries(parameters as object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A strategy as it is handed to its definition, with one of its functions replaced; anything else as it is. */
function withMember(input: unknown, name: string, replaced: (member: Callable) => Callable): unknown {
  const member = (input as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return typeof member === 'function' ? { ...(input as object), [name]: replaced(member as Callable) } : input;
}
