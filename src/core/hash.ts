// SHA-256 and the canonical JSON it is taken over. The only file here that knows node:crypto.
import { createHash } from 'node:crypto';
import { assert } from './assert.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * Canonical JSON: object keys sorted by UTF-16 code unit, no white space, numbers as shortest round-trip doubles,
 * -0 as 0, undefined members left out. NaN and infinities are refused: write null where they may occur.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'canonical JSON holds finite numbers only');
    return JSON.stringify(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as { readonly [key: string]: Json | undefined };
  const members: string[] = [];
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** Lower-case hex SHA-256 of a text (as UTF-8) or of bytes. */
export function sha256Hex(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Lower-case hex SHA-256 of the canonical JSON of `value`. */
export function hashJson(value: Json): string {
  return sha256Hex(canonicalJson(value));
}

/** A whole number below 2^52 that stands for a text: a seed for its random numbers. */
export function seedOf(text: string): number {
  return Number.parseInt(sha256Hex(text).slice(0, 13), 16);
}
