// The chosen variant in each cell: its equity beside buy and hold, its metrics, and the command that runs it there.
import { formatCount, formatMetric, formatSignedPercent } from '../../src/report/format.ts';
import type { ManyReportCell, ManyReportCurve } from '../../src/report/many-report-data.ts';
import { metricHeading } from '../../src/report/metric-columns.ts';
import type { ManyRow } from '../../src/sweep/many-request.ts';
import { el, section, signClass, typeset } from '../dom.ts';
import { copyButton } from '../report/clipboard.ts';
import type { ManyPage } from './many-page.ts';
import { miniChart } from './mini-chart.ts';

const ALIGNED_WINDOWS_MAX = 6;

export function cellsSection(page: ManyPage): HTMLElement {
  const { data, selection } = page;
  const windows = data.cells.length / new Set(data.cells.map(({ market }) => market)).size;
  // Windows of one market side by side, markets below each other.
  const aligned = windows > 1 && windows <= ALIGNED_WINDOWS_MAX;
  const grid = el('div', {
    class: aligned ? 'cell-cards aligned' : 'cell-cards',
    style: aligned ? `--windows: ${windows}` : undefined,
  });
  const note = el('p', { class: 'footnote' });
  const code = el('code', {});
  let cell = 1;
  const write = (): void => {
    code.replaceChildren(data.reproduce.replace('{row}', String(selection.rank)).replace('{cell}', String(cell)));
    [...grid.children].forEach((one, i) => {
      one.setAttribute('aria-pressed', String(i + 1 === cell));
    });
  };
  selection.onVariant((rank) => {
    const row = data.rows[rank - 1]!;
    const curves = data.curves.filter((curve) => curve.rank === rank);
    const [low, high] = reachOf(curves);
    grid.replaceChildren(
      ...data.cells.map((one, i) =>
        card(page, one, row, curves[i], low, high, () => {
          cell = one.cell;
          write();
        }),
      ),
    );
    note.replaceChildren(
      curves.length === 0
        ? `Curves are stored for the first ${formatCount(new Set(data.curves.map((curve) => curve.rank)).size)} rows only.`
        : 'All charts share one scale; the thin line is buy and hold, which may leave it, the dotted one the initial cash. Choose a cell for the command that runs it.',
    );
    write();
  });
  const command = el(
    'div',
    { class: 'command-line' },
    code,
    copyButton('Copy', () => code.textContent ?? ''),
  );
  return section('cells', 'The chosen variant in each cell', [], grid, note, command);
}

/** One scale for all: a cell that made little must look like little. Buy and hold may leave it. */
function reachOf(curves: readonly ManyReportCurve[]): [number, number] {
  let low = 0;
  let high = 0;
  for (const { equity } of curves) {
    for (const value of equity) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low === high ? [-0.01, 0.01] : [low, high];
}

function card(
  { data }: ManyPage,
  cell: ManyReportCell,
  row: ManyRow,
  curve: ManyReportCurve | undefined,
  low: number,
  high: number,
  choose: () => void,
): HTMLElement {
  const values = row.cells[cell.cell - 1]!;
  const gain = values.totalReturn ?? null;
  const facts = data.metrics
    .filter(({ name }) => name !== 'totalReturn')
    .map((metric) =>
      el(
        'span',
        {},
        el('i', {}, metricHeading(metric)),
        ` ${typeset(formatMetric(values[metric.name] ?? null, metric.unit))}`,
      ),
    );
  const several = data.cells.some(({ market }) => market !== cell.market);
  const held = curve?.buyAndHold.at(-1);
  return el(
    'button',
    {
      type: 'button',
      class: 'cell-card',
      onclick: choose,
      title: `Cell ${cell.cell}: ${cell.firstBar} to ${cell.lastBar}`,
    },
    el(
      'span',
      { class: 'cell-head' },
      el('b', {}, several ? cell.market : `Window ${cell.cell}`),
      el('em', { class: signClass(gain) }, typeset(formatSignedPercent(gain))),
    ),
    el('span', { class: 'cell-when' }, `${cell.firstBar.slice(0, 10)} to ${cell.lastBar.slice(0, 10)}`),
    curve !== undefined && miniChart(curve, cell.bars, low, high),
    el(
      'span',
      { class: 'cell-facts' },
      ...facts,
      held !== undefined && el('span', {}, el('i', {}, 'Buy & hold'), ` ${typeset(formatSignedPercent(held))}`),
    ),
  );
}
