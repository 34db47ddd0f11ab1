// Colour-blind safe scales for metrics: orange below and blue above a neutral point, or one hue for plain sizes.
import type { MetricName } from '../../src/metrics/metrics.ts';

const LIGHT = ['#9c3a04', '#d97a2b', '#f3c99b', '#ebebe8', '#b9d3ea', '#5795cc', '#174f92'];
const DARK = ['#ff9a4d', '#bd6620', '#5e3a1c', '#2e3033', '#1f4467', '#3377b3', '#78bcf5'];

/** Distance from the neutral colour of the value nearest to it, when all values lie on one side. */
const FAINT = 0.1;

export interface ColourScale {
  readonly colour: (value: number) => string;
  /** Values at the two ends of the legend; anything beyond has the end's colour. */
  readonly low: number;
  readonly high: number;
  readonly clippedLow: boolean;
  readonly clippedHigh: boolean;
  /** The neutral value, when it lies within the legend. */
  readonly centre?: number;
}

/** The value that means neither gain nor loss; undefined for metrics that only have a size. */
export function neutralValue(metric: MetricName, initialCash: number): number | undefined {
  switch (metric) {
    case 'totalReturn':
    case 'cagr':
    case 'sharpe':
    case 'sortino':
    case 'calmar':
    case 'sqn':
    case 'expectancy':
    case 'averageTrade':
    case 'bestTrade':
    case 'worstTrade':
      return 0;
    case 'profitFactor':
    case 'omega':
      return 1;
    case 'finalEquity':
      return initialCash;
    default:
      return undefined;
  }
}

/**
 * A scale over `values`. With a `centre`, equal distances from it have equal strength; the outermost 1 % on each side
 * share the end colour so that one outlier cannot wash out the rest. Values that all lie on one side of the centre keep
 * its hue and spread over its whole strength, so that differences among losers show. Without a centre, one hue runs from
 * the lowest to the highest.
 */
export function colourScale(
  values: readonly number[],
  options: { readonly centre?: number; readonly better: 'higher' | 'lower'; readonly dark: boolean },
): ColourScale {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const low = sorted.length > 100 ? at(0.01) : at(0);
  const high = sorted.length > 100 ? at(0.99) : at(1);
  const stops = (options.dark ? DARK : LIGHT).map(rgb);
  const { centre, better } = options;
  const position = (value: number): number => {
    if (centre !== undefined && (high < centre || low > centre)) {
      const nearest = high < centre ? high : low;
      const farthest = high < centre ? low : high;
      const strength = farthest === nearest ? 1 : Math.max(0, Math.min(1, (value - nearest) / (farthest - nearest)));
      return 0.5 + (high < centre ? -1 : 1) * (FAINT + (0.5 - FAINT) * strength);
    }
    if (centre !== undefined) {
      const reach = Math.max(Math.abs(low - centre), Math.abs(high - centre)) || 1;
      return 0.5 + (value - centre) / (2 * reach);
    }
    const size = high === low ? 0.5 : Math.max(0, Math.min(1, (value - low) / (high - low)));
    return better === 'lower' ? 0.46 - 0.46 * size : 0.54 + 0.46 * size;
  };
  return {
    colour: (value) => mix(stops, position(value)),
    low,
    high,
    clippedLow: low > at(0),
    clippedHigh: high < at(1),
    centre: centre !== undefined && centre > low && centre < high ? centre : undefined,
  };
}

type Rgb = readonly [number, number, number];

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function mix(stops: readonly Rgb[], position: number): string {
  const place = Math.max(0, Math.min(1, position)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const share = place - index;
  const channel = (c: 0 | 1 | 2): number => Math.round(stops[index]![c] * (1 - share) + stops[index + 1]![c] * share);
  return `rgb(${channel(0)}, ${channel(1)}, ${channel(2)})`;
}

/** Black or white, whichever reads better on a colour made by a scale. */
export function textOn(colour: string): string {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+/g) ?? []).map((part) => (Number(part) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.32 ? '#0d1117' : '#ffffff';
}
