// Entry of the report page: reads the embedded data and puts the sections together.
import 'uplot/dist/uPlot.min.css';
import './report.css';
import type { ManyReportData } from '../../src/report/many-report-data.ts';
import type { ReportData } from '../../src/report/report-data.ts';
import { append, type Child, el } from '../dom.ts';
import { manyPage } from '../many/many-page.ts';
import { assumptionsSection } from './assumptions.ts';
import { readEmbedded } from './embedded.ts';
import { landscapeSection } from './landscape.ts';
import { headline, masthead, variantBar } from './masthead.ts';
import { metricsSection } from './metrics.ts';
import { createPage } from './page.ts';
import { performanceSection } from './performance.ts';
import { rankingSection } from './ranking.ts';
import { Selection } from './selection.ts';
import { tradesSection } from './trades.ts';

const data = readEmbedded(document.getElementById('report-data')!.textContent!) as ReportData | ManyReportData;
append(document.getElementById('report')!, [
  ...('kind' in data ? manyPage(data) : sweepPage(data)),
  el(
    'footer',
    { class: 'colophon' },
    `Gridmill ${data.engineVersion}. Charts: TradingView Lightweight Charts (Apache-2.0) and uPlot (MIT). Times are UTC. Past results, simulated or real, do not predict future ones.`,
  ),
]);

function sweepPage(sweep: ReportData): Child[] {
  const page = createPage(sweep, new Selection(sweep.rows[0]?.rank ?? 1));
  const head = masthead(page);
  const sections =
    sweep.rows.length === 0
      ? [el('p', { class: 'empty' }, 'No variant was scored, so there is nothing to rank.')]
      : [
          headline(page),
          performanceSection(page),
          el('div', { class: 'side-by-side' }, rankingSection(page), landscapeSection(page)),
          tradesSection(page),
          metricsSection(page),
        ];
  return [head, sweep.rows.length > 0 && variantBar(page), el('main', {}, ...sections, assumptionsSection(page))];
}
