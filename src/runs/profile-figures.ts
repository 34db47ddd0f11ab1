// A peer's own figures as label and text, under the names that the peer gives them.
import { formatCount } from '../report/format.ts';
import type { ReportSetting } from '../report/report-data.ts';
import type { ProfileMetrics } from '../sweep/profile-metrics.ts';

/** Two decimals for amounts of a hundred and more, four digits otherwise; `–` where the peer has no number. */
export function figureText(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value)) return formatCount(value);
  if (Math.abs(value) >= 100) return value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return String(Number(value.toPrecision(4)));
}

export const figuresOf = (metrics: ProfileMetrics): ReportSetting[] =>
  Object.entries(metrics).map(([label, value]) => ({ label, value: figureText(value) }));
