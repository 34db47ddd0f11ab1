// Strategies of every kind over HTTP: the hashes of the command line, names that stay in their folder, files sent where allowed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BOLLINGER, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';
import {
  createServicePlace,
  type JobJson,
  type RunningService,
  type SweepJson,
  startService,
} from './service-harness.ts';

const DATA = 'lab/MADE/1m';

const BARS = `import { defineBarStrategy, gt, sma, close, range } from 'gridmill';
export default defineBarStrategy({
  name: 'made-bars',
  parameters: { fast: range(3, 6), slow: range(10, 30, 10) },
  init: ({ parameters: { fast, slow }, condition }) => ({ above: condition(gt(sma(close, fast), sma(close, slow))) }),
  onBar(context, { above }) {
    if (above.at()) context.buy();
    else context.exit();
  },
});
`;
const OUTSIDE = `import { defineStrategy, choice } from 'gridmill';
export default defineStrategy({ name: 'outside', parameters: { n: choice(2) }, compute: (c) => new Int8Array(c.barCount) });
`;

/** Tests ask more often than people. */
const MANY_REQUESTS = { GRIDMILL_SERVER_REQUESTS_PER_SECOND: '1000' };

interface Refusal {
  readonly error: { readonly code: string; readonly found: string };
}
interface Facts {
  readonly name: string;
  readonly kind: string;
  readonly source: string;
  readonly parameters: Record<string, number[]>;
  readonly search: Record<string, number[]>;
  readonly defaults: Record<string, number>;
  readonly profile: string;
  readonly profiles: string[];
}

let place: Workplace;
let service: RunningService;
let strategies: string;

const isEnded = ({ state }: JobJson): boolean => state !== 'queued' && state !== 'running';

beforeAll(async () => {
  place = await createServicePlace(4_000);
  strategies = join(place.folder, 'strategies');
  mkdirSync(join(strategies, 'lab', 'MADE'), { recursive: true });
  place.write('strategies/bars.ts', BARS);
  place.write('strategies/bollinger.yml', BOLLINGER);
  place.write('outside.ts', OUTSIDE);
  mkdirSync(join(strategies, 'deeper'));
  place.write('strategies/deeper/inside.ts', OUTSIDE);
  // Files where keys of the store would be, with other candles in them.
  const foreign = csvOf(minuteCandles(4_000, 99));
  place.write('strategies/lab/MADE/1m', foreign);
  place.write('strategies/lab/other.csv', foreign);
  service = await startService(place, [], MANY_REQUESTS);
});
afterAll(async () => {
  await service?.stop();
  place?.remove();
});

