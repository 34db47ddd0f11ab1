// The part of lz4js that is used; the package brings no declarations.
declare module 'lz4js' {
  /** Unpacks one LZ4 frame from `source` into `target`; answers the number of bytes written. */
  export function decompressFrame(source: Uint8Array, target: Uint8Array): number;
  /** Packs `source` as one LZ4 frame into `target`; answers the number of bytes written. */
  export function compressFrame(source: Uint8Array, target: Uint8Array): number;
  /** Bytes that a frame of `length` bytes may need. */
  export function compressBound(length: number): number;
}
