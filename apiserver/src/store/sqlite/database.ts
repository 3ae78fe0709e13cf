import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';

/**
 * One row per change, never altered: `id` is revision × {@link MAX_TXN_OPS} + place in the txn, so that the order of ids is the order of history.
 * `previous` is the id of the change that this one replaced: what a compaction may take.
 */
const SCHEMA = `
  CREATE TABLE change (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value BLOB,
    deleted INTEGER NOT NULL,
    previous INTEGER
  );
  CREATE INDEX change_by_key ON change (key, id, deleted);
  CREATE TABLE mark (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO mark VALUES ('compacted', 0), ('swept', 0), ('erase', 0);
`;
const APPLICATION_ID = 0x52495652;
const SCHEMA_VERSION = 1;
const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/** Room for the changes of one txn between two revisions. */
const MAX_TXN_OPS = 128;

export const revisionOf = (id: number): number => Math.floor(id / MAX_TXN_OPS);

/** The first id that belongs to `revision`. */
export const firstId = (revision: number): number => revision * MAX_TXN_OPS;

export interface OpenDatabase {
  db: DatabaseSync;
  /** Holds every other process out while it is open. */
  lock: DatabaseSync;
}

/**
 * Opens the file for writing and keeps every other process out until {@link DatabaseSync.close} of `lock`, or the death of this process.
 * @throws StoreError `Unavailable` when another holds it, when it is damaged, or no store of this version.
 */
export function openForWriting(path: string, maxBytes: number | undefined): OpenDatabase {
  const lock = takeLock(path);
  try {
    const db = new DatabaseSync(path);
    prepare(db, path);
    if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / pageSize(db))}`);
    return { db, lock };
  } catch (error) {
    lock.close();
    throw asStoreError(error, path);
  }
}

export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  db.exec('PRAGMA cache_size = -2000');
  return db;
}

/** A lock of SQLite's own on an empty file beside ours: it dies with its process, and leaves our file open to our reader. */
function takeLock(path: string): DatabaseSync {
  try {
    const lock = new DatabaseSync(`${path}.lock`);
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    if (sqliteCode(error) !== BUSY) throw asStoreError(error, path);
    throw new StoreError('Unavailable', `${path} is in use by another process: stop it first`);
  }
}

function prepare(db: DatabaseSync, path: string): void {
  const applicationId = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  const isEmpty = pragma(db, 'schema_version') === 0;
  if (!isEmpty && applicationId !== APPLICATION_ID) throw new StoreError('Unavailable', `${path} is a SQLite file but not a River store`);
  if (version > SCHEMA_VERSION) {
    throw new StoreError('Unavailable', `${path} has format ${version}, this River reads up to ${SCHEMA_VERSION}: use the newer River`);
  }
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -4000;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
  `);
  if (!isEmpty) return;
  db.exec(`BEGIN; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

const pageSize = (db: DatabaseSync): number => pragma(db, 'page_size');

const pragma = (db: DatabaseSync, name: string): number => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

export interface Marks {
  /** The newest revision. */
  revision: number;
  /** History before this is forgotten. */
  compacted: number;
}

/** Revisions stay monotone even when a compaction took the newest change. An empty store is at 1, as an empty etcd is. */
export function readMarks(db: DatabaseSync): () => Marks {
  const newest = db.prepare('SELECT max(id) AS id FROM change');
  const compaction = db.prepare("SELECT revision FROM mark WHERE name = 'compacted'");
  return () => {
    const compacted = Number(compaction.get()?.revision ?? 0);
    return { revision: Math.max(1, compacted, revisionOf(Number(newest.get()?.id ?? 0))), compacted };
  };
}

export function asStoreError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = sqliteCode(error);
  if (code === FULL) return new StoreError('Full', `${path}: no space left for another write`, { cause: error });
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new StoreError('Unavailable', `${path} is damaged (${message}): restore a backup`, { cause: error });
  }
  return new StoreError('Unavailable', `${path}: ${message}`, { cause: error });
}

/** SQLite's primary result code; the higher bits say more about the same. */
function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

/** SQLite hands an empty blob back as null where one was bound without bytes. */
export const bytesOf = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());
