// The context of an image by its hash, and what tools and registries are asked; the tools are made up here.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildImage, type ImageOrder, pushImage, writeContext } from './build-image.ts';
import { ecrAddress } from './ecr.ts';
import { CONTEXT_LABEL, imageContext } from './image-context.ts';
import { findTool, imageTool, type RunTool, type ToolName } from './image-tool.ts';
import type { StrategyFolder } from './strategy-folder.ts';
import { compareStrategies, readStrategyIndex, strategyInImage } from './strategy-index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const HASH = 'a'.repeat(64);
const DIGEST = `sha256:${'d'.repeat(64)}`;
const plain: StrategyFolder = {
  strategies: [{ name: 'mine', file: 'mine.ts', hash: HASH }],
  files: [{ name: 'mine.ts', content: bytes('code') }],
  packages: [],
};
const packed: StrategyFolder = {
  ...plain,
  packages: [
    { name: 'package.json', content: bytes('{}') },
    { name: 'package-lock.json', content: bytes('{"packages":{}}') },
  ],
};
const images = { base: 'gridmill:shard', npm: 'node:24-slim', baseId: 'id1' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-build-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A tool that knows its images, remembers what it was asked, and looks into the context that it builds. */
function madeUpTool(name: ToolName = 'podman') {
  const held = new Map<string, { Id: string; Config: { Labels: Record<string, string> } }>();
  const calls: string[] = [];
  const inputs: string[] = [];
  let built: string[] = [];
  held.set(images.base, { Id: 'id1', Config: { Labels: {} } });
  held.set(images.npm, { Id: 'id2', Config: { Labels: {} } });
  const run: RunTool = async (command, args, input) => {
    calls.push([command, ...args].join(' '));
    if (input !== undefined) inputs.push(input);
    const done = { status: 0, stdout: '', stderr: '' };
    const last = args.at(-1)!;
    if (args[0] === 'image') {
      const found = held.get(last);
      return found === undefined ? { ...done, status: 125 } : { ...done, stdout: JSON.stringify([found]) };
    }
    if (args[0] === 'build') {
      built = readdirSync(last, { recursive: true }).map(String).sort();
      const label = /LABEL \S+="(.*)"/.exec(readFileSync(join(last, 'Dockerfile'), 'utf8'))![1]!;
      held.set(args[args.indexOf('--tag') + 1]!, { Id: 'id3', Config: { Labels: { [CONTEXT_LABEL]: label } } });
    }
    if (args[0] === 'push' && args.includes('--digestfile')) {
      writeFileSync(args[args.indexOf('--digestfile') + 1]!, `${DIGEST}\n`);
    }
    return args[0] === 'push' ? { ...done, stdout: `latest: digest: ${DIGEST} size: 1` } : done;
  };
  return { tool: imageTool(name, run), run, calls, inputs, held, built: () => built };
}

const orderOf = (more: Partial<ImageOrder> = {}): ImageOrder => ({
  folder: plain,
  images: { base: images.base, npm: images.npm },
  secrets: { npmrc: '/home/me/.npmrc' },
  onStep: () => undefined,
  ...more,
});

describe('a context', () => {
  test('has one hash for one content, another for any other', () => {
    const { hash } = imageContext(plain, images);
    expect(imageContext(plain, { ...images }).hash).toBe(hash);
    const others = [
      imageContext({ ...plain, files: [{ name: 'mine.ts', content: bytes('Code') }] }, images),
      imageContext({ ...plain, files: [{ name: 'other.ts', content: bytes('code') }] }, images),
      imageContext({ ...plain, strategies: [{ ...plain.strategies[0]!, hash: 'b'.repeat(64) }] }, images),
      imageContext(packed, images),
      imageContext(plain, { ...images, baseId: 'id9' }),
      imageContext(packed, { ...images, npm: 'node:25-slim' }),
    ].map((context) => context.hash);
    expect(new Set([hash, ...others]).size).toBe(7);
  });

  test('asks for npm only where there are packages, and checks the strategies inside', () => {
    const { dockerfile } = imageContext(plain, images);
    expect(dockerfile).not.toContain('npm');
    expect(dockerfile).toMatch(/^RUN \["node", "\/app\/bin\/gridmill.mjs", "image", "\/strategies", "--check"\]$/m);
    expect(dockerfile).toContain(`LABEL ${CONTEXT_LABEL}="${imageContext(plain, images).hash}"`);
    const withPackages = imageContext(packed, images).dockerfile;
    expect(withPackages).toContain('npm ci --omit=dev --ignore-scripts');
    expect(withPackages.match(/^FROM .*$/gm)).toEqual([
      'FROM node:24-slim AS packages',
      'FROM gridmill:shard AS checked',
      'FROM gridmill:shard',
    ]);
    expect(withPackages).not.toContain('# syntax');
  });

  test('is readable by the user of the image, and never written over', () => {
    const before = process.umask(0o077);
    try {
      writeContext(imageContext(packed, images), folder);
    } finally {
      process.umask(before);
    }
    expect(statSync(join(folder, 'strategies')).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, 'strategies/mine.ts')).mode & 0o777).toBe(0o644);
    expect(() => writeContext(imageContext(plain, images), folder)).toThrow(/empty folder/);
  });

  test('leads a machine to the strategy of a hash', () => {
    writeContext(imageContext(plain, images), folder);
    const inside = join(folder, 'strategies');
    expect(strategyInImage(inside, HASH)).toBe(join(inside, 'mine.ts'));
    expect(strategyInImage(inside, 'b'.repeat(64))).toBeUndefined();
    expect(strategyInImage(undefined, HASH)).toBeUndefined();
    const index = readStrategyIndex(inside)!;
    expect(index).toEqual(plain.strategies);
    expect(() => compareStrategies(index, index)).not.toThrow();
    expect(() => compareStrategies(index, [{ ...index[0]!, hash: 'b'.repeat(64) }])).toThrow(/bbbbbbbbbbbb/);
    expect(() => compareStrategies(index, [])).toThrow(/not there/);
  });
});

