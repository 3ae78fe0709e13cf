import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { prefixEnd } from '../keys.ts';
import { StoreError } from '../store.ts';
import { asStoreError, bytesOf, firstId, openForReading, readMarks, revisionOf } from './database.ts';
import { type HistoryReply, type ListRequest, pack, type ReaderRequest, type RowsReply } from './messages.ts';
import { idOf, keyOf, type Row, rowsReply } from './rows.ts';
import { attempt, serve } from './serve.ts';

/** The thread that reads much at once: it never waits for an fsync, and sees a write from the moment its commit is durable. */
const { path } = workerData as { path: string };

const HISTORY_ROWS = 2_000;
const HISTORY_BYTES = 8 << 20;
/** Above every key: no UTF-8 text reaches this byte. */
const END = new Uint8Array([0xff]);

/** The newest change of each key before an id, only where it is not a deletion. SQLite takes `deleted` from the row that max() chose. */
const NEWEST = `
  SELECT key, max(id) AS id, deleted FROM change INDEXED BY change_by_key
  WHERE key >= ? AND key > ? AND key < ? AND id < ? GROUP BY key HAVING NOT deleted`;

function reader(db: DatabaseSync) {
  const marks = readMarks(db);
  const listing = db.prepare(
    `SELECT key, id, (SELECT value FROM change WHERE change.id = newest.id) AS value FROM (${NEWEST} ORDER BY key LIMIT ?) AS newest ORDER BY key`,
  );
  const counting = db.prepare(`SELECT count(*) AS count FROM (${NEWEST})`);
  const changes = db.prepare(`
    SELECT c.id, c.key, c.value, c.deleted, p.id AS previousId, p.value AS previousValue
    FROM change AS c NOT INDEXED LEFT JOIN change AS p ON p.id = c.previous
    WHERE c.id >= ? AND c.key >= ? AND c.key < ? ORDER BY c.id`);

  /** One read transaction: rows and marks are of the same moment. */
  const atOneMoment = <Result>(work: () => Result): Result => {
    db.exec('BEGIN');
    try {
      return work();
    } finally {
      db.exec('COMMIT');
    }
  };

  const list = ({ prefix, after, limit, revision }: ListRequest): RowsReply => {
    const now = marks();
    const at = revision ?? now.revision;
    if (at < now.compacted) throw new StoreError('Compacted', `revision ${at} is no longer kept: history starts at ${now.compacted}`);
    if (at > now.revision) throw new StoreError('FutureRevision', `revision ${at} has not happened: the newest is ${now.revision}`);
    const rows = listing.all(prefix, after, prefixEnd(prefix) ?? END, firstId(at + 1), limit > 0 ? limit + 1 : -1);
    const more = limit > 0 && rows.length > limit;
    return { ...rowsReply(more ? rows.slice(0, limit) : rows), revision: at, more };
  };

  const history = (prefix: string, after: number): HistoryReply => {
    const now = marks();
    if (after < now.compacted) {
      throw new StoreError('Compacted', `events after revision ${after} are no longer kept: history starts at ${now.compacted}`);
    }
    const rows: Row[] = [];
    let size = 0;
    let more = false;
    for (const row of changes.iterate(firstId(after + 1), prefix, prefixEnd(prefix) ?? END)) {
      const last = rows.at(-1);
      more = (rows.length >= HISTORY_ROWS || size >= HISTORY_BYTES) && last !== undefined && revisionOf(idOf(row)) > revisionOf(idOf(last));
      if (more) break;
      rows.push(row);
      size += bytesOf(row.value).length + bytesOf(row.previousValue).length;
    }
    const last = rows.at(-1);
    return {
      keys: rows.map(keyOf),
      revisions: rows.map((row) => revisionOf(idOf(row))),
      previous: rows.map((row) => revisionOf(Number(row.previousId ?? 0))),
      values: pack(
        rows.flatMap((row) => [row.deleted ? null : bytesOf(row.value), row.previousId === null ? null : bytesOf(row.previousValue)]),
      ),
      revision: more && last ? revisionOf(idOf(last)) : now.revision,
      more,
    };
  };

  const count = (prefix: string): object => ({
    count: Number(counting.get(prefix, '', prefixEnd(prefix) ?? END, Number.MAX_SAFE_INTEGER)?.count),
  });

  const close = (): object => {
    db.close();
    return {};
  };

  return (request: ReaderRequest): object => {
    if (request.kind === 'list') return atOneMoment(() => list(request));
    if (request.kind === 'count') return count(request.prefix);
    if (request.kind === 'history') return atOneMoment(() => history(request.prefix, request.after));
    return close();
  };
}

const port = parentPort;
if (!port) throw new Error('reader.ts runs as a worker');
const toStoreError = (error: unknown): StoreError => asStoreError(error, path);
const opened = attempt(() => ({ answer: reader(openForReading(path)) }), toStoreError);
if ('failed' in opened) port.postMessage(opened);
else {
  serve<ReaderRequest>(port, opened.answer, toStoreError);
  port.postMessage({});
}
