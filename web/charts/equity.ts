// Equity against buy & hold, with the drawdown beneath: two uPlot panes that share their time axis and cursor.
import uPlot from 'uplot';
import { formatMoney, formatPercent } from '../../src/report/format.ts';
import type { ReportEquity } from '../../src/report/report-data.ts';
import { el, typeset } from '../dom.ts';
import { type ChartTheme, onThemeChange, readTheme, withAlpha } from './theme.ts';
import { timeAxisLabels } from './time-axis.ts';

const EQUITY_HEIGHT = 280;
const DRAWDOWN_HEIGHT = 110;
const AXIS_WIDTH = 66;

export interface EquityChartOptions {
  /** Where the values under the cursor are written. */
  readonly onRead: (point: { time: number; equity: number; buyAndHold: number; drawdown: number } | null) => void;
}

export class EquityChart {
  readonly element: HTMLElement;
  private readonly equityHost = el('div', {});
  private readonly drawdownHost = el('div', {});
  private readonly options: EquityChartOptions;
  private panes: uPlot[] = [];
  private data: ReportEquity | null = null;
  private logarithmic = false;
  private band: readonly [from: number, to: number] | null = null;
  private theme: ChartTheme = readTheme();
  private zooming = false;

  constructor(options: EquityChartOptions) {
    this.options = options;
    this.element = el(
      'div',
      {
        class: 'equity-chart',
        tabindex: 0,
        role: 'img',
        'aria-label':
          'Equity, buy and hold, and drawdown over time. Arrow keys move the cursor, plus and minus zoom, 0 shows all.',
      },
      this.equityHost,
      this.drawdownHost,
    );
    this.element.addEventListener('keydown', (event) => this.onKey(event));
    new ResizeObserver(() => this.resize()).observe(this.element);
    onThemeChange((theme) => {
      this.theme = theme;
      this.build();
    });
  }

  /** Shows another curve. The zoom is reset. */
  setData(data: ReportEquity): void {
    this.data = data;
    this.band = null;
    this.build();
  }

  setLogarithmic(logarithmic: boolean): void {
    this.logarithmic = logarithmic;
    this.build();
  }

  /** Tints the time of a trade (epoch ms); null clears it. */
  setBand(band: readonly [from: number, to: number] | null): void {
    this.band = band;
    for (const pane of this.panes) pane.redraw(false, false);
  }

  showAll(): void {
    const time = this.data?.time;
    if (time !== undefined && time.length > 1) this.zoom(time[0]! / 1000, time.at(-1)! / 1000);
  }

  private build(): void {
    for (const pane of this.panes) pane.destroy();
    this.panes = [];
    const { data } = this;
    const width = this.element.clientWidth;
    if (data === null || width === 0) return;
    const seconds = data.time.map((time) => time / 1000);
    const fall = data.drawdown.map((drawdown) => -drawdown);
    const { accent, benchmark, loss } = this.theme;
    const wide = [
      { stroke: benchmark, width: 1.25, label: 'Buy & hold' },
      { stroke: accent, width: 1.75, label: 'Strategy' },
    ];
    this.panes = [
      this.pane(EQUITY_HEIGHT, wide, [seconds, [...data.buyAndHold], [...data.equity]], this.equityHost, {
        distr: this.logarithmic ? 3 : 1,
      }),
      this.pane(
        DRAWDOWN_HEIGHT,
        [{ stroke: loss, width: 1, fill: withAlpha(loss, 0.16), label: 'Drawdown' }],
        [seconds, fall],
        this.drawdownHost,
        { range: (_, min) => [Math.min(min ?? 0, -0.02) * 1.06, 0] },
      ),
    ];
  }

