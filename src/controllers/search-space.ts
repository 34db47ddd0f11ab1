// Where an optimiser looks when nobody says where: sensible ranges for the numbers of each controller.
import type { ControllerName } from './controller-config.ts';
import { type GivenFields, gridFields } from './grid-fields.ts';

/** Evenly spaced values from `low` to `high`, or a list of them. */
export type SearchRange =
  | { readonly low: number; readonly high: number; readonly step: number }
  | { readonly choices: readonly number[] };

/** By the name of a grid field, as `--set` has it. */
export type SearchSpace = Readonly<Record<string, SearchRange>>;

const range = (low: number, high: number, step: number): SearchRange => ({ low, high, step });
const choices = (...values: readonly number[]): SearchRange => ({ choices: values });

/** From a stop that survives the noise of minutes to one that hardly ever acts; no barrier is ever off. */
const BARRIERS: SearchSpace = {
  stop_loss: range(0.005, 0.05, 0.0025),
  take_profit: range(0.005, 0.05, 0.0025),
  time_limit: choices(900, 1800, 2700, 3600, 7200, 14_400, 28_800, 86_400),
};
const TRAILING: SearchSpace = {
  'trailing_stop.activation_price': range(0.004, 0.03, 0.002),
  'trailing_stop.trailing_delta': range(0.001, 0.01, 0.001),
};
const DIRECTIONAL: SearchSpace = {
  ...BARRIERS,
  ...TRAILING,
  cooldown_time: choices(60, 300, 900, 1800, 3600),
  interval_minutes: choices(1, 3, 5, 15, 30, 60),
};
const BANDS: SearchSpace = {
  bb_length: range(20, 200, 10),
  bb_std: range(1, 3, 0.25),
  bb_long_threshold: range(-0.2, 0.4, 0.05),
  bb_short_threshold: range(0.6, 1.2, 0.05),
};
const MACD: SearchSpace = {
  macd_fast: range(8, 30, 2),
  macd_slow: range(20, 80, 4),
  macd_signal: range(5, 15, 2),
};
const QUOTING: SearchSpace = {
  ...BARRIERS,
  stop_loss: range(0.005, 0.06, 0.005),
  take_profit: range(0.001, 0.02, 0.001),
  executor_refresh_time: choices(60, 120, 300, 600, 1200),
  cooldown_time: choices(0, 15, 60, 300, 900),
};

/** Each item of a list looks a level further than the one before. */
const spreads =
  (low: number, high: number, step: number) =>
  (level: number): SearchRange => {
    const factor = level + 1;
    const decimals = 6;
    const times = (value: number): number => Number((value * factor).toFixed(decimals));
    return range(times(low), times(high), times(step));
  };
const LEVELS: Readonly<Record<string, (level: number) => SearchRange>> = {
  buy_spreads: spreads(0.001, 0.01, 0.001),
  sell_spreads: spreads(0.001, 0.01, 0.001),
};
/** Of pmm_dynamic, whose spreads count the market's own range. */
const DYNAMIC_LEVELS = { buy_spreads: spreads(0.5, 3, 0.25), sell_spreads: spreads(0.5, 3, 0.25) };
/** Shares of a price; each stage further away than the one before. */
const STAGES = (level: number): SearchRange =>
  level === 0 ? range(0.001, 0.01, 0.001) : range(0.01 * level, 0.03 * level + 0.01, 0.005);

const SPACES: Readonly<Record<ControllerName, SearchSpace>> = {
  bollinger_v1: { ...DIRECTIONAL, ...BANDS },
  macd_bb_v1: { ...DIRECTIONAL, ...BANDS, ...MACD },
  supertrend_v1: {
    ...DIRECTIONAL,
    length: range(5, 50, 5),
    multiplier: range(1, 6, 0.5),
    percentage_threshold: range(0.0025, 0.03, 0.0025),
  },
  dman_v3: without({ ...DIRECTIONAL, ...BANDS }, 'take_profit'),
  pmm_simple: QUOTING,
  pmm_dynamic: {
    ...QUOTING,
    ...MACD,
    natr_length: range(7, 42, 7),
    interval_minutes: choices(1, 3, 5, 15, 30, 60),
  },
  dman_maker_v2: QUOTING,
  // Its prices are those of one market and one week: they are searched around the ones in the file.
  grid_strike: {
    min_spread_between_orders: range(0.0005, 0.005, 0.0005),
    'triple_barrier_config.take_profit': range(0.0005, 0.01, 0.0005),
  },
};

function without(space: SearchSpace, name: string): SearchSpace {
  return Object.fromEntries(Object.entries(space).filter(([key]) => key !== name));
}

const LISTS: Readonly<Partial<Record<ControllerName, Readonly<Record<string, (level: number) => SearchRange>>>>> = {
  dman_v3: { dca_spreads: STAGES },
  pmm_simple: LEVELS,
  pmm_dynamic: DYNAMIC_LEVELS,
  dman_maker_v2: { ...LEVELS, dca_spreads: STAGES },
};

/**
 * The space of a controller. Lists have as many numbers as in `given`, or as Hummingbot's defaults. The prices of a grid
 * lie within a tenth of those in `given`. Every name is one that `--set` takes.
 */
export function controllerSearchSpace(
  name: ControllerName,
  given: GivenFields = { controller_name: name },
): SearchSpace {
  const fields = gridFields({ ...given, controller_name: name });
  const lists = LISTS[name] ?? {};
  const listed = fields.flatMap(({ name: key, field }): [string, SearchRange][] => {
    const rangeOf = lists[field];
    return rangeOf === undefined ? [] : [[key, rangeOf(Number(key.slice(field.length + 1)))]];
  });
  const prices = name === 'grid_strike' ? fields.filter(({ name: key }) => /^(start|end)_price$/.test(key)) : [];
  const around = prices.map(({ name: key, value }): [string, SearchRange] => [key, nearby(value)]);
  return { ...SPACES[name], ...Object.fromEntries([...listed, ...around]) };
}

/** A tenth below to a tenth above in twenty steps, in four digits of the price. */
function nearby(price: number): SearchRange {
  const step = Number((price * 0.01).toPrecision(4));
  const low = Number((price - 10 * step).toPrecision(12));
  return { low, high: Number((low + 20 * step).toPrecision(12)), step };
}
