// podman, buildah or docker: whichever is there, with the few things that an image needs of it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

/** In the order in which they are looked for. */
export const TOOL_NAMES = ['podman', 'buildah', 'docker'] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

interface Finished {
  /** Null when it could not be started or did not end in time. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with text for its input. */
export type RunTool = (command: string, args: readonly string[], input?: string) => Promise<Finished>;

export interface HeldImage {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface BuildOrder {
  /** Folder of the Dockerfile and all beside it. */
  readonly context: string;
  readonly image: string;
  /** Whether steps need the network. */
  readonly network: boolean;
  /** Files that steps may read and no layer keeps. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface ImageTool {
  readonly name: ToolName;
  /** What is on this machine under that name. */
  inspect(image: string): Promise<HeldImage | undefined>;
  /** Errors of this and all below: IMAGE_FAILED. */
  pull(image: string): Promise<void>;
  build(order: BuildOrder): Promise<void>;
  tag(image: string, name: string): Promise<void>;
  /** The password goes through a pipe: command lines are seen by everybody on a machine. */
  login(registry: string, user: string, password: string): Promise<void>;
  /** Answers the digest of what the registry has now. `image` is named as the registry has it. */
  push(image: string): Promise<string>;
}

export const runTool: RunTool = (command, args, input = '') =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMITS.imageStepMsMax });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (part: string) => {
        text[name] = `${text[name]}${part}`.slice(-OUTPUT_MAX);
      });
    }
    child.on('error', (error) => resolve({ status: null, stdout: text.stdout, stderr: error.message }));
    child.on('close', (status) => resolve({ status, ...text }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

/** Characters of a tool's output that are kept, from its end. */
const OUTPUT_MAX = 4_194_304;

/** The tool of that name, or the first one that works here. Errors: DEPENDENCY_MISSING. */
export async function findTool(wanted: ToolName | undefined, run: RunTool = runTool): Promise<ImageTool> {
  for (const name of wanted === undefined ? TOOL_NAMES : [wanted]) {
    // The command of docker may be there without its engine.
    const probe = name === 'docker' ? ['version', '--format', '{{.Server.Version}}'] : ['--version'];
    if ((await run(name, probe)).status === 0) return imageTool(name, run);
  }
  throw new AppError('DEPENDENCY_MISSING', {
    rule: 'Images are built by podman, buildah or docker.',
    found: wanted === undefined ? 'none of them works here.' : `${wanted} does not work here.`,
    todo: 'Install one of them, or let --write make the context for a machine that has one.',
  });
}

export function imageTool(name: ToolName, run: RunTool): ImageTool {
  const must = async (step: string, args: readonly string[], input?: string): Promise<string> => {
    const { status, stdout, stderr } = await run(name, args, input);
    if (status === 0) return stdout;
    throw new AppError('IMAGE_FAILED', {
      found: `${name} could not ${step}: ${lastLines(stderr || stdout) || `exit code ${status}`}`,
      todo: 'Correct what it says, and run again.',
    });
  };
  return {
    name,
    async inspect(image) {
      const args = name === 'buildah' ? ['inspect', '--type', 'image', image] : ['image', 'inspect', image];
      const { status, stdout } = await run(name, args);
      return status === 0 ? heldImage(name, stdout) : undefined;
    },
    async pull(image) {
      await must(`pull ${image}`, ['pull', ...insecure(name, image), image]);
    },
    async build({ context, image, network, secrets }) {
      const args = ['build', '--network', network ? 'host' : 'none', '--tag', image];
      // Health checks of the base are kept in Docker's format alone; both images are there already.
      if (name !== 'docker') args.push('--format', 'docker', '--pull=never');
      for (const [id, source] of Object.entries(secrets)) args.push('--secret', `id=${id},src=${source}`);
      await must('build the image', [...args, context]);
    },
    async tag(image, to) {
      await must(`call the image ${to}`, ['tag', image, to]);
    },
    async login(registry, user, password) {
      await must(`log in to ${registry}`, ['login', '--username', user, '--password-stdin', registry], password);
    },
    async push(image) {
      if (name === 'docker') return pushByDocker(image, must);
      const folder = mkdtempSync(join(tmpdir(), 'gridmill-push-'));
      try {
        const file = join(folder, 'digest');
        await must(`push ${image}`, ['push', ...insecure(name, image), '--digestfile', file, image]);
        return checkedDigest(readFileSync(file, 'utf8').trim(), image);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

async function pushByDocker(
  image: string,
  must: (step: string, args: readonly string[]) => Promise<string>,
): Promise<string> {
  const out = await must(`push ${image}`, ['push', image]);
  return checkedDigest(/digest: (sha256:[0-9a-f]{64})/.exec(out)?.[1] ?? '', image);
}

function checkedDigest(digest: string, image: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new AppError('IMAGE_FAILED', {
    found: `no digest after the push of ${image}.`,
    todo: 'Ask the registry whether it is there.',
  });
}

/** Docker takes registries of this machine without TLS; the others have to be told. */
const insecure = (name: ToolName, image: string): string[] =>
  name !== 'docker' && /^(localhost|127(\.\d+){3}):\d+\//.test(image) ? ['--tls-verify=false'] : [];

function heldImage(name: ToolName, text: string): HeldImage {
  if (name === 'buildah') {
    const { FromImageID, Docker } = JSON.parse(text) as {
      readonly FromImageID: string;
      readonly Docker?: { readonly config?: { readonly Labels?: Record<string, string> | null } };
    };
    return { id: plainId(FromImageID), labels: Docker?.config?.Labels ?? {} };
  }
  const [first] = JSON.parse(text) as readonly {
    readonly Id: string;
    readonly Config?: { readonly Labels?: Record<string, string> | null };
  }[];
  return { id: plainId(first!.Id), labels: first!.Config?.Labels ?? {} };
}

const plainId = (id: string): string => id.replace(/^sha256:/, '');

const SHOWN_LINES = 25;

function lastLines(text: string): string {
  const lines = text.trim().split('\n');
  return lines.length === 1 ? lines[0]! : `\n${lines.slice(-SHOWN_LINES).join('\n')}`;
}
