// A virtual machine with control groups of version 2 only: Debian's kernel, the files of an image, and a script as its first process.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './podman.ts';

const EMULATOR = 'qemu-system-x86_64';
/** Kernel and shell are fetched once for all runs on this machine. */
const PARTS = join(tmpdir(), 'gridmill-test-machine');
const BOOT_MS = 1_200_000;

interface Parts {
  readonly kernel: string;
  readonly busybox: string;
}

/** Why there is no such machine here, or what it starts from. */
export function machineParts(): Parts | string {
  if (process.arch !== 'x64') return 'the virtual machine is one for x86-64';
  if (spawnSync(EMULATOR, ['--version']).status !== 0) {
    return `${EMULATOR} is not installed (apt-get install qemu-system-x86 ipxe-qemu)`;
  }
  const busybox = join(PARTS, 'busybox', 'bin', 'busybox');
  const kernel = (): string | undefined => {
    const folder = join(PARTS, 'kernel', 'boot');
    const name = existsSync(folder) ? readdirSync(folder).find((one) => one.startsWith('vmlinuz')) : undefined;
    return name && join(folder, name);
  };
  if (kernel() === undefined || !existsSync(busybox)) fetchParts();
  const found = kernel();
  return found === undefined || !existsSync(busybox)
    ? 'Debian’s packages of a kernel and of busybox cannot be fetched'
    : { kernel: found, busybox };
}

function fetchParts(): void {
  rmSync(PARTS, { recursive: true, force: true });
  mkdirSync(PARTS, { recursive: true });
  const depends = spawnSync('apt-cache', ['depends', 'linux-image-cloud-amd64'], { encoding: 'utf8' }).stdout ?? '';
  const kernel = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (kernel === undefined) return;
  const options = ['-o', 'APT::Sandbox::User=root', 'download', kernel, 'busybox-static'];
  if (spawnSync('apt-get', options, { cwd: PARTS, timeout: 120_000 }).status !== 0) return;
  for (const name of readdirSync(PARTS)) {
    const folder = name.startsWith('busybox') ? 'busybox' : 'kernel';
    spawnSync('dpkg-deb', ['-x', join(PARTS, name), join(PARTS, folder)]);
  }
}

/**
 * Starts a machine of two processors with the files of `image` and `files`, runs `script` (shell) as its first process, and answers what
 * that printed. Control groups are mounted at /sys/fs/cgroup with memory and processors handed down.
 */
export async function runInMachine(
  { kernel, busybox }: Parts,
  image: string,
  files: Readonly<Record<string, string>>,
  script: string,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-machine-'));
  try {
    const root = join(folder, 'root');
    mkdirSync(root);
    unpackImage(image, root);
    for (const name of ['bin', 'dev', 'proc', 'sys', 'lab']) mkdirSync(join(root, name), { recursive: true });
    copyFileSync(busybox, join(root, 'bin', 'busybox'));
    // Called by its path: the one of busybox knows no namespaces of control groups.
    copyFileSync('/usr/bin/unshare', join(root, 'usr', 'bin', 'unshare'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'lab', name), content);
    writeFileSync(join(root, 'init'), `${PREAMBLE}${script}\npoweroff -f\n`);
    chmodSync(join(root, 'init'), 0o755);
    const initrd = join(folder, 'initrd');
    packRoot(busybox, root, initrd);
    return await boot(kernel, initrd);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PREAMBLE = `#!/bin/busybox sh
export PATH=/usr/local/bin:/usr/bin:/bin GRIDMILL_HOME=/tmp/home GRIDMILL_CALLED_AS=gridmill NO_COLOR=1 HOME=/tmp
/bin/busybox --install -s /bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t tmpfs none /tmp; mount -t devtmpfs none /dev
mount -t cgroup2 none /sys/fs/cgroup; ifconfig lo up; cd /lab
echo '+memory +cpu' > /sys/fs/cgroup/cgroup.subtree_control
`;

function unpackImage(image: string, root: string): void {
  const name = ask(['create', image]);
  const tar = `${root}.tar`;
  try {
    ask(['export', '--output', tar, name]);
    const { status, stderr } = spawnSync('tar', ['-C', root, '-xf', tar], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`tar: ${stderr}`);
  } finally {
    ask(['rm', '--force', name]);
    rmSync(tar, { force: true });
  }
}

/** The format in which a kernel takes its first files. */
function packRoot(busybox: string, root: string, target: string): void {
  const { stdout } = spawnSync('find', ['.'], { cwd: root, maxBuffer: 1 << 28 });
  const { status } = spawnSync(busybox, ['cpio', '-o', '-H', 'newc'], {
    cwd: root,
    input: stdout,
    stdio: ['pipe', openSync(target, 'w'), 'ignore'],
  });
  if (status !== 0) throw new Error('cpio failed');
}

function boot(kernel: string, initrd: string): Promise<string> {
  // Emulated throughout: where machines may not be nested this works too.
  const machine = ['-accel', 'tcg,thread=multi', '-smp', '2', '-m', '2048', '-nographic', '-no-reboot', '-nic', 'none'];
  const start = ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1'];
  return new Promise((resolve, reject) => {
    const child = spawn(EMULATOR, [...machine, ...start], { stdio: ['ignore', 'pipe', 'ignore'], timeout: BOOT_MS });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.on('error', reject);
    child.on('close', () => resolve(text.replaceAll('\r', '')));
  });
}
