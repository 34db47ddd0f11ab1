// The space that a study searches: the axes that are named, or those that the strategy offers by itself.
import type { ControllerName } from '../controllers/controller-config.ts';
import { controllerSearchSpace, type SearchRange } from '../controllers/search-space.ts';
import { type Timeframe, timeframeMs } from '../market/timeframe.ts';
import { type Axis, choice, range } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';

type Axes = Readonly<Record<string, Axis>>;

/**
 * The axes of a study. Named ones replace those of the same name; a controller, whose file has one value for each number,
 * offers sensible ranges as long as none is named.
 */
export function searchSpaceOf({ name, parameters, program }: Strategy, named: Axes): Axes {
  if (program?.kind !== 'controller') return { ...parameters, ...named };
  if (Object.keys(named).length > 0) return named;
  const space = controllerSearchSpace(name as ControllerName, program.given);
  return Object.fromEntries(Object.entries(space).map(([field, values]) => [field, axisOf(values)]));
}

const axisOf = (values: SearchRange): Axis =>
  'choices' in values ? choice(...values.choices) : range(values.low, values.high, values.step);

const MINUTE_MS = 60_000;

/** Leaves out intervals that candles of `base` cannot make, unless they were asked for by name. */
export function fittingIntervals(space: Axes, named: Axes, base: Timeframe): Axes {
  const { interval_minutes: intervals } = space;
  if (intervals === undefined || named['interval_minutes'] !== undefined) return space;
  const fitting = intervals.values.filter((minutes) => (minutes * MINUTE_MS) % timeframeMs(base) === 0);
  return { ...space, interval_minutes: { values: fitting.length > 0 ? fitting : [timeframeMs(base) / MINUTE_MS] } };
}
