// Commands inside sentences, under the name this program was called by: ./gridmill from a checkout, gridmill elsewhere.

// The table of commands loads the files that print such sentences, so it cannot be asked for the names.
const NAMES =
  'demo|sweep|optimize|run|diff|check|init|strategies|profiles|import|fetch|data|results|variants|studies|store|report|serve|worker|shard|image|cloud';

const COMMAND = new RegExp(`(?<![\\w./-])gridmill(?= (?:(?:${NAMES})\\b|--help|\\[))`, 'g');

/** `text` with each `gridmill sweep …` as it must be typed here. */
export function asCalled(text: string, { calledAs }: { readonly calledAs: string }): string {
  return calledAs === 'gridmill' ? text : text.replace(COMMAND, () => calledAs);
}
