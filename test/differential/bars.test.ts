// Are signals, expressed as orders bar by bar, the same back-test? Random flags, and the built-in strategies.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import type { Candles } from '../../src/market/candles.ts';
import { METRIC_NAMES } from '../../src/metrics/metrics.ts';
import { standardMetrics } from '../../src/metrics/standard-metrics.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import { actionTable } from '../../src/simulate/signal-actions.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import {
  type Direction,
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  EXIT_SHORT,
  type Simulation,
  type SimulationSettings,
} from '../../src/simulate/simulation.ts';
import type { BarContext, Position } from '../../src/strategy/bar-context.ts';
import { defineBarStrategy } from '../../src/strategy/bar-strategy.ts';
import { BUILT_IN_STRATEGIES } from '../../src/strategy/builtin/index.ts';
import type { Column, Condition } from '../../src/strategy/expression.ts';
import type { ParameterValues, Scalar } from '../../src/strategy/parameters.ts';
import type { Strategy } from '../../src/strategy/strategy.ts';
import { createVariantRunner } from '../../src/sweep/variant-runner.ts';
import { createWindow } from '../../src/sweep/window.ts';
import { coded } from '../bar-harness.ts';
import { testCandles } from '../synthetic-request.ts';
import { randomBarriers, randomCase, randomCosts, randomSizing } from './random-case.ts';

const CASES = Number(process.env['GRIDMILL_BARS_CASES'] ?? 600);
const FIRST_SEED = Number(process.env['GRIDMILL_BARS_SEED'] ?? 1);
const OWN_PROFILES = ['close', 'next-open'] as const;

/** What rules 5, 6 and 14 make of the flags of a bar, as orders. */
function follow(context: BarContext, position: Position, action: number, fillsAtClose: boolean): void {
  // Rule 14: at the close, an exit at a barrier discards the signal of its bar.
  if (fillsAtClose && position.lastExitBar === context.bar) return;
  if (position.side > 0) {
    if ((action & ENTER_SHORT) !== 0) context.sell();
    else if ((action & EXIT_LONG) !== 0) context.exit();
  } else if (position.side < 0) {
    if ((action & ENTER_LONG) !== 0) context.buy();
    else if ((action & EXIT_SHORT) !== 0) context.exit();
  } else if ((action & ENTER_LONG) !== 0) context.buy();
  else if ((action & ENTER_SHORT) !== 0) context.sell();
}

function runSettings(strategy: Strategy, candles: Candles, settings: SimulationSettings, parameters = {}): Simulation {
  const execution = { ...settings, calendar: 'continuous' } as const;
  const window = createWindow(candles);
  const runner = createVariantRunner({ strategy, execution, window, cacheBytes: 2 ** 26 });
  runner.select(parameters);
  return runner.run(settings.barriers);
}

const metrics = (simulation: Simulation, settings: SimulationSettings) =>
  standardMetrics({ ...simulation, initialCash: settings.initialCash, periodsPerYear: 525_600 });

/** Every bit of trades, fills and counters; metrics to 1e-9. The text of a double is exact. */
function expectSame(found: Simulation, expected: Simulation, settings: SimulationSettings, note: string): void {
  const exact = (run: Simulation) => {
    const { trades, fills, exposedBars, ambiguousBars, skippedOrders, ruined, finalEquity } = run;
    return { trades, fills, exposedBars, ambiguousBars, skippedOrders, ruined, finalEquity };
  };
  const [ours, theirs] = [exact(found), exact(expected)];
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) expect(ours, note).toEqual(theirs);
  const [row, other] = [metrics(found, settings), metrics(expected, settings)];
  for (const name of METRIC_NAMES) {
    const [a, b] = [row[name], other[name]];
    const isClose = a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)));
    if (!isClose) expect.fail(`${name}: ${a}, not ${b}; ${note}`);
  }
}

describe.each(OWN_PROFILES)('profile %s', (profile) => {
  test(`${CASES} random back-tests of flags are the same as orders`, { timeout: 60_000 + CASES * 20 }, () => {
    let trades = 0;
    let ruined = 0;
    let ambiguous = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const { candles, signals, settings } = randomCase(profile, seed);
      const actions = actionTable(settings.direction);
      const strategy = coded(
        ({ position }) => position(),
        (context, position) => follow(context, position, actions[signals[context.bar]!]!, profile === 'close'),
      );
      const expected = simulate({ candles, signals, settings });
      const note = `replay: GRIDMILL_BARS_SEED=${seed} GRIDMILL_BARS_CASES=1 npx vitest run --project fast test/differential/bars.test.ts -t "${profile} "`;
      expectSame(runSettings(strategy, candles, settings), expected, settings, note);
      trades += expected.trades.length;
      ambiguous += expected.ambiguousBars;
      if (expected.ruined) ruined++;
    }
    if (CASES < 600) return;
    // Floors, so that trivial cases cannot pass for proof.
    expect(trades / CASES).toBeGreaterThan(5);
    expect(ambiguous).toBeGreaterThan(50);
    expect(ruined).toBeGreaterThan(5);
  });
});

