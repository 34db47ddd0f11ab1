// Values of an audit in words, where a number would be a code.
import type { EventSignals, TargetSignals } from '../strategy/strategy.ts';

/** +1, 0, -1 of a signal function. */
export const targetWord = (value: number): string => (value > 0 ? 'long' : value < 0 ? 'short' : 'flat');

/** 1 or 0 of a condition. */
export const conditionWord = (value: number): string => String(value === 1);

const WORDS: Readonly<Record<string, string>> = {
  enterLong: 'enter long',
  exitLong: 'exit long',
  enterShort: 'enter short',
  exitShort: 'exit short',
};

/** Words for a number whose bit n says that member n of `signals` is true. */
export function signalWords(signals: EventSignals | TargetSignals): (flags: number) => string {
  const names = Object.keys(signals).map((name) => WORDS[name] ?? name);
  const none = 'long' in signals || 'short' in signals ? 'flat' : 'no signal';
  return (flags) => names.filter((_, n) => ((flags >> n) & 1) === 1).join(' and ') || none;
}
