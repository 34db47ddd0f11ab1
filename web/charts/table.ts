// A sortable table that keeps only the visible rows in the page, driven by mouse or keyboard.
import { el } from '../dom.ts';

export interface TableColumn<T> {
  readonly key: string;
  readonly heading: string;
  /** Explains the heading on hover. */
  readonly title?: string;
  readonly align?: 'left' | 'right';
  readonly value: (row: T) => number | string | null | undefined;
  readonly text: (row: T) => string;
  readonly tone?: (row: T) => string;
  /** Characters the column holds at least. */
  readonly minWidth?: number;
  /** Direction of the first click. */
  readonly first?: 'ascending' | 'descending';
}

export interface TableOptions<T> {
  readonly label: string;
  readonly columns: readonly TableColumn<T>[];
  readonly key: (row: T) => number;
  readonly onPick: (row: T) => void;
  readonly emptyText: string;
  readonly sort?: { readonly key: string; readonly direction: 'ascending' | 'descending' };
}

const ROW_HEIGHT = 30;
const OVERSCAN = 8;
let tableCount = 0;

export class DataTable<T> {
  readonly element: HTMLElement;
  private readonly options: TableOptions<T>;
  private readonly id = `table${++tableCount}`;
  private readonly body = el('tbody', { role: 'rowgroup' });
  private readonly headCells: HTMLTableCellElement[];
  private all: readonly T[] = [];
  private sorted: readonly T[] = [];
  private sort: { key: string; direction: 'ascending' | 'descending' } | undefined;
  private selected: number | null = null;
  private drawn = '';

