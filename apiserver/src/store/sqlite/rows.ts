import type { DatabaseSync } from 'node:sqlite';
import { bytesOf, revisionOf } from './database.ts';
import { pack, type RowsReply } from './messages.ts';

export type Row = Record<string, unknown>;

export const idOf = (row: Row): number => Number(row.id);
export const keyOf = (row: Row): string => String(row.key);

export function rowsReply(rows: Row[]): Pick<RowsReply, 'keys' | 'revisions' | 'values'> {
  return {
    keys: rows.map(keyOf),
    revisions: rows.map((row) => revisionOf(idOf(row))),
    values: pack(rows.map((row) => bytesOf(row.value))),
  };
}

/** What stands under a key: one row or none. */
export function readOne(db: DatabaseSync): (key: string) => Row[] {
  const newest = db.prepare('SELECT key, id, value, deleted FROM change WHERE key = ? ORDER BY id DESC LIMIT 1');
  return (key) => {
    const row = newest.get(key);
    return row && !row.deleted ? [row] : [];
  };
}
