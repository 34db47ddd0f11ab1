// Unpacks LZ4 frames (LZ4 frame format 1.6) into a buffer of known size, with every read and write inside its bounds.

const MAGIC = 0x184d2204;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const DICTIONARY_ID = 0x01;
const STORED = 0x80000000;
const MATCH_MIN = 4;

/**
 * Writes the content of the one frame in `packed` to `target` and answers its length. Checksums are not verified. Throws
 * an Error when the frame is damaged, needs a dictionary, or holds more than `target`.
 */
export function unpackLz4Frame(packed: Uint8Array, target: Uint8Array): number {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const flags = packed[4] ?? 0;
  if (packed.length < 11 || view.getUint32(0, true) !== MAGIC || flags >> 6 !== 1) throw new Error('no LZ4 frame');
  if ((flags & DICTIONARY_ID) !== 0) throw new Error('the LZ4 frame needs a dictionary');
  let at = 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8);
  let written = 0;
  for (;;) {
    if (at + 4 > packed.length) throw new Error('the LZ4 frame is cut off');
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) return written;
    const size = head >= STORED ? head - STORED : head;
    if (at + size > packed.length) throw new Error('an LZ4 block is cut off');
    if (head >= STORED) {
      if (written + size > target.length) throw new Error('an LZ4 block is too long');
      target.set(packed.subarray(at, at + size), written);
      written += size;
    } else written = unpackBlock(packed, at, at + size, target, written);
    at += size + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4);
  }
}

/** Unpacks the block in bytes [start, end) of `packed` to `target` from `written` on; answers where it stopped. */
function unpackBlock(packed: Uint8Array, start: number, end: number, target: Uint8Array, written: number): number {
  let from = start;
  let to = written;
  while (from < end) {
    const token = packed[from++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && from < end) literals += more = packed[from++]!;
    }
    if (from + literals > end || to + literals > target.length) throw new Error('LZ4 literals out of bounds');
    for (const stop = from + literals; from < stop; ) target[to++] = packed[from++]!;
    // The last sequence of a block has literals only.
    if (from === end) return to;
    if (from + 2 > end) throw new Error('an LZ4 block is cut off');
    const distance = packed[from]! | (packed[from + 1]! << 8);
    from += 2;
    let length = (token & 15) + MATCH_MIN;
    if (length === 15 + MATCH_MIN) {
      let more = 255;
      while (more === 255 && from < end) length += more = packed[from++]!;
    }
    if (distance === 0 || distance > to || to + length > target.length) throw new Error('an LZ4 match out of bounds');
    // Byte by byte on purpose: a match may overlap what it writes.
    for (const stop = to + length; to < stop; to++) target[to] = target[to - distance]!;
  }
  throw new Error('an LZ4 block is cut off');
}
