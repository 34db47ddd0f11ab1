// Headers of tar files (ustar), written and read: any tar program opens a backup. Source: POSIX.1-2017, pax, ustar interchange format.
export interface TarEntry {
  /** Relative, of ASCII. */
  readonly path: string;
  readonly bytes: number;
}

export const TAR_BLOCK = 512;
/** What eleven octal digits hold. */
export const TAR_ENTRY_BYTES_MAX = 8 ** 11 - 1;

const NAME_BYTES = 100;
const PREFIX_AT = 345;
const PREFIX_BYTES = 155;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;
const REGULAR_FILE = 0x30;

/** Zeros that fill the last block of a file of so many bytes. */
export const tarPadding = (bytes: number): number => (TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK;

/** Undefined when the path is too long for the format. */
export function tarHeader({ path, bytes }: TarEntry): Uint8Array | undefined {
  const name = splitPath(path);
  if (name === undefined || bytes > TAR_ENTRY_BYTES_MAX) return undefined;
  const block = new Uint8Array(TAR_BLOCK);
  const put = (text: string, at: number): void => void new TextEncoder().encodeInto(text, block.subarray(at));
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  put(name.last, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(bytes, 11), 124);
  put(octal(0, 11), 136);
  block[156] = REGULAR_FILE;
  put('ustar\x0000', 257);
  put(name.prefix, PREFIX_AT);
  put(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT);
  return block;
}

/** Undefined for a block that is no header of a regular file. */
export function readTarHeader(block: Uint8Array): TarEntry | undefined {
  const field = (at: number, size: number): string => {
    const bytes = block.subarray(at, at + size);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  };
  const checksum = Number.parseInt(field(CHECKSUM_AT, CHECKSUM_BYTES), 8);
  const bytes = Number.parseInt(field(124, 12), 8);
  if (block.byteLength !== TAR_BLOCK || checksum !== checksumOf(block)) return undefined;
  if (block[156] !== REGULAR_FILE || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
  const prefix = field(PREFIX_AT, PREFIX_BYTES);
  const last = field(0, NAME_BYTES);
  return { path: prefix === '' ? last : `${prefix}/${last}`, bytes };
}

function splitPath(path: string): { readonly prefix: string; readonly last: string } | undefined {
  if (path.length <= NAME_BYTES) return { prefix: '', last: path };
  const at = path.indexOf('/', path.length - NAME_BYTES - 1);
  return at < 0 || at > PREFIX_BYTES ? undefined : { prefix: path.slice(0, at), last: path.slice(at + 1) };
}

/** The sum of all bytes, with the checksum's own field as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < block.length; i++) {
    sum += i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES ? 0x20 : block[i]!;
  }
  return sum;
}