describe('the same request', () => {
  test.each([
    ['bars.ts', {}, []],
    ['bars.ts', { execution: { profile: 'next-open' } }, ['--profile', 'next-open']],
    ['bollinger.yml', { parameters: { bb_length: '20..60:10' } }, ['--set', 'bb_length=20..60:10']],
    [
      'bollinger.yml',
      { parameters: { bb_length: [20, 40] }, execution: { profile: 'hummingbot', fee: 0.0002 } },
      ['--set', 'bb_length=20,40', '--profile', 'hummingbot', '--fee', '2bps'],
    ],
    ['sma-cross', { parameters: { fast: [5, 8], slow: [20, 30] } }, ['--set', 'fast=5,8', '--set', 'slow=20,30']],
  ])(
    'of %s with %o means the same at the command line, to a client that waits and as a job',
    async (name, more, args) => {
      const strategy = name.includes('.') ? `strategies/${name}` : name;
      const told = await place.run('sweep', strategy, '--data', DATA, ...args, '--json');
      expect(told.exitCode, told.stderr).toBe(0);
      const expected = json<{ resultHash: string; profile: string }>(told);
      const body = { strategy: name, data: DATA, ...more };
      const waited = await service.post<SweepJson>('/api/backtests', body);
      expect(waited.status, JSON.stringify(waited.body)).toBe(200);
      expect(waited.body.record).toMatchObject({ resultHash: expected.resultHash, profile: expected.profile });
      const { body: job } = await service.post<JobJson>('/api/jobs', body);
      await service.until(job.id, isEnded);
      const { body: done } = await service.get<SweepJson>(`/api/jobs/${job.id}/result`);
      expect(done.record.resultHash).toBe(expected.resultHash);
    },
  );

  test('of one run has the metrics of the command line, whatever the kind', async () => {
    for (const [name, parameters, args] of [
      ['bars.ts', { fast: 4, slow: 20 }, ['--set', 'fast=4', '--set', 'slow=20']],
      ['bollinger.yml', {}, []],
    ] as const) {
      const told = await place.run('run', `strategies/${name}`, '--data', DATA, ...args, '--json');
      expect(told.exitCode, told.stderr).toBe(0);
      const { body } = await service.post<{ run: { metrics: object; profile: string } }>('/api/backtests', {
        ...{ kind: 'run', strategy: name, data: DATA, parameters },
      });
      const expected = json<{ metrics: object; profile: string }>(told);
      expect([body.run.metrics, body.run.profile]).toEqual([expected.metrics, expected.profile]);
    }
  });

  test('of a study of a controller and of a bar strategy has the hash of the command line', async () => {
    for (const name of ['bollinger.yml', 'bars.ts']) {
      const args = ['--data', DATA, '--mode', 'random', '--iter', '8', '--study', `told-${name.slice(0, 4)}`, '--json'];
      const told = await place.run('optimize', `strategies/${name}`, ...args);
      expect(told.exitCode, told.stderr).toBe(0);
      const { body: job } = await service.post<JobJson>('/api/studies', {
        ...{ strategy: name, data: DATA, mode: 'random', iterations: 8, name: `asked-${name.slice(0, 4)}` },
      });
      await service.until(job.id, isEnded);
      const { body } = await service.get<SweepJson>(`/api/jobs/${job.id}/result`);
      expect(body.record.resultHash).toBe(json<{ resultHash: string }>(told).resultHash);
    }
  });
});

describe('names in requests', () => {
  const routes = ['/api/backtests', '/api/backtests/estimate', '/api/jobs', '/api/studies'] as const;
  const more = { '/api/studies': { iterations: 4 } } as Readonly<Record<string, object>>;

  test.each(['../outside', '../outside.ts', './bars.ts', 'deeper/inside.ts', '/etc/passwd', '..', 'a\\b.ts', '%2e%2e'])(
    'of a strategy reach no file outside its folder: %s',
    async (strategy) => {
      for (const route of routes) {
        const { status, body } = await service.post<Refusal>(route, { strategy, data: DATA, ...more[route] });
        expect([route, status, body.error.code]).toEqual([route, 400, 'REQUEST_INVALID']);
      }
      const configurations = [{ parameters: { n: 2 } }];
      const turbo = await service.post<Refusal>('/backtesting/batch-run-turbo', {
        strategy,
        data: DATA,
        configurations,
      });
      expect(turbo.status).toBe(400);
      expect((await service.get(`/api/strategies/${encodeURIComponent(strategy)}`)).status).toBeGreaterThanOrEqual(400);
    },
  );

  test('of candles are keys of the store, never files, whatever lies in the folder', async () => {
    const grid = { strategy: 'sma-cross', parameters: { fast: [5], slow: [20] } };
    for (const data of ['lab/other.csv', 'deeper/inside.ts']) {
      const { status, body } = await service.post<Refusal>('/api/backtests', { ...grid, data });
      expect([status, body.error.code, body.error.found]).toEqual([
        404,
        'CANDLES_NOT_FOUND',
        expect.stringContaining('no key of the store'),
      ]);
      const configurations = [{ parameters: { fast: 5, slow: 20 } }];
      const turbo = await service.post<Refusal>('/backtesting/batch-run-turbo', {
        ...{ strategy: 'sma-cross', data, configurations },
      });
      expect([turbo.status, turbo.body.error.code]).toEqual([404, 'CANDLES_NOT_FOUND']);
      const { body: job } = await service.post<JobJson>('/api/studies', { ...grid, data, iterations: 1 });
      expect((await service.until(job.id, isEnded)).error).toMatchObject({ code: 'CANDLES_NOT_FOUND' });
    }
    const told = await place.run('sweep', 'sma-cross', '--data', DATA, '--set', 'fast=5', '--set', 'slow=20', '--json');
    const { body } = await service.post<SweepJson>('/api/backtests', { ...grid, data: DATA });
    expect(body.record.resultHash).toBe(json<{ resultHash: string }>(told).resultHash);
  });
});

