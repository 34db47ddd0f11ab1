// Stored studies: a folder each with what was asked, the log of its trials, how far it came, and a lock.
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { type Disk, REAL_DISK, systemCode } from './disk.ts';
import { durableWrite, removeAbandonedTemps } from './durable-write.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { openRecordLog, type RecordLog } from './record-log.ts';
import { decodeResult, encodeResult, type ResultSummary, type StoredResult } from './result-file.ts';
import { checkName, findFolder, makeFolder, reading, withFile, writing } from './store-folder.ts';

const [REQUEST, STATE, LOG, LOCK] = ['study.json', 'state.json', 'trials.log', 'lock'];
const FILES = [REQUEST, STATE, LOG, LOCK];

/** What a study is asked, and how far it came; `state` is absent until something was said of it. */
export interface StoredStudy {
  readonly name: string;
  readonly createdAt: number;
  readonly summary: ResultSummary;
  readonly request: Json;
  readonly state?: { readonly changedAt: number; readonly summary: ResultSummary; readonly body: Json };
}

/** One folder of the store: `study` when it is readable, else `damage` says what is wrong. */
export interface StudyEntry {
  readonly name: string;
  readonly study?: StoredStudy;
  readonly damage?: string;
}

/** A study that this process holds the lock of. */
export interface OpenStudy {
  readonly log: RecordLog;
  setState(changedAt: number, summary: ResultSummary, body: Json): void;
  close(): void;
}

export interface StudyStore {
  /** Newest first. */
  list(): StudyEntry[];
  /** Undefined when there is none of that name. Errors: PATH_FORBIDDEN, RESULT_CORRUPT, STORE_UNREADABLE. */
  find(name: string): StoredStudy | undefined;
  /** Errors: STORE_FULL when studiesMax are stored, STORE_UNWRITABLE. */
  create(study: Omit<StoredStudy, 'state'>): void;
  /** Takes the lock and opens the log. Errors: STUDY_LOCKED while another process runs it. */
  open(name: string, clock: Clock): OpenStudy;
  /** Errors: STUDY_LOCKED, STORE_UNWRITABLE. */
  remove(name: string): void;
}

/** The store in `<root>/studies`. */
export function openStudyStore(root: string, disk: Disk = REAL_DISK): StudyStore {
  const folderOf = (name: string): string | undefined =>
    findFolder(disk, root, ['studies', checkName(name, 'the study')]);
  return {
    list: () => reading(root, () => listStudies(disk, root)),
    find: (name) =>
      reading(root, () => {
        const folder = folderOf(name);
        return folder === undefined ? undefined : readStudy(disk, folder, name);
      }),
    create: ({ name, createdAt, summary, request }) =>
      writing(root, () => {
        const known = namesOf(disk, root).filter((other) => other !== name).length;
        if (known >= LIMITS.studiesMax) {
          throw new AppError('STORE_FULL', {
            rule: 'The store must stay within its limit of studies.',
            found: `${known} studies are stored; the limit is ${LIMITS.studiesMax}.`,
            todo: 'Remove old ones: gridmill studies remove NAME.',
          });
        }
        const folder = makeFolder(disk, root, ['studies', checkName(name, 'the study')]);
        durableWrite(disk, join(folder, REQUEST!), [encode(createdAt, summary, request)]);
      }),
    open(name, clock) {
      const folder = writing(root, () => makeFolder(disk, root, ['studies', checkName(name, 'the study')]));
      const unlock = writing(root, () => takeLock(disk, folder, name));
      try {
        removeAbandonedTemps(disk, folder);
        const log = openRecordLog(disk, join(folder, LOG!), clock);
        return {
          log,
          setState: (changedAt, summary, body) =>
            durableWrite(disk, join(folder, STATE!), [encode(changedAt, summary, body)]),
          close() {
            try {
              log.close();
            } finally {
              unlock();
            }
          },
        };
      } catch (error) {
        unlock();
        throw error;
      }
    },
    remove: (name) =>
      writing(root, () => {
        const folder = folderOf(name);
        if (folder === undefined) return;
        takeLock(disk, folder, name);
        removeAbandonedTemps(disk, folder);
        // The request goes first: what is left of a removal that was cut short is no study.
        for (const file of FILES) if (disk.inspect(join(folder, file!)) !== undefined) disk.remove(join(folder, file!));
        disk.removeFolder(folder);
      }),
  };
}

