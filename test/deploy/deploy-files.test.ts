// Do the files of deploy keep their rules: Dockerfile, health check, compose file, alerts and dashboard? Needs no container program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { JobDesk } from '../../src/compute/job-desk.ts';
import { createMemoryStore } from '../../src/jobs/memory-store.ts';
import { openDoor } from '../fuzz/door.ts';

const deploy = join(fileURLToPath(new URL('../../deploy/', import.meta.url)));
const read = (path: string): string => readFileSync(join(deploy, path), 'utf8');

/** Instructions with their lines joined, comments left out. */
const instructions = read('docker/Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '');

/** What comes after each FROM, by the name of the stage. */
const stages = new Map<string, string[]>();
for (const line of instructions) {
  const [, name] = /^FROM .* AS ([\w-]+)$/.exec(line) ?? [];
  if (name !== undefined) stages.set(name, [line]);
  else [...stages.values()].at(-1)?.push(line);
}

describe('the Dockerfile', () => {
  test('has no syntax line, which would have to be downloaded, and names its base once', () => {
    expect(read('docker/Dockerfile')).not.toMatch(/^#\s*syntax/im);
    expect(instructions[0]).toBe('ARG BASE=docker.io/library/node:24-slim');
    const from = instructions
      .filter((line) => line.startsWith('FROM '))
      .map((line) => line.split(' ')[1]!.replace(/[${}]/g, ''));
    for (const base of from) expect(['BASE', 'scratch', ...stages.keys()]).toContain(base);
  });

  test('ends in images of a user by number, started under an init', () => {
    for (const name of ['cli', 'slim']) {
      expect(stages.get(name), name).toContain('USER 1000:1000');
      expect(stages.get(name)!.find((line) => line.startsWith('ENTRYPOINT'))).toContain(
        '"/usr/bin/tini", "--", "node"',
      );
    }
    // What comes after it must not take the user back.
    expect(stages.get('serve')).not.toContainEqual(expect.stringMatching(/^USER/));
  });

  test('checks the health of services by a command that ends before its own time is up', () => {
    for (const name of ['serve', 'slim']) {
      const check = stages.get(name)!.find((line) => line.startsWith('HEALTHCHECK'))!;
      expect(check).toContain('CMD ["node", "/app/health.mjs"]');
      const [, timeout] = /--timeout=(\d+)s/.exec(check)!;
      const [, own] = /TIMEOUT_MS = ([\d_]+)/.exec(read('docker/health.mjs'))!;
      expect(Number(own!.replaceAll('_', '')) + 500).toBeLessThan(Number(timeout) * 1000);
    }
  });

  test('takes the certificate of a proxy as a secret that may be absent, and puts no secret anywhere else', () => {
    const installs = instructions.filter((line) => line.includes('npm ci') || line.includes('production.mjs'));
    expect(installs).toHaveLength(3);
    for (const line of installs)
      expect(line).toContain('--mount=type=secret,id=ca,target=/run/secrets/ca.crt,required=false');
    for (const line of instructions) expect(line).not.toMatch(/^(ENV|ARG) .*(TOKEN|PASSWORD|SECRET|KEY)/i);
    expect(instructions.filter((line) => line.startsWith('ADD '))).toEqual([]);
  });
});

describe('the health check', () => {
  const check = (port: number): Promise<{ readonly code: number | null; readonly ms: number }> =>
    new Promise((resolve) => {
      const begin = performance.now();
      const child = spawn(process.execPath, [join(deploy, 'docker/health.mjs')], {
        env: { ...process.env, GRIDMILL_SERVER_PORT: String(port) },
        stdio: 'ignore',
      });
      child.on('exit', (code) => resolve({ code, ms: performance.now() - begin }));
    });

  test('is 0 for a service that answers, and 1 for one that is not there', async () => {
    const door = await openDoor();
    expect((await check(door.port)).code).toBe(0);
    await door.close();
    expect((await check(door.port)).code).toBe(1);
  });

  test('ends by itself when the service takes connections and never answers', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { code, ms } = await check((silent.address() as AddressInfo).port);
    silent.close();
    expect(code).toBe(1);
    expect(ms).toBeGreaterThan(1_500);
  });
});

interface Compose {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Keys of a service that docker-compose 1.29, docker compose 2 and podman-compose 1.0 all carry out, or ignore without harm. */
const COMMON = new Set([
  ...['image', 'build', 'restart', 'read_only', 'cap_drop', 'security_opt', 'tmpfs', 'mem_limit', 'cpus', 'pids_limit'],
  ...['stop_grace_period', 'logging', 'ports', 'environment', 'volumes', 'profiles', 'command', 'healthcheck'],
]);

describe('the compose file', () => {
  const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
  const services = Object.entries(compose.services);

  test('uses keys only that every compose program knows', () => {
    expect(
      Object.keys(compose)
        .filter((key) => !key.startsWith('x-'))
        .sort(),
    ).toEqual(['services', 'volumes']);
    for (const [name, service] of services) {
      expect(
        Object.keys(service).filter((key) => !COMMON.has(key)),
        name,
      ).toEqual([]);
    }
    // podman-compose 1.0 hands on an empty default as it is written.
    expect(read('compose.yaml')).not.toMatch(/:-\}/);
  });

  test('starts the service alone unless profiles are named', () => {
    expect(services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name)).toEqual(['serve']);
  });

  test('bounds memory and logs of every service, and leaves ours no rights', () => {
    for (const [name, service] of services) {
      expect(service['mem_limit'], name).toBeDefined();
      expect(service['logging'], name).toEqual({
        driver: 'json-file',
        options: { 'max-size': '10m', 'max-file': '5' },
      });
      expect(String(service['image']), name).not.toMatch(/:latest/);
    }
    for (const name of ['serve', 'worker']) {
      expect(compose.services[name]).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
  });

  test('listens on this machine only, and mounts files that are there', () => {
    for (const [, { ports = [] }] of services)
      for (const port of ports as string[]) expect(port).toContain('127.0.0.1:');
    const mounted = services
      .flatMap(([, { volumes = [] }]) => volumes as string[])
      .map((volume) => volume.split(':')[0]!);
    const known = new Set([...readdirSync(deploy, { recursive: true, encoding: 'utf8' }), 'token']);
    for (const source of mounted) {
      if (source.startsWith('./')) expect(known, source).toContain(source.slice(2));
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });
});

describe('alerts and dashboard', () => {
  test('name only measures that /metrics really has', async () => {
    const desk: JobDesk = {
      store: createMemoryStore(),
      newId: () => 'id',
      newHandoverId: () => 'h-id',
      progressFolder: (id) => id,
      dropProgress: () => undefined,
      wake: () => undefined,
      close: async () => undefined,
    };
    const door = await openDoor({ openDesk: async () => desk });
    const { body } = await door.server.inject({ url: '/metrics', headers: { host: 'localhost' } });
    await door.close();
    const there = new Set<string>();
    for (const [, name, type] of body.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) there.add(`${name}${suffix}`);
    }
    const { groups } = parse(read('monitoring/alerts.yaml')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const rules = groups.flatMap(({ rules: list }) => list);
    const dashboard = JSON.parse(read('monitoring/grafana/dashboards/gridmill.json')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const expressions = [
      ...rules.map(({ alert, expr }) => [alert, expr] as const),
      ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
    ];
    expect(expressions.length).toBeGreaterThan(25);
    for (const [what, expression] of expressions) {
      for (const [name] of expression.matchAll(/\bgridmill_\w+/g)) expect(there, what).toContain(name);
    }
    // Every alert has a sentence for people.
    for (const rule of rules)
      expect(rule).toMatchObject({ annotations: { summary: expect.any(String), todo: expect.any(String) } });
  });
});
