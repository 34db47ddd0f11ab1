// Which variant and which trade the page is looking at, and who wants to know.

type Listener<T> = (value: T) => void;

export class Selection {
  private readonly variantListeners: Listener<number>[] = [];
  private readonly tradeListeners: Listener<number | null>[] = [];
  rank: number;
  trade: number | null = null;

  constructor(rank: number) {
    this.rank = rank;
  }

  /** Calls back now and after every change. */
  onVariant(listener: Listener<number>): void {
    this.variantListeners.push(listener);
    listener(this.rank);
  }

  /** Calls back after every change; null = no trade. */
  onTrade(listener: Listener<number | null>): void {
    this.tradeListeners.push(listener);
  }

  pickVariant(rank: number): void {
    if (rank === this.rank) return;
    this.rank = rank;
    this.trade = null;
    for (const listener of this.variantListeners) listener(rank);
  }

  pickTrade(trade: number | null): void {
    this.trade = trade;
    for (const listener of this.tradeListeners) listener(trade);
  }
}
