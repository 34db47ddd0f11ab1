// What `gridmill image` does.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { BuiltImage, ImageOrder } from '../images/build-image.ts';
import type { ImageTool, ToolName } from '../images/image-tool.ts';
import type { StrategyFolder } from '../images/strategy-folder.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';

export interface ImageOptions {
  readonly push?: string;
  readonly base: string;
  readonly npmImage: string;
  readonly tool?: ToolName;
  readonly tag?: string;
  readonly npmrc?: string;
  readonly ca?: string;
  readonly write?: string;
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Errors: those of readStrategyFolder, findTool, buildImage and pushImage; REQUEST_INVALID for names of no image. */
export async function makeImage(folder: string, options: ImageOptions, host: Host): Promise<ExitCode> {
  for (const name of [options.base, options.npmImage, options.push, options.tag]) checkReference(name);
  const found = await loadedFolder(folder, host);
  if (options.check === true) return sayChecked(folder, found, options, host);
  if (options.dryRun === true || options.write !== undefined) return sayContext(found, options, host);
  const [{ findTool }, { buildImage, pushImage }] = await Promise.all([
    import('../images/image-tool.ts'),
    import('../images/build-image.ts'),
  ]);
  const tool = await findTool(options.tool);
  const order: ImageOrder = {
    folder: found,
    images: { base: options.base, npm: options.npmImage },
    secrets: secretsOf(options, host),
    endpoint: host.environment['GRIDMILL_AWS_ENDPOINT'] || undefined,
    onStep: (sentence) => host.stderr.write(`${sentence}\n`),
  };
  const built = await buildImage(order, tool);
  if (options.tag !== undefined) await tool.tag(built.image, options.tag);
  const pushed = options.push === undefined ? undefined : await pushImage(built, options.push, order, tool);
  return sayBuilt(found, built, pushed, tool, options, host);
}

async function loadedFolder(folder: string, host: Host): Promise<StrategyFolder> {
  const [{ readStrategyFolder }, { strategyCache }, { checkParameters }] = await Promise.all([
    import('../images/strategy-folder.ts'),
    import('../runs/sweep-run.ts'),
    import('../runs/parameter-names.ts'),
  ]);
  const check = (strategy: Strategy): void => checkParameters(strategy, {});
  const loader = { cacheFolder: strategyCache(host.storeRoot), entry: host.entry, check };
  return readStrategyFolder(resolve(host.folder, folder), loader);
}

/** Inside an image, and wherever a folder has the list of one, the strategies must be those of the list. */
async function sayChecked(folder: string, { strategies }: StrategyFolder, { json }: ImageOptions, host: Host) {
  const { compareStrategies, readStrategyIndex } = await import('../images/strategy-index.ts');
  compareStrategies(readStrategyIndex(resolve(host.folder, folder)) ?? [], strategies);
  host.stdout.write(json === true ? `${JSON.stringify({ strategies })}\n` : listOf(strategies));
  return undefined;
}

async function sayContext(folder: StrategyFolder, options: ImageOptions, host: Host): Promise<ExitCode> {
  const { imageContext } = await import('../images/image-context.ts');
  const { dockerfile, files } = imageContext(folder, { base: options.base, npm: options.npmImage });
  if (options.write !== undefined) {
    const { writeContext } = await import('../images/build-image.ts');
    writeContext({ dockerfile, files }, resolve(host.folder, options.write));
  }
  if (options.json === true) {
    const shown = files.map(({ name, content }) => ({ name, bytes: content.length }));
    host.stdout.write(`${JSON.stringify({ strategies: folder.strategies, dockerfile, files: shown })}\n`);
    return;
  }
  const bytes = files.map(({ name, content }) => `  ${name}  ${content.length.toLocaleString('en')} bytes\n`);
  host.stdout.write(`${listOf(folder.strategies)}\nDockerfile:\n\n${dockerfile}\nBeside it:\n\n${bytes.join('')}`);
  return;
}

function sayBuilt(
  { strategies }: StrategyFolder,
  { image, hash, isNew }: BuiltImage,
  pushed: string | undefined,
  tool: ImageTool,
  options: ImageOptions,
  host: Host,
): ExitCode {
  if (options.json === true) {
    host.stdout.write(`${JSON.stringify({ image, hash, isNew, pushed, tool: tool.name, strategies })}\n`);
    return;
  }
  const state = isNew ? 'Built' : 'Already built';
  const lines = [listOf(strategies), `${state}: ${options.tag ?? image}`];
  // Alone on the last line, for scripts.
  host.stdout.write(asCalled(`${lines.join('\n')}\n${pushed === undefined ? '' : `${pushed}\n`}`, host));
  return;
}

const listOf = (strategies: StrategyFolder['strategies']): string =>
  strategies.map(({ name, file, hash }) => `  ${name}  ${file}  ${hash.slice(0, 12)}\n`).join('');

function secretsOf({ npmrc, ca }: ImageOptions, host: Host): Readonly<Record<string, string>> {
  const given = Object.entries({ npmrc, ca }).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, resolve(host.folder, path)] as const],
  );
  const missing = given.find(([, path]) => !existsSync(path) || path.includes(','));
  if (missing === undefined) return Object.fromEntries(given);
  throw new AppError('REQUEST_INVALID', {
    rule: `--${missing[0]} names a file, without a comma in its path.`,
    found: missing[1],
    todo: 'Check the path.',
  });
}

/** Names of images go into a Dockerfile and onto command lines. */
function checkReference(name: string | undefined): void {
  if (name === undefined || /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$/.test(name)) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'An image is named as HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:….',
    found: JSON.stringify(name.slice(0, 80)),
    todo: 'Check the name.',
  });
}
