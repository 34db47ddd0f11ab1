// Bytes as people read them.

/** 25300000 -> `25.3 MB`. */
export const megabytes = (bytes: number): string =>
  bytes < 1e5 ? `${bytes.toLocaleString('en')} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
