// Axes as a request gives them: a number, a list, or a text.
import { type Axis, choice } from '../strategy/parameters.ts';
import type { AxisInput } from './schemas.ts';

/** `parse` reads the texts. Errors: GRID_INVALID. */
export const axesOf = (
  given: Readonly<Record<string, AxisInput | undefined>>,
  parse: (text: string) => Axis,
): Record<string, Axis> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, input]) => (input === undefined ? [] : [[name, axisOf(input, parse)]])),
  );

function axisOf(input: AxisInput, parse: (text: string) => Axis): Axis {
  if (typeof input === 'string') return parse(input);
  return typeof input === 'number' ? choice(input) : choice(...input);
}
