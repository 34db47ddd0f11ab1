// The list of stored candles as a table.

import { keyText } from '../market/candle-key.ts';
import { formatCount, formatTime } from '../report/format.ts';
import { type TextColumn, textTable } from '../report/text-table.ts';
import type { CandleStoreEntry } from '../store/candle-store.ts';
import type { TextOutput } from './host.ts';

export function candlesTable(entries: readonly CandleStoreEntry[], { columns: width, color }: TextOutput): string {
  if (entries.length === 0) return 'Nothing is stored yet. gridmill import FILE puts candles there.';
  const column = (
    heading: string,
    align: TextColumn['align'],
    priority: number,
    read: (entry: CandleStoreEntry) => string,
  ): TextColumn => ({ heading, align, priority, cells: entries.map(read) });
  return textTable(
    [
      column('Key', 'left', 0, (entry) => keyText(entry.key)),
      column('Candles', 'right', 0, ({ header }) => (header === undefined ? '' : formatCount(header.barCount))),
      column('From (UTC)', 'left', 1, ({ header, damage }) =>
        header === undefined ? `damaged: ${damage}` : formatTime(header.firstTime),
      ),
      column('To (UTC)', 'left', 1, ({ header }) => (header === undefined ? '' : formatTime(header.lastTime))),
      column('MB', 'right', 2, ({ bytes }) => (bytes / 1e6).toFixed(1)),
      column('Hash', 'left', 3, ({ header }) => header?.contentHash.slice(0, 12) ?? ''),
      column('Source', 'left', 4, ({ header }) => header?.source.slice(0, 40) ?? ''),
    ],
    { width, color },
  );
}