const encode = (createdAt: number, summary: ResultSummary, body: Json): Uint8Array =>
  encodeResult({ format: 'gridmill-result', createdAt, summary, body });

function namesOf(disk: Disk, root: string): string[] {
  const folder = findFolder(disk, root, ['studies']);
  if (folder === undefined) return [];
  return disk.list(folder).flatMap(({ name, kind }) => (kind === 'folder' && !name.startsWith('.') ? [name] : []));
}

/** Gives back what a thread of this process held when it was ended. Errors: STORE_UNWRITABLE. */
export function releaseStudiesOf(root: string, thread: number, disk: Disk = REAL_DISK): void {
  const own = ownIdentity();
  writing(root, () => {
    for (const name of namesOf(disk, root)) {
      const path = join(findFolder(disk, root, ['studies'])!, name, LOCK!);
      const owner = ownerOf(disk, path);
      const isOwn = owner?.pid === own.pid && owner.boot === own.boot && owner.started === own.started;
      if (isOwn && owner.thread === thread) removeIfThere(disk, path);
    }
  });
}

function listStudies(disk: Disk, root: string): StudyEntry[] {
  const entries = namesOf(disk, root).flatMap((name): StudyEntry[] => {
    try {
      const study = readStudy(disk, join(findFolder(disk, root, ['studies'])!, name), name);
      return study === undefined ? [] : [{ name, study }];
    } catch (error) {
      if (error instanceof AppError) return [{ name, damage: error.found }];
      throw error;
    }
  });
  return entries.sort((a, b) => (b.study?.createdAt ?? 0) - (a.study?.createdAt ?? 0) || (a.name < b.name ? -1 : 1));
}

function readStudy(disk: Disk, folder: string, name: string): StoredStudy | undefined {
  const asked = readFile(disk, join(folder, REQUEST!));
  if (asked === undefined) return undefined;
  const state = readFile(disk, join(folder, STATE!));
  return {
    name,
    createdAt: asked.createdAt,
    summary: asked.summary,
    request: asked.body,
    ...(state === undefined ? {} : { state: { changedAt: state.createdAt, summary: state.summary, body: state.body } }),
  };
}

const readFile = (disk: Disk, path: string): StoredResult | undefined =>
  withFile(disk, path, (read, size) => {
    const bytes = new Uint8Array(size);
    read(bytes, 0);
    return decodeResult(path, bytes);
  });

/** Who holds a lock. Threads are ended without a word, and whoever ends them gives their locks back. */
interface LockOwner extends ProcessIdentity {
  readonly thread?: number;
}

/** The lock is a file that must not exist; that of a dead process is taken over. Answers the undo. */
function takeLock(disk: Disk, folder: string, name: string): () => void {
  const path = join(folder, LOCK!);
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = disk.create(path);
      disk.write(handle, Buffer.from(JSON.stringify({ ...ownIdentity(), thread: threadId } satisfies LockOwner)));
      disk.close(handle);
      return () => disk.remove(path);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const owner = ownerOf(disk, path);
    if (attempt > 2 || (owner !== undefined && isRunning(owner))) {
      throw new AppError('STUDY_LOCKED', {
        found: `${name}, run by process ${owner?.pid ?? 'unknown'}.`,
        todo: 'Wait for it to end, or give this one another name with --study.',
      });
    }
    removeIfThere(disk, path);
  }
}

function ownerOf(disk: Disk, path: string): LockOwner | undefined {
  const text = withFile(disk, path, (read, size) => {
    const bytes = new Uint8Array(Math.min(size, 1_024));
    read(bytes, 0);
    return new TextDecoder().decode(bytes);
  });
  try {
    return JSON.parse(text ?? '') as LockOwner;
  } catch {
    return undefined;
  }
}

function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