describe('a build', () => {
  test('is done once for one content, without a network where no packages are needed', async () => {
    const { tool, calls, built } = madeUpTool();
    const first = await buildImage(orderOf(), tool);
    expect(first.isNew).toBe(true);
    expect(built()).toEqual(['Dockerfile', 'strategies', 'strategies/mine.ts', 'strategies/strategies.gridmill.json']);
    const build = calls.find((call) => call.startsWith('podman build'))!;
    expect(build).toContain('--network none');
    expect(build).not.toContain('npmrc');
    expect(existsSync(build.split(' ').at(-1)!)).toBe(false);
    expect(await buildImage(orderOf(), tool)).toEqual({ ...first, isNew: false });
    expect(calls.filter((call) => call.startsWith('podman build'))).toHaveLength(1);
  });

  test('hands settings of npm over as a secret', async () => {
    const { tool, calls, built } = madeUpTool();
    await buildImage(orderOf({ folder: packed }), tool);
    const build = calls.find((call) => call.startsWith('podman build'))!;
    expect(build).toContain('--secret id=npmrc,src=/home/me/.npmrc');
    expect(build).toContain('--network host');
    expect(built().some((name) => name.includes('npmrc'))).toBe(false);
  });

  test('is not taken from an image of that name with another content', async () => {
    const { tool, held } = madeUpTool();
    const { image } = await buildImage(orderOf(), tool);
    held.set(image, { Id: 'id7', Config: { Labels: { [CONTEXT_LABEL]: 'other' } } });
    expect((await buildImage(orderOf(), tool)).isNew).toBe(true);
  });

  test('of a tool that fails says what the tool said', async () => {
    const { run } = madeUpTool();
    const broken: RunTool = async (command, args) =>
      args[0] === 'build' ? { status: 1, stdout: '', stderr: 'line 1\nno space left' } : run(command, args);
    await expect(buildImage(orderOf(), imageTool('podman', broken))).rejects.toMatchObject({
      code: 'IMAGE_FAILED',
      found: expect.stringContaining('no space left'),
    });
  });

  test('takes the first tool that works, and says when there is none', async () => {
    const only =
      (works: string): RunTool =>
      async (command) => ({ status: command === works ? 0 : null, stdout: '', stderr: '' });
    expect((await findTool(undefined, only('docker'))).name).toBe('docker');
    expect((await findTool(undefined, only('buildah'))).name).toBe('buildah');
    await expect(findTool(undefined, only('none'))).rejects.toMatchObject({ code: 'DEPENDENCY_MISSING' });
    await expect(findTool('docker', only('podman'))).rejects.toMatchObject({ code: 'DEPENDENCY_MISSING' });
  });
});

