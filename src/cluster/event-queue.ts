// Events in the order of their time; at the same time in the order in which they were put.

export interface EventQueue {
  readonly size: number;
  /** Of the first event; infinite when there is none. */
  readonly time: number;
  /** `what` is a number that the caller knows the meaning of. */
  put(time: number, what: number): void;
  /** Takes the first event out. Must not be called on an empty queue. */
  take(): number;
}

/** A binary heap. */
export function createEventQueue(): EventQueue {
  const times: number[] = [];
  const orders: number[] = [];
  const whats: number[] = [];
  let puts = 0;
  const isBefore = (a: number, b: number): boolean =>
    times[a]! < times[b]! || (times[a] === times[b] && orders[a]! < orders[b]!);
  const swap = (list: number[], a: number, b: number): void => {
    const kept = list[a]!;
    list[a] = list[b]!;
    list[b] = kept;
  };
  const exchange = (a: number, b: number): void => {
    swap(times, a, b);
    swap(orders, a, b);
    swap(whats, a, b);
  };
  const rise = (from: number): void => {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBefore(at, parent)) return;
      exchange(at, parent);
      at = parent;
    }
  };
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < times.length && isBefore(child, first)) first = child;
      if (first === at) return;
      exchange(at, first);
      at = first;
    }
  };
  return {
    get size() {
      return times.length;
    },
    get time() {
      return times[0] ?? Number.POSITIVE_INFINITY;
    },
    put(time, what) {
      times.push(time);
      orders.push(puts++);
      whats.push(what);
      rise(times.length - 1);
    },
    take() {
      const what = whats[0]!;
      exchange(0, times.length - 1);
      times.pop();
      orders.pop();
      whats.pop();
      sink(0);
      return what;
    },
  };
}