test('what is said of a strategy that does not compile names no folder of the machine', async () => {
  place.write('strategies/broken.ts', 'export default ;');
  const body = { strategy: 'broken.ts', data: DATA };
  const waited = await service.post<Refusal>('/api/backtests', body);
  expect(waited.body.error.code).toBe('STRATEGY_INVALID');
  const said = [JSON.stringify(waited.body)];
  for (const [route, more] of [
    ['/api/jobs', {}],
    ['/api/studies', { iterations: 2 }],
  ] as const) {
    const { body: job } = await service.post<JobJson>(route, { ...body, ...more });
    const ended = await service.until(job.id, isEnded);
    expect(ended.error?.code).toBe('STRATEGY_INVALID');
    said.push(JSON.stringify(ended));
  }
  expect(said.filter((text) => text.includes(place.folder))).toEqual([]);
  rmSync(join(strategies, 'broken.ts'));
});

describe('the catalogue', () => {
  test('lists what is built in and the files, and tells of each its kind, parameters, search space and profiles', async () => {
    const { body: all } = await service.get<Facts[]>('/api/strategies');
    const names = all.map(({ name, source }) => `${source} ${name}`);
    expect(names).toEqual(expect.arrayContaining(['built-in sma-cross', 'file bars.ts', 'file bollinger.yml']));
    const cross = all.find(({ name }) => name === 'sma-cross')!;
    expect(cross).toMatchObject({ kind: 'signals', profile: 'close', profiles: expect.arrayContaining(['vectorbt']) });
    expect(cross.parameters['fast']!.length).toBeGreaterThan(1);
    const { body: bars } = await service.get<Facts>('/api/strategies/bars.ts');
    expect(bars).toMatchObject({
      ...{ name: 'bars.ts', strategy: 'made-bars', kind: 'bars', profiles: ['close', 'next-open'] },
      parameters: { fast: [3, 4, 5, 6], slow: [10, 20, 30] },
    });
    const { body: controller } = await service.get<Facts>('/api/strategies/bollinger.yml');
    expect(controller).toMatchObject({ kind: 'controller', profiles: ['hummingbot', 'hummingbot-corrected'] });
    expect(controller.defaults).toMatchObject({ bb_length: 30, stop_loss: 0.004 });
    expect(controller.search['bb_length']!.length).toBeGreaterThan(5);
    expect((await service.get('/api/strategies/none.ts')).status).toBe(404);
  });

  test('tells of each profile what it runs, and what it refuses is what a back-test is refused for', async () => {
    interface Told {
      readonly name: string;
      readonly strategies: string[];
      readonly refuses: { members: string[]; values: (string | number | boolean | null)[]; rule: string }[];
    }
    const { body: profiles } = await service.get<Told[]>('/api/profiles');
    expect(profiles.find(({ name }) => name === 'close')).toMatchObject({
      strategies: ['signals', 'bars'],
      refuses: [],
    });
    expect(profiles.filter(({ strategies: kinds }) => kinds.includes('controller'))).toHaveLength(2);
    const RISK = ['stopLoss', 'takeProfit', 'trailingStop', 'timeLimit'];
    for (const { name: profile, refuses, strategies: kinds } of profiles) {
      if (kinds.includes('controller')) continue;
      for (const { members, values, rule } of refuses) {
        const entries = members.map((member, at) => [member, values[at]] as const);
        const pick = (isRisk: boolean) =>
          Object.fromEntries(entries.filter(([member]) => RISK.includes(member) === isRisk));
        const { status, body } = await service.post<{ error: { rule: string } }>('/api/backtests', {
          ...{ strategy: 'sma-cross', data: DATA, parameters: { fast: [5], slow: [20] } },
          ...{ execution: { profile, ...pick(false) }, risk: pick(true) },
        });
        expect([profile, members, status, body.error.rule]).toEqual([profile, members, 400, rule]);
      }
    }
    expect(profiles.flatMap(({ refuses }) => refuses).length).toBeGreaterThan(5);
  });
});

