// JSON bodies: their depth, entries, texts and names are checked in one pass before anything is built from them.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../core/errors.ts';
import { HTTP_LIMITS } from './limits.ts';

const { jsonDepthMax, jsonEntriesMax, jsonTextMax } = HTTP_LIMITS;

/** Names that reach into prototypes when objects are copied. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Entries of one array or object of the route's body; the limit of the door when left out. */
    entriesMax?: number;
  }
}

/** The only kind of body that is read; whatever else has one is refused with 415. */
export function readJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => parseJsonBody(body, request.routeOptions.config.entriesMax),
  );
}

/** Errors: REQUEST_INVALID. */
export function parseJsonBody(body: Uint8Array, entriesMax: number = jsonEntriesMax): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw invalid('bytes that are no UTF-8.', cause);
  }
  checkShape(text, entriesMax);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // What the parser says quotes the body: it stays inside.
    throw invalid('a body that is no JSON.', cause);
  }
}

interface Level {
  /** Names so far; undefined in an array. */
  readonly names: Set<string> | undefined;
  entries: number;
}

/** Looks at structure alone: what is no JSON at all is left to the parser. */
function checkShape(text: string, entriesMax: number): void {
  const levels: Level[] = [];
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1);
    switch (text[at]) {
      case '"': {
        const end = endOfText(text, at);
        if (expectsName && level?.names !== undefined) addName(level.names, text.slice(at, end + 1));
        expectsName = false;
        at = end;
        break;
      }
      case '{':
      case '[':
        expectsName = text[at] === '{';
        levels.push({ names: expectsName ? new Set() : undefined, entries: 1 });
        if (levels.length > jsonDepthMax) throw invalid(`more than ${jsonDepthMax} levels.`);
        break;
      case '}':
      case ']':
        levels.pop();
        expectsName = false;
        break;
      case ',':
        expectsName = level?.names !== undefined;
        if (level !== undefined && ++level.entries > entriesMax) {
          throw invalid(`an array or object of more than ${entriesMax} entries.`);
        }
        break;
    }
  }
}

/** The position of the closing quote. */
function endOfText(text: string, begin: number): number {
  let at = begin + 1;
  for (let units = 0; at < text.length && text[at] !== '"'; units++) {
    if (units === jsonTextMax) throw invalid(`a text of more than ${jsonTextMax} characters.`);
    at += text[at] !== '\\' ? 1 : text[at + 1] === 'u' ? 6 : 2;
  }
  return at;
}

function addName(names: Set<string>, literal: string): void {
  let name: string;
  try {
    name = JSON.parse(literal) as string;
  } catch {
    return;
  }
  if (FORBIDDEN_NAMES.has(name)) throw invalid(`the name ${name}.`);
  if (names.has(name)) throw invalid('a name that is given twice in one object.');
  names.add(name);
}

const invalid = (found: string, cause?: unknown): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A body must be JSON in UTF-8 within the limits.',
    found,
    todo: 'docs/api.md lists the limits.',
    cause,
  });
