// What a source writes where it has no value, and what a reader does about it.

/** True for the text of a cell without a value: nothing, `NaN`, `null`, `None`, `NA`, in any case. */
export const isMissing = (text: string): boolean => /^\s*(nan|null|none|n\/?a)?\s*$/i.test(text);

/** What to do about a price that is missing. */
export const MISSING_TODO = 'Correct the row, or choose the policy not-finite=repair, which removes the candle.';
