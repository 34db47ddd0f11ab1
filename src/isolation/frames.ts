// Messages as bytes on a pipe: four bytes of length, then the value as V8 serialises it.
import { deserialize, serialize } from 'node:v8';

/** Captured, as guards take them away. */
const [toBytes, fromBytes] = [serialize, deserialize];

const HEAD_BYTES = 4;
/** Of any message: what the length can say. */
export const FRAME_BYTES_MAX = 2 ** 32 - 1;

/** One message, ready to be written. Views of shared memory become copies. */
export function frameOf(message: unknown): Buffer {
  const body = toBytes(message);
  if (body.length > FRAME_BYTES_MAX) throw new RangeError(`a message of ${body.length} bytes`);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/**
 * Puts messages together again from pieces of any size, for `onMessage`. Throws for a message longer than `bytesMax`, as
 * soon as its length is known, and for one that does not read.
 */
export function frameReader(bytesMax: number, onMessage: (message: unknown) => void): (piece: Uint8Array) => void {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let wanted = HEAD_BYTES;
  let isHead = true;
  return (piece) => {
    pieces.push(piece);
    held += piece.length;
    while (held >= wanted) {
      const all = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, held);
      const part = all.subarray(0, wanted);
      const rest = all.subarray(wanted);
      pieces = rest.length === 0 ? [] : [rest];
      held = rest.length;
      if (isHead) {
        wanted = new DataView(part.buffer, part.byteOffset).getUint32(0, true);
        if (wanted > bytesMax) throw new RangeError(`a message of ${wanted} bytes`);
      } else {
        onMessage(fromBytes(part));
        wanted = HEAD_BYTES;
      }
      isHead = !isHead;
    }
  };
}
