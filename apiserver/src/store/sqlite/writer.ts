import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../store.ts';
import { compaction } from './compaction.ts';
import { asStoreError, type OpenDatabase, openForWriting, readMarks } from './database.ts';
import { erasing } from './erase.ts';
import { type CommitReply, type CommitRequest, pack, type RowsReply, taking, unpack, type WriterRequest } from './messages.ts';
import { readOne, rowsReply } from './rows.ts';
import { attempt, serve } from './serve.ts';
import { txnRunner } from './txn-runner.ts';

/** The thread that writes: each commit is one fsync for all txns in it. */
const { path, maxBytes } = workerData as { path: string; maxBytes: number | undefined };

function writer({ db, lock }: OpenDatabase) {
  const marks = readMarks(db);
  const runTxn = txnRunner(db);
  const history = compaction(db);
  const one = readOne(db);
  let { revision, compacted } = marks();

  const commit = ({ txns, values }: CommitRequest): CommitReply => {
    const take = taking(unpack(values));
    const metValues: (Uint8Array | null)[] = [];
    let reached = revision;
    const replies = inTransaction(db, () =>
      txns.map((txn) => {
        const reply = runTxn(txn, take(txn.keys.length), reached, metValues);
        reached = reply.revision;
        return reply;
      }),
    );
    revision = reached;
    return { txns: replies, revision, values: pack(metValues) };
  };

  const compact = (at: number): object => {
    if (at > revision) throw new StoreError('FutureRevision', `revision ${at} has not happened: the newest is ${revision}`);
    if (at > compacted) inTransaction(db, () => history.mark(at));
    compacted = Math.max(at, compacted);
    return { done: inTransaction(db, () => history.sweep(compacted)) };
  };

  const get = (key: string): RowsReply => ({ ...rowsReply(one(key)), revision, more: false });

  const close = (): object => {
    db.close();
    lock.close();
    return {};
  };

  return { commit, get, compact, erase: erasing(db), close, marks };
}

function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK');
  }
}

const toStoreError = (error: unknown): StoreError => asStoreError(error, path);

const port = parentPort;
if (!port) throw new Error('writer.ts runs as a worker');
const opened = attempt(() => writer(openForWriting(path, maxBytes)), toStoreError);
if ('failed' in opened) port.postMessage(opened);
else {
  serve<WriterRequest>(
    port,
    (request) => {
      if (request.kind === 'commit') return opened.commit(request);
      if (request.kind === 'get') return opened.get(request.key);
      if (request.kind === 'compact') return opened.compact(request.revision);
      if (request.kind === 'erasure') return opened.erase(request.act);
      return opened.close();
    },
    toStoreError,
  );
  port.postMessage(opened.marks());
}
