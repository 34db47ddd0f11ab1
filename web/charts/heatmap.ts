// A heatmap of two parameters (or bars of one) on a canvas, readable with mouse, touch or arrow keys.
import type { GridSlice } from '../../src/report/grid-slice.ts';
import { el } from '../dom.ts';
import { type ColourScale, textOn } from './colour-scale.ts';
import { type ChartTheme, onThemeChange, readTheme } from './theme.ts';

export interface HeatmapContent {
  readonly slice: GridSlice;
  readonly xName: string;
  /** Undefined draws bars over x. */
  readonly yName?: string;
  readonly xText: (value: number | null) => string;
  readonly yText: (value: number | null) => string;
  readonly scale: (theme: ChartTheme) => ColourScale;
  readonly text: (value: number | null) => string;
  /** Cell index to ring as the chosen variant, or -1. */
  readonly chosen: number;
  /** Cell index of the best value, or -1. */
  readonly best: number;
}

export interface HeatmapOptions {
  /** Cell under the pointer or keyboard cursor, or -1. */
  readonly onHover: (cell: number) => void;
  readonly onPick: (cell: number) => void;
}

interface Layout {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

const TOP = 6;
const BOTTOM = 42;
const BAR_LABEL = 16;

export class Heatmap {
  readonly element: HTMLElement;
  private readonly canvas = el('canvas', {
    tabindex: 0,
    role: 'img',
    'aria-label': 'Heatmap of two parameters. Arrow keys move over the cells, Enter chooses the variant.',
  });
  private readonly options: HeatmapOptions;
  private content: HeatmapContent | null = null;
  private theme = readTheme();
  private hover = -1;