  private pane(
    height: number,
    series: uPlot.Series[],
    data: uPlot.AlignedData,
    host: HTMLElement,
    scale: uPlot.Scale,
  ): uPlot {
    const upper = host === this.equityHost;
    const { muted, line, font } = this.theme;
    const axis = { stroke: muted, font: `11px ${font}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return new uPlot(
      {
        width: this.element.clientWidth,
        height,
        legend: { show: false },
        padding: [8, 8, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: {
          sync: { key: 'equity', setSeries: false },
          drag: { x: true, y: false },
          points: { size: 7 },
          y: false,
        },
        scales: { y: scale },
        series: [{}, ...series.map((one) => ({ ...one, points: { show: false } }))],
        axes: [
          { ...axis, show: true, size: upper ? 8 : 26, values: upper ? () => [] : timeAxisLabels, space: 90 },
          {
            ...axis,
            size: AXIS_WIDTH,
            space: upper ? 40 : 28,
            values: (_, ticks) =>
              ticks.map((tick) =>
                tick === null
                  ? ''
                  : upper
                    ? formatAxisMoney(tick)
                    : typeset(formatPercent(tick, Number.isInteger(Number((tick * 100).toFixed(6))) ? 0 : 1)),
              ),
          },
        ],
        hooks: {
          setScale: [(pane, key) => key === 'x' && this.follow(pane)],
          setCursor: [(pane) => upper && this.read(pane.cursor.idx)],
          drawClear: [(pane) => this.drawBand(pane)],
        },
      },
      data,
      host,
    );
  }

  private follow(source: uPlot): void {
    const { min, max } = source.scales['x']!;
    if (this.zooming || min == null || max == null) return;
    this.zoom(min, max);
  }

  private zoom(min: number, max: number): void {
    this.zooming = true;
    for (const pane of this.panes) pane.setScale('x', { min, max });
    // Hooks of setScale run in a microtask; they must not start another round.
    queueMicrotask(() => {
      this.zooming = false;
    });
  }

  private read(index: number | null | undefined): void {
    const { data } = this;
    if (data === null || index === null || index === undefined) this.options.onRead(null);
    else {
      const [time, equity] = [data.time[index]!, data.equity[index]!];
      this.options.onRead({ time, equity, buyAndHold: data.buyAndHold[index]!, drawdown: data.drawdown[index]! });
    }
  }

  private drawBand(pane: uPlot): void {
    if (this.band === null) return;
    const { ctx, bbox } = pane;
    const place = (time: number): number => pane.valToPos(time / 1000, 'x', true);
    const left = Math.max(bbox.left, place(this.band[0]));
    const right = Math.min(bbox.left + bbox.width, place(this.band[1]));
    if (right < left) return;
    ctx.save();
    ctx.fillStyle = withAlpha(this.theme.accent, 0.16);
    ctx.fillRect(left, bbox.top, Math.max(2 * devicePixelRatio, right - left), bbox.height);
    ctx.restore();
  }

  private resize(): void {
    const width = this.element.clientWidth;
    if (width === 0) return;
    if (this.panes.length === 0) this.build();
    for (const pane of this.panes) if (pane.width !== width) pane.setSize({ width, height: pane.height });
  }

  private onKey(event: KeyboardEvent): void {
    const [pane] = this.panes;
    const { data } = this;
    if (pane === undefined || data === null) return;
    const last = data.time.length - 1;
    const now = pane.cursor.idx ?? last;
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const index = Math.max(0, Math.min(last, now + (event.key === 'ArrowLeft' ? -1 : 1) * (event.shiftKey ? 20 : 1)));
      pane.setCursor({ left: pane.valToPos(data.time[index]! / 1000, 'x'), top: 10 });
    } else if (event.key === '+' || event.key === '-') {
      const { min, max } = pane.scales['x'] as { min: number; max: number };
      const middle = data.time[now]! / 1000;
      const factor = event.key === '+' ? 0.5 : 2;
      const clamp = (value: number): number => Math.max(data.time[0]! / 1000, Math.min(data.time[last]! / 1000, value));
      this.zoom(clamp(middle - (middle - min) * factor), clamp(middle + (max - middle) * factor));
    } else if (event.key === '0') this.showAll();
    else return;
    event.preventDefault();
  }
}

function formatAxisMoney(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}B`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e5) return `${trim(value / 1e3)}k`;
  return formatMoney(value).replace(/\.00$/, '');
}

const trim = (value: number): string => String(Number(value.toPrecision(4)));
