// Backups as files: a tar of the files of a store whose last entry lists every one of them with its SHA-256. docs/deploy.md.
import { createHash, type Hash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Disk, systemCode } from './disk.ts';
import { readUpTo, writeFully } from './disk-bytes.ts';
import { readTarHeader, TAR_BLOCK, tarHeader, tarPadding } from './tar-format.ts';

export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the content, in hex. */
  readonly sha256: string;
}

export interface BackupList {
  readonly format: 'gridmill-backup';
  readonly engineVersion: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly files: readonly BackupFile[];
}

const LIST_NAME = 'backup.json';
const COPY_BYTES = 1 << 20;

/** Appends files to a new archive. The archive is whole only after `finish`. */
export class ArchiveWriter {
  readonly #disk: Disk;
  readonly #handle: number;
  readonly #files: BackupFile[] = [];

  constructor(disk: Disk, handle: number) {
    this.#disk = disk;
    this.#handle = handle;
  }

  /** Copies as many bytes as the file has now. Answers false when it is gone. Errors: those of the disk, LIMIT_EXCEEDED. */
  add(path: string, source: string): boolean {
    if (this.#files.length >= LIMITS.backupFilesMax) throw tooMuch(`more than ${LIMITS.backupFilesMax} files`);
    let handle: number;
    try {
      handle = this.#disk.open(source);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
    try {
      const bytes = this.#disk.size(handle);
      this.#write(headerOf(path, bytes));
      const hash = createHash('sha256');
      const buffer = new Uint8Array(Math.min(COPY_BYTES, bytes));
      for (let at = 0; at < bytes; ) {
        const part = buffer.subarray(0, Math.min(buffer.length, bytes - at));
        const count = this.#disk.read(handle, part, at);
        // Files of a store are replaced or appended to, never cut.
        if (count <= 0) throw Object.assign(new Error(`${path} became shorter.`), { code: 'EIO', path: source });
        hash.update(part.subarray(0, count));
        this.#write(part.subarray(0, count));
        at += count;
      }
      this.#write(new Uint8Array(tarPadding(bytes)));
      this.#files.push({ path, bytes, sha256: hash.digest('hex') });
      return true;
    } finally {
      this.#disk.close(handle);
    }
  }

  finish(engineVersion: string, createdAt: number): BackupList {
    const list: BackupList = { format: 'gridmill-backup', engineVersion, createdAt, files: this.#files };
    const body = JSON.stringify(list);
    const text = new TextEncoder().encode(`${body}\n${createHash('sha256').update(body).digest('hex')}\n`);
    this.#write(headerOf(LIST_NAME, text.length));
    this.#write(text);
    this.#write(new Uint8Array(tarPadding(text.length) + 2 * TAR_BLOCK));
    this.#disk.sync(this.#handle);
    return list;
  }

  #write(bytes: Uint8Array): void {
    writeFully(this.#disk, this.#handle, bytes);
  }
}

/** What is done with the content of each file while an archive is read. */
export interface ArchiveTarget {
  begin(path: string): void;
  write(bytes: Uint8Array): void;
  end(): void;
}

/** Reads the archive through and checks every byte. Errors: BACKUP_CORRUPT. */
export function readArchive(disk: Disk, archive: string, target?: ArchiveTarget): BackupList {
  const handle = openArchive(disk, archive);
  try {
    const size = disk.size(handle);
    const found: BackupFile[] = [];
    const buffer = new Uint8Array(COPY_BYTES);
    for (let at = 0; ; ) {
      const block = buffer.subarray(0, TAR_BLOCK);
      if (at + TAR_BLOCK > size) throw corrupt(archive, 'ends early');
      readInto(disk, handle, block, at, archive);
      const entry = readTarHeader(block);
      if (entry === undefined) throw corrupt(archive, `holds no file at byte ${at}`);
      at += TAR_BLOCK;
      if (at + entry.bytes > size) throw corrupt(archive, `ends within ${entry.path}`);
      if (entry.path === LIST_NAME) {
        if (entry.bytes > LIMITS.backupListBytesMax) throw corrupt(archive, 'has a list that is too long');
        const text = new Uint8Array(entry.bytes);
        readInto(disk, handle, text, at, archive);
        return checkedList(archive, new TextDecoder().decode(text), found);
      }
      if (!isPath(entry.path)) throw corrupt(archive, `holds ${JSON.stringify(entry.path.slice(0, 80))}`);
      target?.begin(entry.path);
      const hash = createHash('sha256');
      copyThrough(disk, handle, { at, bytes: entry.bytes, buffer, hash, archive }, target);
      target?.end();
      found.push({ ...entry, sha256: hash.digest('hex') });
      at += entry.bytes + tarPadding(entry.bytes);
    }
  } finally {
    disk.close(handle);
  }
}

interface Span {
  readonly at: number;
  readonly bytes: number;
  readonly buffer: Uint8Array;
  readonly hash: Hash;
  readonly archive: string;
}

function copyThrough(disk: Disk, handle: number, span: Span, target: ArchiveTarget | undefined): void {
  const { buffer, hash, archive } = span;
  for (let done = 0; done < span.bytes; ) {
    const part = buffer.subarray(0, Math.min(buffer.length, span.bytes - done));
    readInto(disk, handle, part, span.at + done, archive);
    hash.update(part);
    target?.write(part);
    done += part.length;
  }
}

function checkedList(archive: string, text: string, found: readonly BackupFile[]): BackupList {
  const [body = '', sum] = text.split('\n');
  if (createHash('sha256').update(body).digest('hex') !== sum) throw corrupt(archive, 'has a damaged list of files');
  const list = JSON.parse(body) as BackupList;
  if (list.format !== 'gridmill-backup') throw corrupt(archive, 'is of another kind');
  const listed = new Map(list.files.map((file) => [file.path, file]));
  for (const { path, bytes, sha256 } of found) {
    const file = listed.get(path);
    if (file?.bytes !== bytes || file.sha256 !== sha256) throw corrupt(archive, `holds ${path} with other bytes`);
    listed.delete(path);
  }
  const [lost] = listed.keys();
  if (lost !== undefined) throw corrupt(archive, `lacks ${lost}`);
  return list;
}

/** Names that cannot leave a folder, and no hidden ones. */
export const isPath = (path: string): boolean =>
  path.length <= 250 && path.split('/').every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part));

function headerOf(path: string, bytes: number): Uint8Array {
  const header = isPath(path) ? tarHeader({ path, bytes }) : undefined;
  if (header === undefined) throw tooMuch(`${JSON.stringify(path.slice(0, 120))} of ${bytes} bytes`);
  return header;
}

function openArchive(disk: Disk, archive: string): number {
  try {
    return disk.open(archive);
  } catch (cause) {
    throw corrupt(archive, `cannot be read (${systemCode(cause) ?? String(cause)})`, cause);
  }
}

function readInto(disk: Disk, handle: number, target: Uint8Array, at: number, archive: string): void {
  if (readUpTo(disk, handle, target, at) < target.length) throw corrupt(archive, 'ends early');
}

const tooMuch = (found: string): AppError =>
  new AppError('LIMIT_EXCEEDED', {
    rule: 'A backup holds files of the store by plain names.',
    found: `${found}.`,
    todo: 'Remove from the store folder what is not its own.',
  });

const corrupt = (archive: string, what: string, cause?: unknown): AppError =>
  new AppError('BACKUP_CORRUPT', { found: `${archive} ${what}.`, todo: 'Use another backup.', cause });
