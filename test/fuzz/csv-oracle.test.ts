// The byte parser against csv-parse and Number() on generated files, well formed and damaged, in random chunks.
import { parse as csvParse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { CsvCandleParser } from '../../src/feeds/csv-candles.ts';
import type { RawCandles } from '../../src/feeds/raw-candles.ts';
import { CANDLE_COLUMNS } from '../../src/market/candles.ts';

const SEED = Number(process.env['CSV_SEED'] ?? 20_241_120);
const replay = (seed: number): string =>
  `replay: CSV_SEED=${seed} npx vitest run --project fast test/fuzz/csv-oracle.test.ts`;

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.nextBelow(items.length)]!;

const HEADERS = {
  time: ['t', 'Time', 'TIMESTAMP', 'date', 'Open time', 'open_time', '<TIME>'],
  open: ['o', 'Open', 'OPEN'],
  high: ['h', 'High', '<HIGH>'],
  low: ['l', 'low'],
  close: ['c', 'Close'],
  volume: ['v', 'Volume', 'vol'],
} as const;

function numberText(prng: Prng): string {
  const price = prng.next() * 10 ** (prng.nextBelow(12) - 4);
  switch (prng.nextBelow(9)) {
    case 0:
      return String(price);
    case 1:
      return price.toExponential(prng.nextBelow(18));
    case 2:
      return `${prng.nextBelow(100_000)}`;
    case 3:
      return `+${price.toFixed(3)}`;
    case 4:
      return `-${price.toFixed(5)}`;
    case 5:
      return `${prng.nextBelow(1_000)}${prng.nextUint32()}${prng.nextUint32()}.${prng.nextUint32()}${prng.nextUint32()}`;
    case 6:
      return price.toFixed(20);
    case 7:
      return `.${prng.nextBelow(1_000)}`;
    default:
      return price.toFixed(8);
  }
}

interface Made {
  readonly text: string;
  readonly delimiter: string;
  /** Index of each candle column; -1 without a volume column. */
  readonly at: readonly number[];
  readonly hasHeader: boolean;
}

function makeFile(prng: Prng): Made {
  const delimiter = pick(prng, [',', ';', '\t']);
  const lineEnd = pick(prng, ['\n', '\r\n']);
  const hasHeader = prng.nextBelow(4) > 0;
  const names: string[] = CANDLE_COLUMNS.map((column) => (hasHeader ? pick(prng, HEADERS[column]) : column));
  const roles: number[] = [0, 1, 2, 3, 4, 5];
  if (hasHeader) {
    if (prng.nextBelow(4) === 0) roles.pop();
    for (let extra = prng.nextBelow(4); extra > 0; extra--) roles.push(-extra);
    for (let last = roles.length - 1; last > 0; last--) {
      const other = prng.nextBelow(last + 1);
      [roles[last], roles[other]] = [roles[other]!, roles[last]!];
    }
  }
  const quote = (text: string): string => (prng.nextBelow(8) === 0 ? `"${text}"` : text);
  const padded = (text: string): string => (prng.nextBelow(10) === 0 ? ` ${text}  ` : text);
  const junk = (): string =>
    pick(prng, ['', 'x', '"a b"', '"with ""quotes"""', `"${delimiter}"`, '"two\nlines"', 'é', '12.5', '0', '"\r\n"']);
  let stamp = 1_600_000_000_000 + prng.nextBelow(1_000_000) * 60_000;
  const unit = prng.nextBelow(4);
  const time = (): string => {
    stamp += 60_000;
    return unit === 0
      ? `${stamp / 1_000}`
      : unit === 1
        ? `${stamp}`
        : unit === 2
          ? `${stamp}000`
          : new Date(stamp).toISOString();
  };
  const lines: string[] = [];
  if (hasHeader) lines.push(roles.map((role) => quote(role < 0 ? `extra${-role}` : names[role]!)).join(delimiter));
  const rows = 1 + prng.nextBelow(12);
  for (let row = 0; row < rows; row++) {
    const cells = roles.map((role) => (role < 0 ? junk() : role === 0 ? time() : padded(quote(numberText(prng)))));
    lines.push(cells.join(delimiter));
    if (prng.nextBelow(20) === 0) lines.push('');
  }
  const bom = prng.nextBelow(5) === 0 ? '\ufeff' : '';
  const text = bom + lines.join(lineEnd) + (prng.nextBelow(2) === 0 ? lineEnd : '');
  return { text, delimiter, at: CANDLE_COLUMNS.map((_, role) => roles.indexOf(role)), hasHeader };
}

