// Lists of task numbers as text: 0-3,7.

/** Variable with the tasks of the children of an array that are not 0, 1, 2 …: said to them with their job, read by `gridmill shard run`. */
export const TASKS_NAME = 'GRIDMILL_SHARD_INDICES';

/** `0-3,7` for 0, 1, 2, 3, 7. */
export function ranges(indices: readonly number[]): string {
  const parts: string[] = [];
  const sorted = [...indices].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === sorted[end]! + 1) end++;
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}

/** The numbers again, in order; undefined for what is no such list, and beyond `countMax` numbers. */
export function parseRanges(text: string, countMax: number): number[] | undefined {
  const found: number[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) return undefined;
    if (found.length + Number(last) - Number(first) >= countMax) return undefined;
    for (let index = Number(first); index <= Number(last); index++) found.push(index);
  }
  return found;
}
