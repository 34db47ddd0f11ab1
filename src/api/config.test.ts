// Tests of settings: which source wins, and what is refused by name.
import { expect, test } from 'vitest';
import { environmentName, readConfig, SETTINGS } from './config.ts';

const file = (content: unknown) => ({ path: 'gridmill.yaml', content });

test('flags win over the environment, that over the file, that over defaults', () => {
  const content = {
    backtest: { sync: { sync_deadline_seconds: 20 }, max_variants_per_compute: 1000 },
    server: { port: 1 },
  };
  const environment = {
    GRIDMILL_BACKTEST_SYNC_SYNC_DEADLINE_SECONDS: '30',
    GRIDMILL_SERVER_PORT: '2',
    GRIDMILL_SERVER_LISTEN: '',
  };
  const config = readConfig({ file: file(content), environment, flags: { 'server.port': 3 } });
  expect(config['server.port']).toBe(3);
  expect(config['backtest.sync.sync_deadline_seconds']).toBe(30);
  expect(config['backtest.max_variants_per_compute']).toBe(1000);
  expect(config['server.listen']).toBe('127.0.0.1');
  expect(config['backtest.cpu.max_threads']).toBeUndefined();
});

test('an unknown setting is refused with the nearest name, whatever it is named', () => {
  const read = (content: unknown) => () => readConfig({ file: file(content), environment: {}, flags: {} });
  expect(read({ backtest: { sync: { sync_deadline_second: 20 } } })).toThrow(/backtest\.sync\.sync_deadline_seconds/);
  expect(read(JSON.parse('{"__proto__": {"port": 1}}'))).toThrow(/"__proto__"/);
  expect(read({ constructor: { prototype: 1 } })).toThrow(/"constructor"/);
  expect(read([1])).toThrow(/sections/);
  expect(read({ server: 5 })).toThrow(/a value at "server"/);
  expect(({} as { port?: number }).port).toBeUndefined();
});

test('a name in the environment that begins like a section of settings must be one of them', () => {
  const read = (environment: Record<string, string>) => () => readConfig({ environment, flags: {} });
  expect(read({ GRIDMILL_SERVER_PROT: '80' })).toThrow(/GRIDMILL_SERVER_PROT\. Did you mean "GRIDMILL_SERVER_PORT"/);
  expect(read({ GRIDMILL_BACKTEST_CPU_MAX_THREAD: '2' })).toThrow(/"GRIDMILL_BACKTEST_CPU_MAX_THREADS"/);
  for (const name of ['GRIDMILL_HOME', 'GRIDMILL_ENV', 'GRIDMILL_TOKENS', 'GRIDMILL_CALLED_AS', 'USE_SQLITE']) {
    expect(read({ [name]: 'x' })).not.toThrow();
  }
});

test('a value out of range names setting, value and source', () => {
  const read = (port: unknown) => () => readConfig({ file: file({ server: { port } }), environment: {}, flags: {} });
  expect(read(70_000)).toThrow(/server\.port must be a whole number from 0 to 65535.*70000 in gridmill\.yaml/);
  expect(read('80 80')).toThrow(/"80 80"/);
  const environment = { GRIDMILL_SERVER_PORT: '1.5' };
  expect(() => readConfig({ environment, flags: {} })).toThrow(/GRIDMILL_SERVER_PORT/);
});

test('every setting has an environment name of its own and accepts its default', () => {
  const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
  expect(new Set(names.map(environmentName)).size).toBe(names.length);
  for (const name of names) {
    const { fallback, read } = SETTINGS[name];
    if (fallback !== undefined) expect(read(fallback as never)).toEqual(fallback);
  }
});
