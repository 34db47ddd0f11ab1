// Requests that are none: raw bytes made from a seed, each of a family of malformations.
import { createPrng } from '../../src/core/prng.ts';

type Draw = (below: number) => number;

const PATHS = [
  '/healthz',
  '/api/backtests',
  '/api/results',
  '/api/results/abcd/rows',
  '/api/data/import?name=a.csv',
  '/x',
  '*',
  '',
];
const METHODS = [
  'GET',
  'POST',
  'DELETE',
  'PUT',
  'TRACE',
  'CONNECT',
  'PRI',
  'get',
  'G\u00cbT',
  '\0',
  'GETGETGET',
  'M-SEARCH',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', 'HTTP/1.1 ', '', 'HTTP/1.1\tx'];
const pick = <T>(list: readonly T[], draw: Draw): T => list[draw(list.length)]!;

const junk = (draw: Draw, length: number): string =>
  Array.from({ length: draw(length) + 1 }, () => String.fromCharCode(draw(256))).join('');

const head = (draw: Draw, ...lines: string[]): string =>
  [`POST ${pick(PATHS, draw)} HTTP/1.1`, 'host: localhost', 'content-type: application/json', ...lines, '', ''].join(
    '\r\n',
  );

const FAMILIES: readonly ((draw: Draw) => string)[] = [
  (draw) => junk(draw, 400),
  (draw) => `${pick(METHODS, draw)} ${pick(PATHS, draw)} ${pick(VERSIONS, draw)}\r\nhost: localhost\r\n\r\n`,
  (draw) => `GET /${'a'.repeat(draw(40_000))} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  (draw) =>
    `GET /healthz HTTP/1.1\r\nhost: localhost\r\n${`x${draw(9)}: ${'y'.repeat(draw(200))}\r\n`.repeat(draw(300))}\r\n`,
  (draw) =>
    head(
      draw,
      `content-length: ${pick(['-1', '1e9', '0x10', '99999999999999999999', '5, 5', ' ', '+2', '2 '], draw)}`,
    ) + junk(draw, 20),
  (draw) => `${head(draw, 'content-length: 4', `content-length: ${draw(9)}`)}{}{}`,
  (draw) =>
    `${head(draw, 'content-length: 4', `transfer-encoding: ${pick(['chunked', 'Chunked', 'xchunked', 'chunked, identity', 'identity'], draw)}`)}0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
  (draw) =>
    `${head(draw, 'transfer-encoding: chunked')}${pick(['-1', 'ffffffffffffffff', 'g', '2;a=b', '0x2', '2 ', ''], draw)}\r\n{}\r\n${pick(['0\r\n\r\n', '0', '', '0\r\nx: y\r\n\r\n'], draw)}`,
  (draw) => `${head(draw, `content-length: ${50 + draw(5_000)}`)}{"strategy":"sma-`,
  (draw) => head(draw, 'content-length: 2').slice(0, 1 + draw(90)),
  (draw) =>
    `GET /healthz HTTP/1.1\r\nhost: ${pick(['', 'a b', '[::1', 'localhost\r\nhost: evil', '\0', 'localhost,evil'], draw)}\r\n\r\n`,
  (draw) =>
    `GET /healthz HTTP/1.1\nhost: localhost\n${pick([' folded: 1', 'no colon', ': empty', 'a\0b: c', 'a: b\rc: d', 'é: é'], draw)}\n\n`,
  (draw) =>
    `GET ${pick(['http://evil/', '//evil', '/%', '/%zz', '/%00', '/%c0%ae', '/a?%ff', '/api/results/%e0%80', '/\u00e9', '/ /', '?', '#'], draw)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  (draw) => head(draw, `expect: ${pick(['100-continue', 'x', ''], draw)}`, 'content-length: 2'),
  (draw) =>
    `GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: ${pick(['websocket', 'h2c', 'TLS/1.0'], draw)}\r\n\r\n`,
  (draw) => `${head(draw, 'content-encoding: gzip', 'content-length: 10')}${junk(draw, 10)}`,
  (draw) => Buffer.from([0x16, 0x03, 0x01, draw(3), draw(256), 0x01]).toString('latin1') + junk(draw, 200),
  (draw) => `${head(draw, 'content-length: 20')}${'[{"'[draw(3)]!.repeat(20)}`,
  (draw) => 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(1 + draw(20)) + junk(draw, 30),
];

/** The bytes of one seed, as latin1 text. */
export function rawRequest(seed: number): string {
  const { nextBelow } = createPrng(seed);
  const bytes = pick(FAMILIES, nextBelow)(nextBelow);
  if (nextBelow(4) > 0) return bytes;
  // A byte is lost, doubled or changed.
  const at = nextBelow(bytes.length);
  const change = pick(['', bytes[at]! + bytes[at]!, String.fromCharCode(nextBelow(256))], nextBelow);
  return bytes.slice(0, at) + change + bytes.slice(at + 1);
}
