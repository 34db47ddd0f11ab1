// Refuses Arrow files whose metadata lists more than the bytes hold, before a decoder allocates for them.

const MAGIC = 'ARROW1';
const SCHEMA = 1;
const DICTIONARY_BATCH = 2;
const RECORD_BATCH = 3;
const DEPTH_MAX = 32;

/** Flatbuffer access over one metadata block. Positions are checked on every read. */
class Metadata {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  /** Position of member `slot` of the table that the offset at `at` points to, or 0 when the member is absent. */
  member(at: number, slot: number): number {
    const table = at + this.int32(at);
    const layout = table - this.int32(table);
    const offset = slot < this.#view.getInt16(layout, true) ? this.#view.getInt16(layout + slot, true) : 0;
    return offset === 0 ? 0 : table + offset;
  }

  /** Position and length of the list in member `slot`, whose entries take `stride` bytes. */
  list(at: number, slot: number, stride: number): { first: number; count: number } {
    const member = this.member(at, slot);
    if (member === 0) return { first: 0, count: 0 };
    const base = member + this.int32(member);
    const count = this.int32(base);
    const room = this.#view.byteLength - base - 4;
    if (count < 0 || count * stride > room) throw new Error(`a list of ${count} entries in ${room} bytes`);
    return { first: base + 4, count };
  }

  byte(at: number): number {
    return this.#view.getUint8(at);
  }
}

/** Throws an Error naming the list that cannot be. Reads of the metadata itself never leave the bytes. */
export function checkArrowShape(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isFile = Buffer.from(bytes.subarray(0, 6)).toString('latin1') === MAGIC;
  if (!isFile) {
    for (let at = 0; at >= 0 && at + 4 <= bytes.length; ) at = checkMessage(bytes, view, at);
    return;
  }
  const trailer = bytes.length - 10;
  const start = trailer - view.getInt32(trailer, true);
  if (start < 0 || start >= trailer) throw new Error('the footer is missing');
  const footer = new Metadata(bytes.subarray(start, trailer));
  const schema = footer.member(0, 6);
  if (schema > 0) checkSchema(footer, schema);
  for (const slot of [8, 10]) {
    const blocks = footer.list(0, slot, 24);
    for (let block = 0; block < blocks.count; block++) {
      checkMessage(bytes, view, Number(view.getBigInt64(start + blocks.first + block * 24, true)));
    }
  }
}

/** Checks the message at `at`; answers where the next one starts, or -1 at the end of the stream. */
function checkMessage(bytes: Uint8Array, view: DataView, at: number): number {
  const marked = view.getInt32(at, true) === -1;
  const length = view.getInt32(marked ? at + 4 : at, true);
  const start = at + (marked ? 8 : 4);
  if (length === 0) return -1;
  if (length < 0 || start + length > bytes.length) throw new Error(`a message of ${length} bytes at byte ${at}`);
  const head = new Metadata(bytes.subarray(start, start + length));
  const type = head.member(0, 6);
  const header = head.member(0, 8);
  const body = head.member(0, 10);
  if (type > 0 && header > 0) {
    const kind = head.byte(type);
    if (kind === SCHEMA) checkSchema(head, header);
    if (kind === RECORD_BATCH) checkBatch(head, header);
    const inner = kind === DICTIONARY_BATCH ? head.member(header, 6) : 0;
    if (inner > 0) checkBatch(head, inner);
  }
  const bodyLength = body === 0 ? 0 : Number(view.getBigInt64(start + body, true));
  if (bodyLength < 0 || start + length + bodyLength > bytes.length) throw new Error(`a body of ${bodyLength} bytes`);
  return start + length + bodyLength;
}

function checkBatch(head: Metadata, at: number): void {
  head.list(at, 6, 16);
  head.list(at, 8, 16);
  head.list(at, 12, 8);
}

function checkSchema(head: Metadata, at: number): void {
  head.list(at, 8, 4);
  checkFields(head, at, 6, 0);
}

function checkFields(head: Metadata, at: number, slot: number, depth: number): void {
  if (depth > DEPTH_MAX) throw new Error(`columns nested deeper than ${DEPTH_MAX}`);
  const fields = head.list(at, slot, 4);
  for (let index = 0; index < fields.count; index++) {
    const field = fields.first + index * 4;
    head.list(field, 16, 4);
    checkFields(head, field, 14, depth + 1);
  }
}
