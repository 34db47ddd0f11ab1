// Draws plain-text tables: aligned columns, a ruled header, and columns dropped from the right when they do not fit.

export interface TextColumn {
  readonly heading: string;
  readonly align: 'left' | 'right';
  readonly cells: readonly string[];
  /** Columns with the highest number go first when the table is too wide; 0 stays always. */
  readonly priority: number;
  /** Paints a padded cell; must not change its visible width. */
  readonly paint?: (padded: string, row: number) => string;
}

export interface TextStyle {
  /** Characters per line. */
  readonly width: number;
  readonly color: boolean;
}

const GAP = '  ';

export const dim = (text: string, color: boolean): string => (color ? `\x1b[2m${text}\x1b[22m` : text);
export const bold = (text: string, color: boolean): string => (color ? `\x1b[1m${text}\x1b[22m` : text);

/** Green for gains and red for losses; the sign says the same without colour. */
export function paintSigned(text: string, value: number | null | undefined, color: boolean): string {
  if (!color || value === null || value === undefined || value === 0) return text;
  return `\x1b[${value > 0 ? 32 : 31}m${text}\x1b[39m`;
}

/** Characters a terminal shows; wide (East Asian, emoji) characters count two. */
export function visibleWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1;
  return width;
}

/** Lines of the table, without a final newline. A last line names the columns that did not fit. */
export function textTable(columns: readonly TextColumn[], style: TextStyle): string {
  const widths = new Map(columns.map((column) => [column, columnWidth(column)]));
  const shown = fitColumns(columns, widths, style.width);
  const pad = (text: string, column: TextColumn): string => {
    const fill = ' '.repeat(Math.max(0, widths.get(column)! - visibleWidth(text)));
    return column.align === 'left' ? text + fill : fill + text;
  };
  const rowCount = Math.max(0, ...shown.map((column) => column.cells.length));
  const lines = [
    bold(
      shown
        .map((column) => pad(column.heading, column))
        .join(GAP)
        .trimEnd(),
      style.color,
    ),
    dim(shown.map((column) => '─'.repeat(widths.get(column)!)).join(GAP), style.color),
  ];
  for (let row = 0; row < rowCount; row++) {
    const cells = shown.map((column) => {
      const padded = pad(column.cells[row] ?? '', column);
      return column.paint === undefined ? padded : column.paint(padded, row);
    });
    lines.push(cells.join(GAP).trimEnd());
  }
  const hidden = columns.filter((column) => !shown.includes(column));
  if (hidden.length > 0)
    lines.push(dim(`not shown: ${hidden.map((column) => column.heading).join(', ')}`, style.color));
  return lines.join('\n');
}

const columnWidth = (column: TextColumn): number =>
  column.cells.reduce((width, cell) => Math.max(width, visibleWidth(cell)), visibleWidth(column.heading));

function fitColumns(
  columns: readonly TextColumn[],
  widths: ReadonlyMap<TextColumn, number>,
  width: number,
): readonly TextColumn[] {
  let shown = columns;
  const total = (): number => shown.reduce((sum, column) => sum + widths.get(column)! + GAP.length, -GAP.length);
  while (total() > width) {
    const last = shown.reduce((worst, column) => (column.priority >= worst.priority ? column : worst));
    if (last.priority === 0) break;
    shown = shown.filter((column) => column !== last);
  }
  return shown;
}
