// The space that a strategy offers by itself, where no axis is named.
import type { Axis } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';

/** Axes by name; every kind of strategy declares its own. */
export const searchSpaceOf = ({ parameters }: Strategy): Readonly<Record<string, Axis>> => parameters;
