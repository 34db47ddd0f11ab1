// What was found in candles, as a few aligned lines.
import type { QualityReport } from '../market/quality-report.ts';
import { formatCount, formatTime } from '../report/format.ts';
import { keyValueTable } from '../report/terminal.ts';
import { bold } from '../report/text-table.ts';
import type { TextOutput } from './host.ts';

export function qualityText(
  name: string,
  report: QualityReport,
  notes: readonly string[],
  contentHash: string,
  output: TextOutput,
): string {
  const { barCount, inputBarCount, firstTime, lastTime, zeroVolumeCount, flatCount } = report;
  const removed = inputBarCount - barCount;
  const rows = [
    {
      label: 'candles',
      value: `${formatCount(barCount)}${removed === 0 ? '' : ` of ${formatCount(inputBarCount)} read`}`,
    },
    { label: 'from', value: `${formatTime(firstTime)} UTC` },
    { label: 'to', value: `${formatTime(lastTime)} UTC` },
    ...(zeroVolumeCount > 0 ? [{ label: 'without volume', value: formatCount(zeroVolumeCount) }] : []),
    ...(flatCount > 0 ? [{ label: 'flat', value: formatCount(flatCount) }] : []),
    ...report.defects.map(({ kind, action }) => ({ label: kind, value: action })),
    ...(report.defects.length === 0 ? [{ label: 'defects', value: 'none' }] : []),
    ...notes.map((note) => ({ label: 'note', value: note })),
    { label: 'hash', value: contentHash },
  ];
  const style = { width: output.columns, color: output.color };
  return `${bold(name, output.color)}\n${indented(keyValueTable(rows, { ...style, width: style.width - 2 }))}\n`;
}

const indented = (text: string): string => text.replace(/^/gm, '  ');
