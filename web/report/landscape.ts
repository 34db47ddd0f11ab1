// The parameter landscape: a heatmap of any two parameters, any metric, the others fixed or at their best.
import type { MetricName } from '../../src/metrics/metrics.ts';
import { formatCount } from '../../src/report/format.ts';
import { axisValues, BEST, type GridSlice, sliceGrid } from '../../src/report/grid-slice.ts';
import type { ReportGrid, ReportMetric, ReportRow } from '../../src/report/report-data.ts';
import { type ColourScale, colourScale, neutralValue } from '../charts/colour-scale.ts';
import { Heatmap } from '../charts/heatmap.ts';
import { type ChartTheme, onThemeChange, readTheme } from '../charts/theme.ts';
import { dropDown, el, emptyState, section } from '../dom.ts';
import { axisName, axisText, metricText, type Page } from './page.ts';

export function landscapeSection(page: Page): HTMLElement {
  const { grid } = page.data;
  const varied =
    grid === undefined ? [] : grid.paramNames.flatMap((_, p) => (axisValues(grid, p).length > 1 ? [p] : []));
  if (grid === undefined || varied.length === 0) {
    return section(
      'landscape',
      'Parameter landscape',
      [],
      emptyState('No parameter was varied in this run, so there is nothing to compare.'),
    );
  }
  return new Landscape(page, grid, varied).element;
}

class Landscape {
  readonly element: HTMLElement;
  private readonly page: Page;
  private readonly grid: ReportGrid;
  private readonly varied: readonly number[];
  private readonly metrics: readonly ReportMetric[];
  private readonly heatmap: Heatmap;
  private readonly fields = el('div', { class: 'fields' });
  private readonly legend = el('div', { class: 'legend' });
  private readonly readout = el('p', { class: 'footnote cell-readout', role: 'status' });
  private readonly rankOf: ReadonlyMap<string, number>;
  private readonly fixed = new Map<number, number | null>();
  private metric: ReportMetric;
  private x: number;
  private y: number | undefined;
  private slice!: GridSlice;

  constructor(page: Page, grid: ReportGrid, varied: readonly number[]) {
    this.page = page;
    this.grid = grid;
    this.varied = varied;
    this.metrics = page.data.metricDefinitions.filter(({ name }) => grid.metrics[name] !== undefined);
    this.metric = this.metrics.find(({ name }) => name === page.data.rankedBy) ?? this.metrics[0]!;
    this.x = varied[0]!;
    this.y = varied[1];
    this.rankOf = new Map(page.data.rows.map((row) => [rowKey(grid, row), row.rank]));
    this.heatmap = new Heatmap({ onHover: (cell) => this.describe(cell), onPick: (cell) => this.pick(cell) });
    this.element = section(
      'landscape',
      'Parameter landscape',
      [],
      this.fields,
      this.heatmap.element,
      this.legend,
      this.readout,
      ...(grid.capped
        ? [
            el(
              'p',
              { class: 'footnote' },
              `Shows ${formatCount(this.rowCount)} of ${formatCount(grid.total)} scored variants: ${grid.capRule ?? 'the report keeps a part.'}`,
            ),
          ]
        : []),
    );
    this.drawFields();
    onThemeChange(() => this.drawLegend());
    page.selection.onVariant(() => this.draw());
  }

  private get rowCount(): number {
    return this.grid.params[0]?.length ?? 0;
  }

  private drawFields(): void {
    const { grid, varied } = this;
    const names = varied.map((p) => [String(p), axisName(grid.paramNames[p]!)] as const);
    const redraw = (): void => {
      this.drawFields();
      this.draw();
    };
    const axes =
      this.y === undefined
        ? []
        : [
            dropDown('Across', names, String(this.x), (picked) => {
              if (Number(picked) === this.y) this.y = this.x;
              this.x = Number(picked);
              redraw();
            }),
            dropDown('Up', names, String(this.y), (picked) => {
              if (Number(picked) === this.x) this.x = this.y!;
              this.y = Number(picked);
              redraw();
            }),
          ];
    const others = varied.filter((p) => p !== this.x && p !== this.y);
    for (const p of [this.x, this.y]) if (p !== undefined) this.fixed.delete(p);
    this.fields.replaceChildren(
      dropDown(
        'Metric',
        this.metrics.map(({ name, label }) => [name, label] as const),
        this.metric.name,
        (picked) => {
          this.metric = this.metrics.find(({ name }) => name === (picked as MetricName))!;
          this.draw();
        },
      ),
      ...axes,
      ...others.map((p) => this.fixedField(p)),
    );
  }

  private fixedField(p: number): HTMLElement {
    const name = this.grid.paramNames[p]!;
    const values = axisValues(this.grid, p);
    const options = [[BEST, 'best'] as const, ...values.map((value, i) => [String(i), axisText(name, value)] as const)];
    const now = this.fixed.has(p) ? String(values.indexOf(this.fixed.get(p)!)) : BEST;
    return dropDown(axisName(name), options, now, (picked) => {
      if (picked === BEST) this.fixed.delete(p);
      else this.fixed.set(p, values[Number(picked)]!);
      this.draw();
    });
  }

