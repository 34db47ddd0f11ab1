// The values of one piece as an object: a line that says what they are, and the numbers.
import { sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { PieceValues } from '../sweep/many-scores.ts';
import type { ScoringEngine } from '../sweep/request.ts';
import { anotherResult } from './hand-in.ts';
import { pieceKey } from './manifest.ts';
import type { ObjectStore } from './object-store.ts';

/** SHA-256 over the numbers; little-endian, values first. */
export interface StoredPiece extends PieceValues {
  readonly hash: string;
  readonly engine: ScoringEngine;
}

interface Head {
  readonly format: 'gridmill-piece';
  readonly run: string;
  readonly piece: number;
  readonly rows: number;
  readonly hash: string;
  readonly engine: ScoringEngine;
}

const LINE_END = 10;

const payloadOf = ({ values, meets }: PieceValues): Buffer => {
  // One NaN: which bits it has differs between processors, and two attempts must come to the same bytes.
  const same = values.map((value) => (Number.isNaN(value) ? Number.NaN : value));
  return Buffer.concat([new Uint8Array(same.buffer), meets]);
};

/** Undefined when it is not there, or not whole. Errors: those of the store. */
export async function readPiece(objects: ObjectStore, run: string, piece: number): Promise<StoredPiece | undefined> {
  const bytes = await objects.get(pieceKey(run, piece), LIMITS.partBytesMax * 2);
  return bytes === undefined ? undefined : decoded(bytes, run, piece);
}

function decoded(bytes: Uint8Array, run: string, piece: number): StoredPiece | undefined {
  const end = bytes.indexOf(LINE_END);
  let head: Head;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)))) as Head;
  } catch {
    return undefined;
  }
  const payload = bytes.subarray(end + 1);
  const { format, rows, hash, engine } = head;
  const isOwn = format === 'gridmill-piece' && head.run === run && head.piece === piece;
  const valueBytes = payload.byteLength - rows;
  if (!isOwn || !(valueBytes >= 0) || valueBytes % 8 !== 0 || sha256Hex(payload) !== hash) return undefined;
  // Copied: numbers must begin at a multiple of eight bytes.
  return {
    hash,
    engine,
    values: new Float64Array(payload.slice(0, valueBytes).buffer),
    meets: payload.slice(valueBytes),
  };
}

/** Answers the hash of the values. Errors: those of the store; RESULT_CORRUPT when other values stand there already. */
export async function putPiece(
  objects: ObjectStore,
  run: string,
  piece: number,
  scored: PieceValues & { readonly engine: ScoringEngine },
): Promise<string> {
  const payload = payloadOf(scored);
  const hash = sha256Hex(payload);
  const { engine } = scored;
  const head: Head = { format: 'gridmill-piece', run, piece, rows: scored.meets.length, hash, engine };
  const bytes = Buffer.concat([new TextEncoder().encode(`${JSON.stringify(head)}\n`), payload]);
  const key = pieceKey(run, piece);
  if ((await objects.create(key, bytes)) !== 'taken') return hash;
  const there = await readPiece(objects, run, piece);
  // What is not whole is nobody's result.
  if (there === undefined) await objects.put(key, bytes);
  else if (there.hash !== hash) throw anotherResult(`${objects.uri}/${key}`);
  return hash;
}
