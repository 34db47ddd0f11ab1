// Axes of a search as they are written: as for a sweep, and ranges of fractions without a step.
import { AppError } from '../core/errors.ts';
import { withStep } from '../runs/axis-step.ts';
import type { ValueParser } from './option-values.ts';

/** A parser of axes that also takes ranges without a step. */
export const searchAxis =
  <T>(parser: ValueParser<T>): ValueParser<T> =>
  (text) =>
    parser(withStep(text));

/** Parameters by name, each once. */
export function collectSearchAxes<T>(parserOf: (option: string) => ValueParser<T>) {
  return (text: string, earlier: Readonly<Record<string, T>>): Readonly<Record<string, T>> => {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(0, at)).trim();
    if (at < 1 || at === text.length - 1 || Object.hasOwn(earlier, name)) {
      throw new AppError('REQUEST_INVALID', {
        rule: '--set must be written name=values, each name once.',
        found: `"${text}".`,
        todo: 'Write for example --set fast=5..50:5, --set fast=5,8,13 or --set width=0.5..2.5.',
      });
    }
    return { ...earlier, [name]: searchAxis(parserOf(`--set ${name}`))(text.slice(at + 1).trim()) };
  };
}
