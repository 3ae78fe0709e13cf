import type { DatabaseSync } from 'node:sqlite';
import { bytesOf, firstId, revisionOf } from './database.ts';
import type { Met, TxnMessage, TxnReply } from './messages.ts';

/** Evaluates one txn inside the open transaction; `metValues` collects the values that its reply refers to. */
export type TxnRunner = (txn: TxnMessage, values: readonly Value[], revision: number, metValues: Value[]) => TxnReply;

type Value = Uint8Array | null;

export function txnRunner(db: DatabaseSync): TxnRunner {
  const newestOf = db.prepare('SELECT id, deleted FROM change WHERE key = ? ORDER BY id DESC LIMIT 1');
  const readValue = db.prepare('SELECT value FROM change WHERE id = ?');
  const insert = db.prepare('INSERT INTO change (id, key, value, deleted, previous) VALUES (?, ?, ?, ?, ?)');

  /** The id of what stands under a key; 0 when nothing does. */
  const standing = (key: string): number => {
    const row = newestOf.get(key);
    return row && !row.deleted ? Number(row.id) : 0;
  };

  const meet = (key: string, id: number, metValues: Value[]): Met => {
    metValues.push(id === 0 ? null : bytesOf(readValue.get(id)?.value));
    return { key, revision: revisionOf(id) };
  };

  return ({ checks, keys }, values, revision, metValues) => {
    const failed = checks.flatMap((check) => {
      const id = standing(check.key);
      return revisionOf(id) === check.revision ? [] : [meet(check.key, id, metValues)];
    });
    if (failed.length > 0) return { ok: false, revision, met: failed };
    const start = firstId(revision + 1);
    let id = start;
    const met = keys.map((key, at) => {
      const value = values[at] ?? null;
      const previous = standing(key);
      if (value !== null || previous !== 0) insert.run(id++, key, value, value === null ? 1 : 0, previous || null);
      return meet(key, previous, metValues);
    });
    return { ok: true, revision: id > start ? revision + 1 : revision, met };
  };
}
