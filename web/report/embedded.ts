// Reads the embedded data and disarms characters that could reorder or hide text on the page or in a copied command.
import { plainText } from '../../src/report/format.ts';

/** Parsed JSON with every string and every key made plain; sources keep their line breaks and tabs. */
export function readEmbedded(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (typeof value === 'string') return key === 'source' ? plainLines(value) : plainText(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    if (entries.every(([name]) => plainText(name) === name)) return value;
    return Object.fromEntries(entries.map(([name, inner]) => [plainText(name), inner]));
  });
}

const plainLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(plainText).join('\t'))
    .join('\n');