/** A node with the numbers of one variant in place of its parameters. */
function bound<Node extends Column | Condition>(node: Node, p: ParameterValues): Node {
  const number = (scalar: Scalar): number => (typeof scalar === 'number' ? scalar : p[scalar.parameter]!);
  const copy: Record<string, unknown> = { ...node };
  copy['key'] = node.key.replace(/\$(\w+)/g, (_, name: string) => String(p[name]));
  if ('inputs' in node) copy['inputs'] = (node.inputs as readonly Column[]).map((input) => bound(input, p));
  if ('params' in node) copy['params'] = node.params.map(number);
  if (node.kind === 'constant') copy['value'] = number(node.value);
  if (node.kind === 'lag') copy['bars'] = number(node.bars);
  return copy as unknown as Node;
}

const FLAGS = { enterLong: ENTER_LONG, exitLong: EXIT_LONG, enterShort: ENTER_SHORT, exitShort: EXIT_SHORT } as const;

/** A built-in strategy of signals, told bar by bar. */
function barByBar(original: Strategy, direction: Direction, fillsAtClose: boolean): Strategy {
  const actions = actionTable(direction);
  const signals = original.signals!;
  const isTarget = 'long' in signals || 'short' in signals;
  return defineBarStrategy({
    name: original.name,
    parameters: original.parameters,
    init: ({ parameters, condition, position }) => ({
      position: position(),
      before: 0,
      flags: Object.entries(signals).map(([name, node]) => ({
        name,
        flag: isTarget ? (name === 'long' ? 1 : -1) : FLAGS[name as keyof typeof FLAGS],
        holds: condition(bound(node, parameters)),
      })),
    }),
    onBar: (context, state) => {
      let now = 0;
      for (const { flag, holds } of state.flags) if (holds.at()) now += flag;
      let asked = now;
      if (isTarget) {
        const changed = now !== state.before;
        const leave = state.before > 0 ? EXIT_LONG : state.before < 0 ? EXIT_SHORT : 0;
        const enter = now > 0 ? ENTER_LONG : now < 0 ? ENTER_SHORT : 0;
        asked = changed ? leave | enter : 0;
        state.before = now;
      }
      follow(context, state.position, actions[asked]!, fillsAtClose);
    },
  });
}

const BUILT_IN = Object.values(BUILT_IN_STRATEGIES).filter(({ signals }) => signals !== undefined);

describe.each(OWN_PROFILES)('built-in strategies under %s', (profile) => {
  test.each(BUILT_IN.map((strategy) => [strategy.name, strategy] as const))('%s', (name, strategy) => {
    let trades = 0;
    for (let n = 0; n < 12; n++) {
      const prng = createPrng(FIRST_SEED * 1000 + n);
      const direction = (['long', 'short', 'both'] as const)[n % 3]!;
      const candles = testCandles(1_500, FIRST_SEED * 1000 + n, '5m');
      const settings: SimulationSettings = {
        profile: PROFILES[profile],
        direction,
        initialCash: 1000,
        costs: randomCosts(prng),
        sizing: { ...randomSizing(prng, profile, direction), minSize: 0, minNotional: 0, sizeStep: 0 },
        barriers: randomBarriers(prng, profile),
        closeAtEnd: n % 2 === 0,
      };
      const parameters = Object.fromEntries(
        Object.entries(strategy.parameters).map(([key, { values }]) => [key, values[prng.nextBelow(values.length)]!]),
      );
      const expected = runSettings(strategy, candles, settings, parameters);
      const found = runSettings(barByBar(strategy, direction, profile === 'close'), candles, settings, parameters);
      expectSame(found, expected, settings, `${name} of seed ${FIRST_SEED}, case ${n}, ${JSON.stringify(parameters)}`);
      trades += expected.trades.length;
    }
    expect(trades).toBeGreaterThan(20);
  });
});
