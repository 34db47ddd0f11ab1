// The colours charts draw with, read from the style sheet so that light and dark live in one place.

export interface ChartTheme {
  readonly dark: boolean;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  readonly benchmark: string;
  readonly gain: string;
  readonly loss: string;
  readonly short: string;
  readonly font: string;
}

const darkQuery = matchMedia('(prefers-color-scheme: dark)');

export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    dark: darkQuery.matches,
    ink: read('ink'),
    muted: read('ink-3'),
    line: read('grid'),
    surface: read('surface'),
    accent: read('accent'),
    benchmark: read('benchmark'),
    gain: read('gain'),
    loss: read('loss'),
    short: read('short'),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Calls back with the new theme whenever the reader switches between light and dark. */
export function onThemeChange(apply: (theme: ChartTheme) => void): void {
  darkQuery.addEventListener('change', () => apply(readTheme()));
}

/** A theme colour (#rrggbb) with an opacity. */
export function withAlpha(hex: string, alpha: number): string {
  const value = Number.parseInt(hex.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${alpha})`;
}
