import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../store.ts';
import { asStoreError, firstId, openForWriting, readMarks, revisionOf } from './database.ts';
import {
  type CommitReply,
  type CommitRequest,
  type Met,
  pack,
  type TxnMessage,
  type TxnReply,
  unpack,
  type WriterRequest,
} from './messages.ts';
import { attempt, serve } from './serve.ts';

/** The thread that writes: each request is one commit, and one fsync, for all txns in it. */
const { path, maxBytes } = workerData as { path: string; maxBytes: number | undefined };

const SWEEP_ROWS = 2_000;

const toStoreError = (error: unknown): StoreError => asStoreError(error, path);

function writer({ db, lock }: { db: DatabaseSync; lock: DatabaseSync }) {
  const marks = readMarks(db);
  let { revision, compacted } = marks();
  const newest = db.prepare('SELECT id, deleted FROM change WHERE key = ? ORDER BY id DESC LIMIT 1');
  const valueOf = db.prepare('SELECT value FROM change WHERE id = ?');
  const insert = db.prepare('INSERT INTO change (id, key, value, deleted, previous) VALUES (?, ?, ?, ?, ?)');
  const setMark = db.prepare('UPDATE mark SET revision = ? WHERE name = ?');
  const swept = db.prepare("SELECT revision FROM mark WHERE name = 'swept'");
  const sweepEnd = db.prepare('SELECT max(id) AS id FROM (SELECT id FROM change WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)');
  const sweepReplaced = db.prepare(
    'DELETE FROM change WHERE id IN (SELECT previous FROM change WHERE id >= ? AND id <= ? AND previous IS NOT NULL)',
  );
  const sweepDeleted = db.prepare('DELETE FROM change WHERE id >= ? AND id <= ? AND deleted');

  /** The id of what stands under a key; 0 when nothing does. */
  const standing = (key: string): number => {
    const row = newest.get(key);
    return row && !row['deleted'] ? Number(row['id']) : 0;
  };

  const valueAt = (id: number): Uint8Array | null => (id === 0 ? null : bytes(valueOf.get(id)?.['value']));

  const inTransaction = <Result>(work: () => Result): Result => {
    const before = { revision, compacted };
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      ({ revision, compacted } = before);
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };

  const runTxn = ({ checks, keys }: TxnMessage, values: (Uint8Array | null)[], metValues: (Uint8Array | null)[]): TxnReply => {
    const failed: Met[] = [];
    for (const check of checks) {
      const id = standing(check.key);
      if (revisionOf(id) === check.revision) continue;
      failed.push({ key: check.key, revision: revisionOf(id) });
      metValues.push(valueAt(id));
    }
    if (failed.length > 0) return { ok: false, revision, met: failed };
    return { ok: true, met: runWrites(keys, values, metValues), revision };
  };

  const runWrites = (keys: string[], values: (Uint8Array | null)[], metValues: (Uint8Array | null)[]): Met[] => {
    const met: Met[] = [];
    let id = firstId(revision + 1);
    keys.forEach((key, at) => {
      const value = values[at] ?? null;
      const previous = standing(key);
      met.push({ key, revision: revisionOf(previous) });
      metValues.push(valueAt(previous));
      if (value === null && previous === 0) return;
      insert.run(id, key, value, value === null ? 1 : 0, previous || null);
      id += 1;
    });
    if (id > firstId(revision + 1)) revision += 1;
    return met;
  };

  const commit = ({ txns, values: packed }: CommitRequest): CommitReply => {
    const values = unpack(packed);
    const metValues: (Uint8Array | null)[] = [];
    const replies = inTransaction(() => {
      let at = 0;
      return txns.map((txn) => runTxn(txn, values.slice(at, (at += txn.keys.length)), metValues));
    });
    return { txns: replies, revision, values: pack(metValues) };
  };

  /** Takes up to SWEEP_ROWS changes' worth of what they replaced; true when all up to `compacted` is done. */
  const sweep = (): boolean => {
    const from = firstId(Number(swept.get()?.['revision'] ?? 0) + 1);
    const last = sweepEnd.get(from, firstId(compacted + 1), SWEEP_ROWS)?.['id'];
    // Whole revisions: the mark says that all of its revision is swept.
    const until = typeof last === 'number' ? revisionOf(last) : compacted;
    sweepReplaced.run(from, firstId(until + 1) - 1);
    sweepDeleted.run(from, firstId(until + 1) - 1);
    setMark.run(until, 'swept');
    return until >= compacted || typeof last !== 'number';
  };

  const compact = (at: number): object => {
    if (at > revision) throw new StoreError('FutureRevision', `revision ${at} has not happened: the newest is ${revision}`);
    if (at > compacted) {
      inTransaction(() => {
        compacted = at;
        setMark.run(at, 'compacted');
      });
    }
    return { done: Number(swept.get()?.['revision'] ?? 0) >= compacted || inTransaction(sweep) };
  };

  const close = (): object => {
    db.close();
    lock.close();
    return {};
  };

  return { commit, compact, close, marks };
}

const bytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());

const port = parentPort;
if (!port) throw new Error('writer.ts runs as a worker');
const opened = attempt(() => writer(openForWriting(path, maxBytes)), toStoreError);
if ('failed' in opened) port.postMessage(opened);
else {
  serve<WriterRequest>(
    port,
    (request) => {
      if (request.kind === 'commit') return opened.commit(request);
      if (request.kind === 'compact') return opened.compact(request.revision);
      return opened.close();
    },
    toStoreError,
  );
  port.postMessage(opened.marks());
}