  private draw(): void {
    const { grid, metric, x, y, fixed } = this;
    this.slice = sliceGrid(grid, { metric: metric.name, better: metric.better, x, y, fixed });
    const row = this.page.row(this.page.selection.rank);
    const xName = grid.paramNames[x]!;
    const yName = y === undefined ? undefined : grid.paramNames[y]!;
    this.heatmap.setContent({
      slice: this.slice,
      xName: axisName(xName),
      yName: yName === undefined ? undefined : axisName(yName),
      xText: (value) => axisText(xName, value),
      yText: (value) => axisText(yName ?? '', value),
      scale: (theme) => this.scale(theme),
      text: (value) => metricText(metric, value),
      chosen: row === undefined ? -1 : this.cellOf(row),
      best: this.bestCell(),
    });
    this.drawLegend();
    this.describe(-1);
  }

  /** The cell the row falls in by its axes, whatever the other parameters are. */
  private cellOf(row: ReportRow): number {
    const { xValues, yValues } = this.slice;
    const column = xValues.indexOf(rowValue(row, this.grid.paramNames[this.x]!));
    const line = this.y === undefined ? 0 : yValues.indexOf(rowValue(row, this.grid.paramNames[this.y]!));
    return column < 0 || line < 0 ? -1 : line * xValues.length + column;
  }

  private bestCell(): number {
    const sign = this.metric.better === 'higher' ? 1 : -1;
    let best = -1;
    this.slice.cells.forEach(({ value }, cell) => {
      if (value !== null && (best < 0 || sign * value > sign * this.slice.cells[best]!.value!)) best = cell;
    });
    return best;
  }

  private scale(theme: ChartTheme): ColourScale {
    const values = this.slice.cells.flatMap(({ value }) => (value === null ? [] : [value]));
    const centre = neutralValue(this.metric.name, this.page.data.initialCash);
    return colourScale(values, { centre, better: this.metric.better, dark: theme.dark });
  }

  private drawLegend(): void {
    if (this.bestCell() < 0) {
      this.legend.replaceChildren(`No variant here has a value for ${this.metric.label}.`);
      return;
    }
    const scale = this.scale(readTheme());
    const steps = 24;
    const colours = Array.from({ length: steps + 1 }, (_, i) =>
      scale.colour(scale.low + ((scale.high - scale.low) * i) / steps),
    );
    const bar = el('span', { class: 'legend-bar' });
    bar.style.background = `linear-gradient(to right, ${colours.join(', ')})`;
    if (scale.centre !== undefined) {
      const mark = el('span', { class: 'legend-centre' }, metricText(this.metric, scale.centre));
      mark.style.left = `${(100 * (scale.centre - scale.low)) / (scale.high - scale.low)}%`;
      bar.append(mark);
    }
    this.legend.replaceChildren(
      el('span', {}, `${scale.clippedLow ? '≤ ' : ''}${metricText(this.metric, scale.low)}`),
      bar,
      el('span', {}, `${scale.clippedHigh ? '≥ ' : ''}${metricText(this.metric, scale.high)}`),
    );
  }

  /** Says what lies under the pointer; without one, what the rings mean. */
  private describe(cell: number): void {
    const found = this.slice.cells[cell];
    if (found === undefined) {
      this.readout.replaceChildren(
        'The chosen variant has the blue ring, the best cell a thin one. Point at a cell to read it; click to choose it if it is among the ranked rows.',
      );
      return;
    }
    if (found.row < 0) {
      this.readout.replaceChildren('No variant was scored here.');
      return;
    }
    const { grid } = this;
    const parts = this.varied.map(
      (p) => `${axisName(grid.paramNames[p]!)} ${axisText(grid.paramNames[p]!, grid.params[p]![found.row]!)}`,
    );
    const rank = this.rankOf.get(gridKey(grid, found.row));
    this.readout.replaceChildren(
      el('b', {}, `${this.metric.label} ${metricText(this.metric, found.value)}`),
      ` at ${parts.join(', ')}`,
      found.variants > 1 ? `; best of ${formatCount(found.variants)} in this cell` : '',
      rank === undefined
        ? '; not among the ranked rows, so it cannot be opened (sweep with a larger --top).'
        : `; rank ${formatCount(rank)}.`,
    );
  }

  private pick(cell: number): void {
    const found = this.slice.cells[cell];
    if (found === undefined || found.row < 0) return;
    const rank = this.rankOf.get(gridKey(this.grid, found.row));
    if (rank === undefined) this.describe(cell);
    else this.page.selection.pickVariant(rank);
  }
}

const rowValue = (row: ReportRow, name: string): number | null =>
  row.params[name] ?? (row.risk as Readonly<Record<string, number | undefined>>)[name] ?? null;

const rowKey = (grid: ReportGrid, row: ReportRow): string =>
  grid.paramNames.map((name) => rowValue(row, name)).join(' ');

const gridKey = (grid: ReportGrid, index: number): string => grid.params.map((column) => column[index]).join(' ');