function parseOurs(bytes: Uint8Array, prng: Prng): RawCandles {
  const parser = new CsvCandleParser('fuzz.csv');
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + prng.nextBelow(prng.nextBelow(2) === 0 ? 7 : 400);
    parser.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parser.finish();
}

function parseOracle(made: Made, text: string): number[][] {
  const options = { bom: true, delimiter: made.delimiter, skip_empty_lines: true, trim: true };
  const records = csvParse(text, options) as string[][];
  return records.slice(made.hasHeader ? 1 : 0).map((record) =>
    made.at.map((at, role) => {
      const cell = at < 0 ? '0' : record[at]!;
      if (role > 0) return Number(cell);
      return cell.includes('-')
        ? Date.parse(cell)
        : (Number(cell) * (cell.length === 10 ? 1_000 : 1)) / (cell.length === 16 ? 1_000 : 1);
    }),
  );
}

const difference = (ours: RawCandles, rows: readonly number[][]): string | undefined => {
  if (ours.sourceRows !== rows.length) return `${ours.sourceRows} rows where csv-parse finds ${rows.length}`;
  for (let row = 0; row < rows.length; row++) {
    for (let role = 0; role < CANDLE_COLUMNS.length; role++) {
      const value = ours.columns[CANDLE_COLUMNS[role]!][row]!;
      if (!Object.is(value, rows[row]![role]))
        return `row ${row}, ${CANDLE_COLUMNS[role]}: ${value} where csv-parse has ${rows[row]![role]}`;
    }
  }
  return undefined;
};

test('2,000 generated files give the bits that csv-parse and Number() give', () => {
  console.log(replay(SEED));
  const prng = createPrng(SEED);
  for (let round = 0; round < 2_000; round++) {
    const made = makeFile(prng);
    const found = difference(parseOurs(Buffer.from(made.text), prng), parseOracle(made, made.text));
    if (found !== undefined) expect.fail(`round ${round}: ${found}\n${JSON.stringify(made.text)}\n${replay(SEED)}`);
  }
}, 30_000);

test('2,000 damaged files are refused with a typed error, or read as csv-parse reads them', () => {
  const prng = createPrng(SEED + 1);
  let refused = 0;
  for (let round = 0; round < 2_000; round++) {
    const made = makeFile(prng);
    const bytes = Buffer.from(made.text);
    const at = prng.nextBelow(bytes.length);
    const damaged =
      prng.nextBelow(2) === 0
        ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + prng.nextBelow(3))])
        : Buffer.concat([
            bytes.subarray(0, at),
            Buffer.from(pick(prng, ['"', ',', '\r', '\0', 'e', '\n', '-', ' ', 'é'])),
            bytes.subarray(at),
          ]);
    let ours: RawCandles;
    try {
      ours = parseOurs(damaged, prng);
    } catch (error) {
      if (!isAppError(error))
        expect.fail(`round ${round}: untyped ${String(error)}\n${JSON.stringify(damaged.toString())}\n${replay(SEED)}`);
      refused++;
      continue;
    }
    // Damage to the header or to a time may rightly change what is read; the numbers below must still agree.
    let rows: number[][];
    try {
      rows = parseOracle(made, damaged.toString());
    } catch {
      continue;
    }
    if (rows.length !== ours.sourceRows || rows.some((row) => row.some((value) => Number.isNaN(value)))) continue;
    for (let row = 0; row < rows.length; row++) {
      if (made.hasHeader && at < made.text.indexOf('\n')) break;
      const close = ours.columns.close[row];
      if (!Object.is(close, rows[row]![4]))
        expect.fail(`round ${round}: ${close}\n${JSON.stringify(damaged.toString())}\n${replay(SEED)}`);
    }
  }
  expect(refused).toBeGreaterThan(400);
}, 30_000);