  constructor(options: HeatmapOptions) {
    this.options = options;
    this.element = el('div', { class: 'heatmap' }, this.canvas);
    this.canvas.addEventListener('pointermove', (event) => this.setHover(this.cellUnder(event)));
    this.canvas.addEventListener('pointerleave', () => this.setHover(-1));
    this.canvas.addEventListener('click', (event) => this.options.onPick(this.cellUnder(event)));
    this.canvas.addEventListener('keydown', (event) => this.onKey(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
    onThemeChange((theme) => {
      this.theme = theme;
      this.draw();
    });
  }

  setContent(content: HeatmapContent): void {
    this.content = content;
    this.hover = -1;
    this.draw();
  }

  private draw(): void {
    const content = this.content;
    const width = this.element.clientWidth;
    if (content === null || width === 0) return;
    const context = this.canvas.getContext('2d')!;
    const layout = this.layout(content, width, context);
    const height = layout.top + layout.height + BOTTOM;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.canvas.style.height = `${height}px`;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.font = `11px ${this.theme.font}`;
    const scale = content.scale(this.theme);
    const labelFont = this.labelFont(context, content, layout);
    content.slice.cells.forEach((_, cell) => {
      if (content.yName === undefined) this.drawBar(context, content, layout, scale, cell, labelFont);
      else this.drawCell(context, content, layout, scale, cell, labelFont);
    });
    this.drawRings(context, content, layout);
    this.drawAxes(context, content, layout);
  }

  private layout(content: HeatmapContent, width: number, context: CanvasRenderingContext2D): Layout {
    const { xValues, yValues } = content.slice;
    context.font = `11px ${this.theme.font}`;
    const bars = content.yName === undefined;
    const labels = bars ? [''] : yValues.map(content.yText);
    const left = bars ? 8 : Math.ceil(Math.max(...labels.map((label) => context.measureText(label).width))) + 30;
    const plotWidth = width - left - 8;
    const height = bars
      ? 220
      : Math.round(
          Math.max(200, Math.min(440, yValues.length * Math.min(34, Math.max(18, plotWidth / xValues.length)))),
        );
    return {
      left,
      top: TOP,
      width: plotWidth,
      height,
      cellWidth: plotWidth / xValues.length,
      cellHeight: height / yValues.length,
    };
  }

  /** Pixel box of a cell; row 0 is at the bottom, as on a chart. */
  private box(content: HeatmapContent, layout: Layout, cell: number): [x: number, y: number, w: number, h: number] {
    const columns = content.slice.xValues.length;
    const x = layout.left + (cell % columns) * layout.cellWidth;
    const y = layout.top + layout.height - (Math.floor(cell / columns) + 1) * layout.cellHeight;
    const gap = layout.cellWidth > 6 && layout.cellHeight > 6 ? 1 : 0;
    return [x, y, Math.max(1, layout.cellWidth - gap), Math.max(1, layout.cellHeight - gap)];
  }

  private drawCell(
    context: CanvasRenderingContext2D,
    content: HeatmapContent,
    layout: Layout,
    scale: ColourScale,
    cell: number,
    labelFont: string | null,
  ): void {
    const { value, row } = content.slice.cells[cell]!;
    const [x, y, width, height] = this.box(content, layout, cell);
    if (row < 0) {
      // A hairline tells "nothing was scored here" from a value near neutral.
      context.strokeStyle = this.theme.line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, y + height);
      context.lineTo(x + width, y);
      context.stroke();
      return;
    }
    if (value === null) {
      context.strokeStyle = this.theme.line;
      context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
      return;
    }
    const colour = scale.colour(value);
    context.fillStyle = colour;
    context.fillRect(x, y, width, height);
    if (labelFont === null) return;
    context.font = labelFont;
    context.fillStyle = textOn(colour);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(content.text(value), x + width / 2, y + height / 2 + 0.5);
  }

  /** The largest font in which every value fits its cell, or null: half a table of numbers reads worse than none. */
  private labelFont(context: CanvasRenderingContext2D, content: HeatmapContent, layout: Layout): string | null {
    if (layout.cellHeight < 15) return null;
    const longest = content.slice.cells.reduce((text, { value }) => {
      const own = value === null ? '' : content.text(value);
      return own.length > text.length ? own : text;
    }, '');
    for (const size of [11, 10, 9]) {
      const font = `${size}px ${this.theme.font}`;
      context.font = font;
      if (context.measureText(longest).width <= layout.cellWidth - 5) return font;
    }
    return null;
  }

  private drawBar(
    context: CanvasRenderingContext2D,
    content: HeatmapContent,
    layout: Layout,
    scale: ColourScale,
    cell: number,
    labelFont: string | null,
  ): void {
    const { value } = content.slice.cells[cell]!;
    if (value === null) return;
    const values = content.slice.cells.flatMap((one) => (one.value === null ? [] : [one.value]));
    const low = Math.min(0, ...values);
    const high = Math.max(0, ...values);
    // Room for a label beyond either end.
    const room = layout.height - 2 * BAR_LABEL;
    const place = (level: number): number => layout.top + BAR_LABEL + (room * (high - level)) / (high - low || 1);
    const [x, , width] = this.box(content, layout, cell);
    const top = Math.min(place(0), place(value));
    context.fillStyle = scale.colour(value);
    context.fillRect(x, top, width, Math.max(1, Math.abs(place(value) - place(0))));
    context.fillStyle = this.theme.muted;
    context.fillRect(layout.left, Math.round(place(0)), layout.width, 1);
    if (labelFont === null) return;
    context.font = labelFont;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(content.text(value), x + width / 2, place(value) + (value < 0 ? 9 : -8));
  }

  private drawRings(context: CanvasRenderingContext2D, content: HeatmapContent, layout: Layout): void {
    const ring = (cell: number, colour: string, width: number): void => {
      if (cell < 0) return;
      const [x, y, w, h] = this.box(content, layout, cell);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
    };
    ring(content.best, this.theme.ink, 1.25);
    ring(content.chosen, this.theme.surface, 5);
    ring(content.chosen, this.theme.accent, 2.5);
    ring(this.hover, this.theme.ink, 1.5);
  }

  private drawAxes(context: CanvasRenderingContext2D, content: HeatmapContent, layout: Layout): void {
    const { slice, xName, yName } = content;
    context.font = `11px ${this.theme.font}`;
    context.fillStyle = this.theme.muted;
    context.textBaseline = 'top';
    context.textAlign = 'center';
    const bottom = layout.top + layout.height + 6;
    const widest = Math.max(...slice.xValues.map((value) => context.measureText(content.xText(value)).width));
    const everyX = Math.ceil((widest + 8) / layout.cellWidth);
    slice.xValues.forEach((value, index) => {
      if (index % everyX !== 0) return;
      context.fillText(content.xText(value), layout.left + (index + 0.5) * layout.cellWidth, bottom);
    });
    context.fillStyle = this.theme.ink;
    context.fillText(`${xName} →`, layout.left + layout.width / 2, bottom + 18, layout.width);
    if (yName === undefined) return;
    const everyY = Math.ceil(13 / layout.cellHeight);
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillStyle = this.theme.muted;
    slice.yValues.forEach((value, index) => {
      if (index % everyY !== 0) return;
      const y = layout.top + layout.height - (index + 0.5) * layout.cellHeight;
      context.fillText(content.yText(value), layout.left - 7, y);
    });
    context.save();
    context.translate(8, layout.top + layout.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'center';
    context.fillStyle = this.theme.ink;
    context.fillText(`${yName} →`, 0, 0, layout.height);
    context.restore();
  }

  private cellUnder(event: MouseEvent): number {
    const content = this.content;
    if (content === null) return -1;
    const layout = this.layout(content, this.element.clientWidth, this.canvas.getContext('2d')!);
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - layout.left) / layout.cellWidth);
    const line = Math.floor((layout.top + layout.height - (event.clientY - box.top)) / layout.cellHeight);
    const { xValues, yValues } = content.slice;
    if (column < 0 || line < 0 || column >= xValues.length || line >= yValues.length) return -1;
    return line * xValues.length + column;
  }

  private setHover(cell: number): void {
    if (cell === this.hover) return;
    this.hover = cell;
    this.draw();
    this.options.onHover(cell);
  }

  private onKey(event: KeyboardEvent): void {
    const content = this.content;
    if (content === null) return;
    const columns = content.slice.xValues.length;
    const start = this.hover >= 0 ? this.hover : Math.max(0, content.chosen, content.best);
    const [x, y] = [start % columns, Math.floor(start / columns)];
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    };
    const step = steps[event.key];
    if (step !== undefined) {
      const nextX = Math.max(0, Math.min(columns - 1, x + step[0]));
      const nextY = Math.max(0, Math.min(content.slice.yValues.length - 1, y + step[1]));
      this.setHover(nextY * columns + nextX);
    } else if (event.key === 'Enter' || event.key === ' ') this.options.onPick(start);
    else if (event.key === 'Escape') this.setHover(-1);
    else return;
    event.preventDefault();
  }
}
