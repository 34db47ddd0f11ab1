// The step of a range of fractions that is written without one.

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
