// Whether running a variant calls functions that the author of a strategy wrote.
import type { Strategy } from './strategy.ts';

/** Conditions over indicators do not; functions of signals or of columns, and bar strategies do. Controllers are ours. */
export function runsCode({ compute, program, signals }: Strategy): boolean {
  if (compute !== undefined || program?.kind === 'bars') return true;
  const seen = new Set<unknown>();
  const isCustom = (node: object): boolean => {
    if (seen.has(node)) return false;
    seen.add(node);
    if ((node as { readonly kind?: unknown }).kind === 'custom') return true;
    return 'inputs' in node && (node.inputs as readonly object[]).some(isCustom);
  };
  return Object.values(signals ?? {}).some((condition) => condition !== undefined && isCustom(condition));
}