describe('a push', () => {
  const REPOSITORY = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/gridmill';
  let server: Server | undefined;
  afterEach(() => server?.close());
  /** Amazon's registry, as far as this project asks it. */
  async function startEcr(digest?: string): Promise<{ endpoint: string; asked: { target: string; body: unknown }[] }> {
    const asked: { target: string; body: unknown }[] = [];
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (part) => {
        text += part;
      });
      request.on('end', () => {
        const target = String(request.headers['x-amz-target']).split('.')[1]!;
        asked.push({ target, body: JSON.parse(text) });
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        if (target === 'GetAuthorizationToken') {
          const authorizationToken = Buffer.from('AWS:very:secret').toString('base64');
          response.end(JSON.stringify({ authorizationData: [{ authorizationToken }] }));
        } else if (digest !== undefined) {
          response.end(JSON.stringify({ imageDetails: [{ imageDigest: digest }] }));
        } else {
          response.statusCode = 400;
          response.end(JSON.stringify({ __type: 'ImageNotFoundException', message: 'no such image' }));
        }
      });
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }
  const built = { image: 'gridmill-strategies:h', hash: 'h', isNew: true };
  const credentials = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };

  test('answers the digest of the registry, by any tool', async () => {
    for (const name of ['podman', 'docker'] as const) {
      const { tool, calls, inputs } = madeUpTool(name);
      expect(await pushImage(built, '127.0.0.1:5000/mine', orderOf(), tool)).toBe(`127.0.0.1:5000/mine@${DIGEST}`);
      expect(calls.some((call) => call.includes('--tls-verify=false'))).toBe(name === 'podman');
      expect(calls.some((call) => call.includes(' login '))).toBe(false);
      expect(inputs).toEqual([]);
    }
    const { tool, calls } = madeUpTool();
    await pushImage(built, 'registry.example.com/mine', orderOf(), tool);
    expect(calls.join('\n')).not.toContain('--tls-verify');
  });

  test('to ECR logs in with a password that no command line shows', async () => {
    Object.assign(process.env, credentials);
    const { endpoint, asked } = await startEcr();
    const { tool, calls, inputs } = madeUpTool();
    const said: string[] = [];
    const order = orderOf({ endpoint, onStep: (sentence) => said.push(sentence) });
    expect(await pushImage(built, REPOSITORY, order, tool)).toBe(`${REPOSITORY}@${DIGEST}`);
    expect(asked.map(({ target }) => target)).toEqual(['DescribeImages', 'GetAuthorizationToken']);
    expect(asked[0]!.body).toEqual({
      registryId: '123456789012',
      repositoryName: 'team/gridmill',
      imageIds: [{ imageTag: 'h' }],
    });
    expect(calls).toContain(`podman login --username AWS --password-stdin ${REPOSITORY.split('/')[0]}`);
    expect(inputs).toEqual(['very:secret']);
    expect([...calls, ...said].join('\n')).not.toContain('secret');
  });

  test('is left out for what lies in ECR under that hash', async () => {
    Object.assign(process.env, credentials);
    const { endpoint } = await startEcr(DIGEST);
    const { tool, calls } = madeUpTool();
    expect(await pushImage(built, REPOSITORY, orderOf({ endpoint }), tool)).toBe(`${REPOSITORY}@${DIGEST}`);
    expect(calls).toEqual([]);
  });

  test('that a registry refuses names no password', async () => {
    Object.assign(process.env, credentials);
    const { endpoint } = await startEcr();
    const { run } = madeUpTool();
    const refusing: RunTool = async (command, args, input) =>
      args[0] === 'login' ? { status: 1, stdout: '', stderr: 'unauthorized' } : run(command, args, input);
    const error = await pushImage(built, REPOSITORY, orderOf({ endpoint }), imageTool('podman', refusing)).catch(
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ code: 'IMAGE_FAILED', found: expect.stringContaining('unauthorized') });
    expect(String(error)).not.toContain('secret');
  });

  test('knows addresses of ECR from others', () => {
    expect(ecrAddress(REPOSITORY)).toMatchObject({
      account: '123456789012',
      region: 'eu-central-1',
      name: 'team/gridmill',
    });
    expect(ecrAddress('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/x')?.region).toBe('cn-north-1');
    for (const other of ['docker.io/library/node', 'evil.com/123456789012.dkr.ecr.eu-central-1.amazonaws.com/x']) {
      expect(ecrAddress(other)).toBeUndefined();
    }
  });
});
