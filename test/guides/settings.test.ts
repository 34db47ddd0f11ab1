// The settings of the service as they are documented: every one, with what it may be, and the files that are read for them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentName, readConfig, SETTINGS, type SettingName } from '../../src/api/config.ts';
import type { Host } from '../../src/cli/host.ts';
import { loadConfig } from '../../src/cli/service-config.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NAMES = Object.keys(SETTINGS) as SettingName[];
const DEFAULTS = readConfig({ environment: {}, flags: {} });

const HEAD = `# Settings of the service

\`gridmill serve\` and \`gridmill worker\` read \`config/gridmill.yaml\` in the folder they are started from, or \`config/NAME/gridmill.yaml\` where
\`GRIDMILL_ENV=NAME\`, or the file that \`--config\` names. Dots are sections of the file. Variables of the environment win over the file, flags over
both. A name that is not here is refused with the nearest one, in the file and in the environment.

Tokens come from the environment alone: \`GRIDMILL_TOKEN\` for one user, or \`GRIDMILL_TOKENS=name:token,name:token\` for several, each of 16 to 256
characters without blanks and commas.

| setting | environment | default | may be | |
|---|---|---|---|---|
`;

function defaultText(name: SettingName): string {
  const value: unknown = SETTINGS[name].fallback;
  if (value === undefined) return '–';
  return Array.isArray(value) ? '`[]`' : `\`${value === '' ? "''" : String(value)}\``;
}

test('docs/settings.md lists every setting as it is (npx vitest run test/guides/settings.test.ts -u writes it)', async () => {
  const rows = NAMES.map((name) => {
    const { about, wanted } = SETTINGS[name];
    return `| \`${name}\` | \`${environmentName(name)}\` | ${defaultText(name)} | ${wanted} | ${about} |\n`;
  });
  await expect(`${HEAD}${rows.join('')}`).toMatchFileSnapshot(join(root, 'docs', 'settings.md'));
});

test('the configuration file of the repository names every setting, and sets nothing but defaults', () => {
  const text = readFileSync(join(root, 'config', 'gridmill.yaml'), 'utf8');
  const file = { path: 'config/gridmill.yaml', content: parse(text) as unknown };
  expect(readConfig({ file, environment: {}, flags: {} })).toEqual(DEFAULTS);
  // What the machine decides when it is left out stands there as a comment.
  const whole = text.replaceAll(
    /^(\s*)# ( *)(\w+):(.*)$/gm,
    (line, before: string, indent: string, key: string, rest: string) =>
      NAMES.some((name) => name.split('.').includes(key)) ? `${before}${indent}${key}:${rest}` : line,
  );
  const set = parse(whole) as Record<string, unknown>;
  const read = (name: string): unknown =>
    name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], set);
  expect(NAMES.filter((name) => read(name) === undefined)).toEqual([]);
});

describe('the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gridmill-config-'));
    mkdirSync(join(folder, 'config', 'lab'), { recursive: true });
    writeFileSync(join(folder, 'config', 'gridmill.yaml'), 'server:\n  port: 1\n');
    writeFileSync(join(folder, 'config', 'lab', 'gridmill.yaml'), 'server:\n  port: 2\n  waiting_max: 3\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const load = (environment: Readonly<Record<string, string>>, flags = {}, path?: string) =>
    loadConfig({ path, flags }, { environment, folder, machineBytes: () => 2 ** 33 } as unknown as Host);

  test('is that of the environment where one is named, else the usual one', async () => {
    expect((await load({}))['server.port']).toBe(1);
    expect((await load({ GRIDMILL_ENV: 'lab' }))['server.port']).toBe(2);
    expect((await load({ GRIDMILL_ENV: 'lab' }, {}, 'config/gridmill.yaml'))['server.port']).toBe(1);
    await expect(load({ GRIDMILL_ENV: 'absent' })).rejects.toThrow(/config\/absent\/gridmill\.yaml/);
  });

  test('is less than the environment, and that less than flags', async () => {
    const environment = { GRIDMILL_ENV: 'lab', GRIDMILL_SERVER_PORT: '4' };
    expect(await load(environment)).toMatchObject({ 'server.port': 4, 'server.waiting_max': 3 });
    expect((await load(environment, { 'server.port': 5 }))['server.port']).toBe(5);
  });

  test('of an environment has a name that stays in its folder', async () => {
    writeFileSync(join(folder, 'gridmill.yaml'), 'server:\n  port: 6\n');
    for (const name of ['..', 'a/../..', '/etc', '.lab', 'a\\b']) {
      await expect(load({ GRIDMILL_ENV: name }), name).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    }
  });

  test('refuses a name it does not know with the nearest one, and a misspelt environment with those there are', async () => {
    writeFileSync(join(folder, 'config', 'lab', 'gridmill.yaml'), 'server:\n  waiting_mx: 3\n');
    await expect(load({ GRIDMILL_ENV: 'lab' })).rejects.toThrow(/"server\.waiting_mx".*"server\.waiting_max"/);
    await expect(load({ GRIDMILL_ENV: 'lap' })).rejects.toThrow(/Did you mean "lab"\?/);
  });
});
