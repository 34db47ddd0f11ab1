// What a strategy asked for, bar by bar, as numbers that an audit compares and as the words behind them.
import { seedOf } from '../core/hash.ts';

/** One number per bar: 0 where nothing was asked, otherwise one that stands for all that was. */
export class Journal {
  readonly values: Float64Array;
  private readonly texts = new Map<number, string>();
  private readonly asked: (string | undefined)[] = [];

  constructor(bars: number) {
    this.values = new Float64Array(bars);
  }

  note(bar: number, what: string, order: object): void {
    const given = Object.entries(order).filter(([, value]) => value !== undefined);
    const words = [what, ...given.map(([name, value]) => `${name} ${String(value)}`)].join(' ');
    const before = this.asked[bar];
    const all = before === undefined ? words : `${before}; ${words}`;
    this.asked[bar] = all;
    const value = seedOf(all);
    this.values[bar] = value;
    this.texts.set(value, all);
  }

  readonly wordsOf = (value: number): string => this.texts.get(value) ?? 'no order';
}
