// Text of one CSV cell, quoted where needed and without effect when a spreadsheet opens it.

/** What makes a spreadsheet read a cell as a formula when it comes first (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A text cell: a leading apostrophe disarms formulas; quotes stand around delimiters, quotes and line breaks. */
export function quotedText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]|^ | $/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Numbers are the shortest decimals that read back to the same double, -0 included; NaN and null are empty. */
export function cellText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'string') return quotedText(value);
  return Object.is(value, -0) ? '-0' : String(value);
}
