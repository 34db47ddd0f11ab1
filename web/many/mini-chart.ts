// A small chart of one equity curve beside buy and hold, drawn as SVG so that dozens of them cost nothing.
import type { ManyReportCurve } from '../../src/report/many-report-data.ts';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 240;
const HEIGHT = 72;
const EDGE = 3;

/** Values are shares of the initial cash minus one; [low, high] is the scale. */
export function miniChart(
  { bar, equity, buyAndHold }: ManyReportCurve,
  bars: number,
  low: number,
  high: number,
): SVGElement {
  const x = (at: number): number => (at / Math.max(1, bars - 1)) * WIDTH;
  const y = (value: number): number => HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  const path = (values: readonly number[]): string =>
    values.map((value, i) => `${i === 0 ? 'M' : 'L'}${x(bar[i]!).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const chart = svg('svg', {
    class: 'mini-chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': `Equity from ${percent(equity[0])} to ${percent(equity.at(-1))}`,
  });
  const zero = y(0).toFixed(1);
  chart.append(
    svg('path', { class: 'zero', d: `M0 ${zero}H${WIDTH}` }),
    svg('path', { class: 'benchmark', d: path(buyAndHold) }),
    svg('path', { class: 'equity', d: path(equity) }),
  );
  return chart;
}

const percent = (value: number | undefined): string => `${((value ?? 0) * 100).toFixed(1)} %`;

function svg(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const element = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
