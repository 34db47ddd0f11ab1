// Axes of a search as they are written: as for a sweep, and ranges of fractions without a step.
import { AppError } from '../core/errors.ts';
import type { ValueParser } from './option-values.ts';

const RANGE = /^\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(%?)\s*\.\.\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(%?)\s*$/i;
/** A range without a step has more than this many values, and less than ten times as many. */
const STEPS_MIN = 1_000;

/** `0.5..2.5` becomes `0.5..2.5:0.001`: the largest power of ten that leaves more than 1,000 steps. Whole numbers keep step 1. */
export function withStep(text: string): string {
  const match = RANGE.exec(text);
  if (match === null) return text;
  const [, from, percentFrom, to, percentTo] = match;
  const [low, high] = [Number(from), Number(to)];
  const isShare = percentFrom !== '' || percentTo !== '';
  if (!(high > low) || (!isShare && Number.isInteger(low) && Number.isInteger(high))) return text;
  let exponent = 0;
  while ((high - low) / 10 ** exponent > STEPS_MIN * 10) exponent++;
  while ((high - low) / 10 ** exponent <= STEPS_MIN) exponent--;
  return `${text}:1e${exponent}${isShare ? '%' : ''}`;
}

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