describe('strategy files over HTTP', () => {
  const send = (to: RunningService, query: string, content: string | Uint8Array<ArrayBuffer>, token?: string) =>
    fetch(`${to.address}/api/strategies?${query}`, {
      method: 'POST',
      body: content,
      headers: {
        'content-type': 'application/octet-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
  const codeOf = async (answer: Response): Promise<[number, string]> => [
    answer.status,
    ((await answer.json()) as Refusal).error.code,
  ];

  test('are refused unless that was switched on, and it cannot be without a token', async () => {
    expect(await codeOf(await send(service, 'name=sent.ts', BARS))).toEqual([403, 'STRATEGY_FORBIDDEN']);
    expect(existsSync(join(strategies, 'sent.ts'))).toBe(false);
    const open = await place.start(['serve', '--port', '0'], { GRIDMILL_STRATEGIES_UPLOADS: 'true' }).ended;
    expect([open.exitCode, open.stderr]).toEqual([2, expect.stringContaining('needs a token')]);
  });

  test('are kept whole under names of their folder, replace nothing unasked, and run', async () => {
    const environment = { GRIDMILL_STRATEGIES_UPLOADS: 'true', GRIDMILL_TOKEN: 'secret-of-the-test' };
    const taking = await startService(place, [], environment);
    const token = environment.GRIDMILL_TOKEN;
    try {
      expect(await codeOf(await send(taking, 'name=sent.ts', BARS))).toEqual([401, 'TOKEN_INVALID']);
      const first = await send(taking, 'name=sent.ts', BARS, token);
      expect([first.status, await first.json()]).toEqual([
        201,
        { name: 'sent.ts', bytes: BARS.length, replaced: false },
      ]);
      expect(readFileSync(join(strategies, 'sent.ts'), 'utf8')).toBe(BARS);
      const longer = `${BARS}// more\n`;
      expect(await codeOf(await send(taking, 'name=sent.ts', longer, token))).toEqual([400, 'REQUEST_INVALID']);
      expect(readFileSync(join(strategies, 'sent.ts'), 'utf8')).toBe(BARS);
      expect(await (await send(taking, 'name=sent.ts&replace=true', longer, token)).json()).toMatchObject({
        replaced: true,
      });
      expect(readFileSync(join(strategies, 'sent.ts'), 'utf8')).toBe(longer);

      for (const name of [
        '../sent.ts',
        'a/b.ts',
        '.hidden.ts',
        'sent.sh',
        'sent',
        'x.d.ts',
        'package.json',
        `${'x'.repeat(62)}.ts`,
      ]) {
        const { status } = await send(taking, `name=${encodeURIComponent(name)}`, BARS, token);
        expect([name, [400, 403].includes(status)]).toEqual([name, true]);
      }
      expect(await codeOf(await send(taking, 'name=bytes.ts', Uint8Array.of(0xff, 0xfe), token))).toEqual([
        400,
        'REQUEST_INVALID',
      ]);
      expect((await send(taking, 'name=large.ts', 'x'.repeat(2 ** 20 + 1), token)).status).toBe(413);
      expect((await send(taking, 'name=full.ts', `//${'x'.repeat(2 ** 20 - 2)}`, token)).status).toBe(201);
      expect(readdirSync(strategies).sort()).toEqual(
        ['bars.ts', 'bollinger.yml', 'deeper', 'full.ts', 'lab', 'sent.ts'].sort(),
      );

      const answer = await fetch(`${taking.address}/api/backtests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ strategy: 'sent.ts', data: DATA }),
      });
      expect([answer.status, ((await answer.json()) as SweepJson).record.scored]).toEqual([200, 12]);
    } finally {
      await taking.stop();
    }
  });

  test('never go through a link that lies in the folder', async () => {
    const environment = { GRIDMILL_STRATEGIES_UPLOADS: 'true', GRIDMILL_TOKEN: 'secret-of-the-test' };
    const target = join(place.folder, 'precious.ts');
    writeFileSync(target, 'keep');
    symlinkSync(target, join(strategies, 'link.ts'));
    const taking = await startService(place, [], environment);
    try {
      await send(taking, 'name=link.ts&replace=true', BARS, environment.GRIDMILL_TOKEN);
      expect(readFileSync(target, 'utf8')).toBe('keep');
    } finally {
      await taking.stop();
    }
  });
});
