// Names that try to leave the folder they belong to: spellings of "one up", of roots, of devices, and of what parsers cut off.

const UP = [
  '..',
  '%2e%2e',
  '%2e.',
  '.%2e',
  '%252e%252e',
  '%c0%ae%c0%ae',
  '%e0%80%ae%e0%80%ae',
  '%u002e%u002e',
  '．．',
  '․․',
  '‥',
  '....',
  '..;',
  '..%00',
  '. .',
];
const SLASH = ['/', '%2f', '%5c', '\\', '%252f', '%c0%af', '%ef%bc%8f', '∕', '／', '//', '%2f%2f'];
const TARGETS = ['', 'etc/passwd', 'secret.txt', 'outside.ts'];
const ROOTS = [
  ...[
    '/etc/passwd',
    '//etc/passwd',
    '/proc/self/environ',
    'file:///etc/passwd',
    'C:\\Windows\\win.ini',
    'C:',
    '\\\\host\\share\\x',
  ],
  ...[
    '\\\\?\\C:\\x',
    '~',
    '~root',
    '$HOME',
    '$HOME/x',
    '%HOME%',
    '`id`',
    '$(id)',
    '| id',
    ';id',
    '-rf',
    '--help',
    '.',
    './x',
    '.hidden',
  ],
];
const CUT = [
  ...[
    '%00',
    'a%00.csv',
    'a%00/../b',
    'a%0ab',
    'a%0d%0ab',
    '%ff',
    '%zz',
    '%',
    'a b',
    ' ',
    '%20',
    'a%20',
    '\u0000',
    'a\u202eb',
    '\ud800',
  ],
  ...[
    'con',
    'nul.csv ',
    'a:b',
    'a::$DATA',
    'a*',
    'a?b',
    'a#b',
    'a;b',
    'a,b',
    "a'b",
    'a"b',
    'a<b',
    'a|b',
    'a&b',
    'a=b',
    'é',
    'ı',
    'ﬀ',
    'Ａ',
  ],
  ...[
    'a'.repeat(65),
    'a'.repeat(300),
    `${'a/'.repeat(60)}b`,
    `${'../'.repeat(40)}etc/passwd`,
    'a/../../b',
    'a/./b',
    'a//b',
    'a/',
  ],
];

/** Two hundred of them and more, as they would stand in a URL. */
export const SPELLINGS: readonly string[] = [
  ...new Set([
    ...UP,
    ...UP.flatMap((up) =>
      SLASH.map((slash) => `${up}${slash}${TARGETS[(up.length + slash.length) % TARGETS.length]!}`),
    ),
    ...UP.slice(0, 4).flatMap((up) => [
      `${up}/${up}/secret.txt`,
      `a/${up}/${up}/secret.txt`,
      `${up}%2f${up}%2foutside.ts`,
    ]),
    ...ROOTS,
    ...CUT,
  ]),
];

/** As it stands in a body; what is no escape stays as it is. */
export function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
