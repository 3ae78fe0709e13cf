import { hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { auditFilesIn, type ChainHead, chainStart, linesIn, placeOf } from '@river/runtime';

/** One file of the log, as far as its successors must know it. */
export interface LogFile {
  name: string;
  bytes: number;
  /** The line that its first one is tied to. */
  before: ChainHead;
  /** The time of its first line. */
  sinceMs: number;
}

/** Bytes at the end of a file that were no line. */
export interface TornPart {
  /** Where they were, and where they lie now. */
  file: string;
  movedTo: string;
  bytes: number;
  sha256: string;
}

/** The folder of one server's log, ready to be gone on with. */
export interface AuditFolder {
  dir: string;
  files: LogFile[];
  head: ChainHead;
  /** What the next lines must name. */
  torn: TornPart[];
  /** Called once lines name the torn parts. */
  named(): void;
  /** Lets another process have the folder. */
  release(): void;
}

/** An end without any line in so many bytes is no end that a crash leaves. */
const searchedBytes = 2 * 1024 * 1024;
const mostTornKept = 20;
const unnamed = '.unnamed';

/**
 * Takes the folder for this process, and finds the last line to tie the next one to. What a kill has cut off behind it is moved aside.
 * Wherever this is cut off itself, the next start does the same.
 * @throws Error when another process has the folder, others than its owner may use it, or its end is no log
 */
export function openAuditFolder(dir: string): AuditFolder {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if ((statSync(dir).mode & 0o077) !== 0) throw new Error(`the audit folder ${dir} may be used by others than its owner: chmod 700 it`);
  const lock = takeLock(dir);
  try {
    const head = soundHead(dir);
    return {
      dir,
      files: auditFilesIn(dir).map((name) => describe(dir, name)),
      head,
      torn: tornParts(dir),
      named: () => forgetNamed(dir),
      release: () => lock.close(),
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** SQLite takes the kernel's lock for us: it ends with the process, also by kill -9. */
function takeLock(dir: string): DatabaseSync {
  const path = join(dir, 'lock');
  const lock = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const isBusy = error instanceof Error && 'errcode' in error && error.errcode === 5;
    if (isBusy) throw new Error(`another API server writes to the audit folder ${dir}: each needs one of its own`, { cause: error });
    throw error;
  }
}

/** The last line of the last file that has one. */
function soundHead(dir: string): ChainHead {
  for (const name of auditFilesIn(dir).reverse()) {
    const path = join(dir, name);
    const { size } = statSync(path);
    const end = soundEnd(path, size);
    if (!end && size > searchedBytes)
      throw new Error(`the end of ${path} is no audit log: move ${dir} away to begin a new one, and keep it to be looked at`);
    const soundBytes = end?.bytes ?? 0;
    if (soundBytes < size) moveAside(dir, name, soundBytes, size);
    if (end) return end.head;
    rmSync(path);
  }
  return chainStart;
}

function soundEnd(path: string, size: number): { head: ChainHead; bytes: number } | undefined {
  const from = Math.max(0, size - searchedBytes);
  const tail = read(path, from, size - from);
  for (let end = tail.lastIndexOf(0x0a); end > 0; ) {
    const before = tail.lastIndexOf(0x0a, end - 1);
    const place = placeOf(tail.subarray(before + 1, end));
    if (place?.isSound) return { head: { seq: place.seq, hash: place.hash }, bytes: from + end + 1 };
    end = before;
  }
  return undefined;
}

function read(path: string, from: number, count: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(file, bytes, 0, count, from));
  } finally {
    closeSync(file);
  }
}

function moveAside(dir: string, name: string, from: number, size: number): void {
  const aside = openSync(join(dir, `torn-${name}-${from}${unnamed}`), 'w', 0o600);
  writeSync(aside, read(join(dir, name), from, size - from));
  fsyncSync(aside);
  closeSync(aside);
  truncateSync(join(dir, name), from);
}

const tornNames = (dir: string, ending: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.startsWith('torn-') && name.endsWith(ending))
    .sort();

const tornParts = (dir: string): TornPart[] =>
  tornNames(dir, unnamed).map((name) => {
    const bytes = read(join(dir, name), 0, statSync(join(dir, name)).size);
    const movedTo = name.slice(0, -unnamed.length);
    return { file: /^torn-(.*)-\d+$/.exec(movedTo)?.[1] ?? '', movedTo, bytes: bytes.length, sha256: hash('sha256', bytes) };
  });

function forgetNamed(dir: string): void {
  for (const name of tornNames(dir, unnamed)) renameSync(join(dir, name), join(dir, name.slice(0, -unnamed.length)));
  for (const name of tornNames(dir, '').slice(0, -mostTornKept)) rmSync(join(dir, name));
}

function describe(dir: string, name: string): LogFile {
  const path = join(dir, name);
  const { size, mtimeMs } = statSync(path);
  const [first] = linesIn(path).take(1);
  const place = first && placeOf(first.bytes);
  if (!first || !place) throw new Error(`${path} does not begin as an audit log does: move ${dir} away, and keep it to be looked at`);
  const time = /"time":"([^"]+)"/.exec(first.bytes.toString('latin1', 0, 300))?.[1] ?? '';
  return { name, bytes: size, before: { seq: place.seq - 1, hash: place.prev }, sinceMs: Date.parse(time) || mtimeMs };
}
