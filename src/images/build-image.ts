// From a folder of strategies to an image here and in a registry: built once for the same content, named by what it holds.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type Ecr, ecrAddress, openEcr } from './ecr.ts';
import { type BaseImages, CONTEXT_LABEL, type ImageContext, imageContext } from './image-context.ts';
import type { ImageTool } from './image-tool.ts';
import type { StrategyFolder } from './strategy-folder.ts';

export interface ImageOrder {
  readonly folder: StrategyFolder;
  readonly images: Omit<BaseImages, 'baseId'>;
  /** Files that building may read and no layer keeps, by the name that the Dockerfile knows. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Of Amazon's registry; that of the region when left out. */
  readonly endpoint?: string | undefined;
  readonly onStep: (sentence: string) => void;
}

export interface BuiltImage {
  /** Its name here; the tag is the hash of its context. */
  readonly image: string;
  readonly hash: string;
  /** False when it was there already. */
  readonly isNew: boolean;
}

const LOCAL_NAME = 'gridmill-strategies';

/** Errors: IMAGE_FAILED, those of the tool, and DEPENDENCY_MISSING for a base in ECR without its client. */
export async function buildImage(order: ImageOrder, tool: ImageTool): Promise<BuiltImage> {
  const { images, folder, onStep } = order;
  const baseId = await heldId(images.base, order, tool);
  const context = imageContext(folder, { ...images, baseId });
  const image = `${LOCAL_NAME}:${context.hash}`;
  const held = await tool.inspect(image);
  if (held?.labels[CONTEXT_LABEL] === context.hash) return { image, hash: context.hash, isNew: false };
  if (context.hasPackages) await heldId(images.npm, order, tool);
  const place = mkdtempSync(join(tmpdir(), 'gridmill-image-'));
  try {
    writeContext(context, place);
    onStep(`building with ${tool.name}`);
    const { hasPackages: network } = context;
    await tool.build({ context: place, image, network, secrets: network ? order.secrets : {} });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return { image, hash: context.hash, isNew: true };
}

/** Pushes under the hash as tag, and answers `repository@sha256:…`. Errors: as buildImage. */
export async function pushImage(
  { image, hash }: BuiltImage,
  repository: string,
  { endpoint, onStep }: Pick<ImageOrder, 'endpoint' | 'onStep'>,
  tool: ImageTool,
): Promise<string> {
  const name = `${repository}:${hash}`;
  const ecr = await ecrOf(repository, endpoint);
  try {
    // A repository whose tags are fixed would refuse the same image from another machine.
    const there = await ecr?.digestOf(hash);
    if (there !== undefined) return `${repository}@${there}`;
    await login(repository, ecr, tool);
    await tool.tag(image, name);
    onStep(`pushing to ${repository}`);
    return `${repository}@${await tool.push(name)}`;
  } finally {
    ecr?.close();
  }
}

/** Writes Dockerfile and files into a folder that all may read, whatever the mask of this user says. Errors: REQUEST_INVALID. */
export function writeContext({ dockerfile, files }: Pick<ImageContext, 'dockerfile' | 'files'>, folder: string): void {
  const put = (name: string, content: string | Uint8Array): void => {
    const path = join(folder, name);
    for (const parent of parentsOf(name)) {
      mkdirSync(join(folder, parent), { recursive: true });
      chmodSync(join(folder, parent), 0o755);
    }
    try {
      writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
    } catch (cause) {
      throw new AppError('REQUEST_INVALID', {
        rule: 'A context is written into an empty folder.',
        found: `${path}: ${(cause as Error).message}.`,
        todo: 'Name a folder that is empty, or not there yet.',
        cause,
      });
    }
    chmodSync(path, 0o644);
  };
  mkdirSync(folder, { recursive: true });
  put('Dockerfile', dockerfile);
  for (const { name, content } of files) put(name, content);
}

/** `a/b/c.ts` as `a`, `a/b`. */
function parentsOf(name: string): string[] {
  const folder = dirname(name);
  return folder === '.' ? [] : [...parentsOf(folder), folder];
}

/** The id of an image that others name; it is fetched when it is not here. */
async function heldId(image: string, { endpoint, onStep }: ImageOrder, tool: ImageTool): Promise<string> {
  const held = await tool.inspect(image);
  if (held !== undefined) return held.id;
  const ecr = await ecrOf(image.replace(/(@[^/]*|:[^/:]*)$/, ''), endpoint);
  try {
    await login(image, ecr, tool);
  } finally {
    ecr?.close();
  }
  onStep(`fetching ${image}`);
  await tool.pull(image);
  const fetched = await tool.inspect(image);
  if (fetched !== undefined) return fetched.id;
  throw new AppError('IMAGE_FAILED', { found: `no ${image} after it was pulled.`, todo: 'Check its name.' });
}

async function ecrOf(repository: string, endpoint: string | undefined): Promise<Ecr | undefined> {
  const address = ecrAddress(repository);
  return address && openEcr(address, endpoint);
}

/** Other registries go by the logins that the tool has. */
async function login(image: string, ecr: Ecr | undefined, tool: ImageTool): Promise<void> {
  if (ecr === undefined) return;
  const { user, password } = await ecr.login();
  await tool.login(image.split('/')[0]!, user, password);
}
