// placeholder
import type { Strategy } from '../strategy/strategy.ts';
import type { Window } from '../sweep/window.ts';
import type { ManyRecord } from './many-record.ts';
export function renderManyReport(
  _record: ManyRecord,
  _id: string,
  _strategy: Strategy,
  _windows: readonly Window[],
): string {
  return '';
}
