// Tests of supplied chance and time: functions of the text they began with, and flagged once per place.
import { expect, test } from 'vitest';
import { createSupplied, suppliedEntry } from './supplied.ts';

const look = ({ random, Date: Supplied, performanceNow, randomUUID }: ReturnType<typeof createSupplied>) => [
  random(),
  Supplied.now(),
  new Supplied().getTime(),
  performanceNow(),
  randomUUID(),
];

test('the same text gives the same chance and time, another text another chance', () => {
  const [a, b] = [createSupplied(() => undefined), createSupplied(() => undefined)];
  a.restart('{"n":1}');
  const first = look(a);
  b.restart('{"n":2}');
  expect(look(b)).not.toEqual(first);
  b.restart('{"n":1}');
  expect(look(b)).toEqual(first);
  expect(first[4]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the clock moves, so that waiting for it ends; a date that is given stays as it is', () => {
  const { Date: Supplied } = createSupplied(() => undefined);
  const started = Supplied.now();
  while (Supplied.now() - started < 50);
  expect(new Supplied('2024-01-01').getTime()).toBe(Date.UTC(2024, 0, 1));
  expect(new Supplied(5)).toBeInstanceOf(Supplied);
  expect(new Supplied(5)).toBeInstanceOf(Date);
});

test('each place is flagged once', () => {
  const flags: string[] = [];
  const { random, performanceNow } = createSupplied((flag) => flags.push(flag));
  for (let i = 0; i < 100; i++) random();
  performanceNow();
  expect(flags).toHaveLength(2);
  expect(flags[0]).toMatch(/^Math\.random at .*supplied\.test\.ts:\d+:\d+: /);
});

/** Definitions that hand back what they were given. */
const DEFINITIONS = {
  defineStrategy: (input: unknown) => input,
  defineBarStrategy: (input: unknown) => input,
  customColumn: (...args: readonly unknown[]) => args[3],
};

test('a strategy function begins with the chance of its parameters, whatever ran before', () => {
  const supplied = createSupplied(() => undefined);
  const entry = suppliedEntry(DEFINITIONS, supplied);
  const define = entry['defineStrategy'] as (input: object) => { compute: (candles: unknown, p: object) => number };
  const { compute } = define({ compute: () => supplied.random() });
  const [one, two] = [compute({}, { n: 1 }), compute({}, { n: 2 })];
  expect(compute({}, { n: 1 })).toBe(one);
  expect(compute({}, { m: 5, n: 1 })).toBe(compute({}, { n: 1, m: 5 }));
  expect(one).not.toBe(two);
});

test('a bar strategy begins with the chance of its parameters and goes on with it from bar to bar', () => {
  const supplied = createSupplied(() => undefined);
  const entry = suppliedEntry(DEFINITIONS, supplied);
  type Bars = { init: (context: object) => number; onBar: () => number };
  const { init, onBar } = (entry['defineBarStrategy'] as (input: object) => Bars)({
    init: () => supplied.random(),
    onBar: () => supplied.random() + supplied.Date.now(),
  });
  const run = (n: number) => [init({ parameters: { n } }), onBar(), onBar()];
  const first = run(1);
  expect(new Set(first).size).toBe(3);
  expect(run(2)).not.toEqual(first);
  supplied.random();
  expect(run(1)).toEqual(first);
});

test('a column that is computed in the middle of a run takes nothing of its chance', () => {
  const supplied = createSupplied(() => undefined);
  const entry = suppliedEntry(DEFINITIONS, supplied);
  const compute = (entry['customColumn'] as (...args: unknown[]) => (data: unknown, values: unknown) => number)(
    'own',
    [],
    [],
    () => supplied.random() + supplied.Date.now(),
  );
  const run = (isCached: boolean) => {
    supplied.restart('run');
    const before = supplied.random();
    const column = isCached ? undefined : compute([], [5]);
    return { seen: [before, supplied.random(), supplied.Date.now()], column };
  };
  const whole = run(false);
  expect(run(true).seen).toEqual(whole.seen);
  expect(run(false).column).toBe(whole.column);
});