  constructor(options: TableOptions<T>) {
    this.options = options;
    this.sort = options.sort;
    this.headCells = options.columns.map((column) => this.headCell(column));
    const head = el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...this.headCells));
    this.element = el(
      'div',
      { class: 'table-scroll', role: 'grid', tabindex: 0, 'aria-label': options.label },
      el('table', { role: 'presentation' }, el('colgroup'), head, this.body),
    );
    this.element.addEventListener('scroll', () => this.draw(), { passive: true });
    this.element.addEventListener('keydown', (event) => this.onKey(event));
    this.body.addEventListener('click', (event) => this.onClick(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Shows these rows, sorted as before. */
  setRows(rows: readonly T[], fitColumns = true): void {
    this.all = rows;
    if (fitColumns) this.fitColumns();
    this.element.setAttribute('aria-rowcount', String(rows.length + 1));
    this.element.style.setProperty('--content-height', `${Math.max(3, rows.length) * ROW_HEIGHT + 50}px`);
    this.resort();
  }

  /** Rows in the order shown. */
  get rows(): readonly T[] {
    return this.sorted;
  }

  /** Marks a row as chosen and scrolls to it, without calling onPick. */
  select(key: number | null, scroll = true): void {
    this.selected = key;
    const index = this.indexOfSelected();
    if (scroll && index >= 0) this.reveal(index);
    this.draw(true);
  }

  private headCell(column: TableColumn<T>): HTMLTableCellElement {
    const button = el('button', { type: 'button', tabindex: -1, title: column.title }, column.heading);
    button.addEventListener('click', () => this.sortBy(column));
    return el(
      'th',
      { role: 'columnheader', class: column.align === 'left' ? 'left' : '', 'aria-sort': 'none' },
      button,
    );
  }

  private sortBy(column: TableColumn<T>): void {
    const first = column.first ?? 'descending';
    const other = first === 'ascending' ? 'descending' : 'ascending';
    const again = this.sort?.key === column.key && this.sort.direction === first;
    this.sort = { key: column.key, direction: again ? other : first };
    this.element.scrollTop = 0;
    this.resort();
  }

  private resort(): void {
    const { columns } = this.options;
    const column = columns.find((candidate) => candidate.key === this.sort?.key);
    columns.forEach((candidate, index) => {
      this.headCells[index]!.setAttribute('aria-sort', candidate === column ? this.sort!.direction : 'none');
    });
    const sign = this.sort?.direction === 'ascending' ? 1 : -1;
    this.sorted =
      column === undefined ? this.all : [...this.all].sort((a, b) => compare(column.value(a), column.value(b), sign));
    this.draw(true);
  }

  /** Column widths from the longest text, so that they stay put while scrolling. */
  private fitColumns(): void {
    const sample = this.all.length > 3000 ? this.all.filter((_, index) => index % 7 === 0) : this.all;
    const cols = this.options.columns.map((column) => {
      let length = Math.max(column.heading.length + 1.5, column.minWidth ?? 0);
      for (const row of sample) length = Math.max(length, column.text(row).length);
      const col = el('col');
      col.style.width = `calc(${Math.min(length, 40)}ch + 20px)`;
      return col;
    });
    this.element.querySelector('colgroup')!.replaceChildren(...cols);
  }

  private draw(force = false): void {
    const height = this.element.clientHeight;
    const from = Math.max(0, Math.floor(this.element.scrollTop / ROW_HEIGHT) - OVERSCAN);
    const to = Math.min(this.sorted.length, from + Math.ceil(height / ROW_HEIGHT) + 2 * OVERSCAN);
    const range = `${from}-${to}`;
    if (!force && range === this.drawn) return;
    this.drawn = range;
    const rows = this.sorted.slice(from, to).map((row, index) => this.rowElement(row, from + index));
    if (this.sorted.length === 0) {
      rows.push(
        el('tr', { class: 'none' }, el('td', { colspan: this.options.columns.length }, this.options.emptyText)),
      );
    }
    this.body.replaceChildren(spacer(from), ...rows, spacer(this.sorted.length - to));
    const active = this.indexOfSelected();
    if (active >= from && active < to) this.element.setAttribute('aria-activedescendant', `${this.id}-${active}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  private rowElement(row: T, index: number): HTMLTableRowElement {
    const chosen = this.options.key(row) === this.selected;
    return el(
      'tr',
      {
        role: 'row',
        id: `${this.id}-${index}`,
        class: chosen ? 'chosen' : undefined,
        'aria-selected': String(chosen),
        'aria-rowindex': index + 2,
        'data-index': index,
      },
      ...this.options.columns.map((column) =>
        el('td', { role: 'gridcell', class: `${column.align ?? ''} ${column.tone?.(row) ?? ''}` }, column.text(row)),
      ),
    );
  }

  private onClick(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>('tr[data-index]');
    if (row !== null) this.pick(Number(row.dataset['index']), false);
  }

  private onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2);
    const now = this.indexOfSelected();
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: this.sorted.length - 1,
    };
    const target = moves[event.key];
    if (target === undefined || event.target !== this.element) return;
    event.preventDefault();
    this.pick(Math.max(0, Math.min(this.sorted.length - 1, target)), true);
  }

  private pick(index: number, scroll: boolean): void {
    const row = this.sorted[index];
    if (row === undefined) return;
    this.select(this.options.key(row), scroll);
    this.options.onPick(row);
  }

  private indexOfSelected(): number {
    return this.sorted.findIndex((row) => this.options.key(row) === this.selected);
  }

  private reveal(index: number): void {
    const top = index * ROW_HEIGHT;
    const room = this.element.clientHeight - 2 * ROW_HEIGHT;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top > this.element.scrollTop + room) this.element.scrollTop = top - room;
  }
}

function spacer(rows: number): HTMLTableRowElement {
  const row = el('tr', { class: 'spacer', 'aria-hidden': 'true' });
  row.style.height = `${rows * ROW_HEIGHT}px`;
  return row;
}

/** Numbers by size, text by letters; missing values last in either direction. */
function compare(a: number | string | null | undefined, b: number | string | null | undefined, sign: number): number {
  const aMissing = a === null || a === undefined;
  const bMissing = b === null || b === undefined;
  if (aMissing || bMissing) return Number(aMissing) - Number(bMissing);
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en');
}
