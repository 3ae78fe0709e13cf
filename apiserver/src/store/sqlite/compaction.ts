import type { DatabaseSync } from 'node:sqlite';
import { firstId, revisionOf } from './database.ts';

/** Forgets history in short steps: first the mark that readers obey, then the rows. A restart goes on where it was. */
export interface Compaction {
  mark(revision: number): void;
  /** Takes what some of the changes up to `compacted` replaced; true when all of them are done. */
  sweep(compacted: number): boolean;
}

const SWEEP_ROWS = 2_000;

/** Both run inside the open transaction. */
export function compaction(db: DatabaseSync): Compaction {
  const setMark = db.prepare('UPDATE mark SET revision = ? WHERE name = ?');
  const swept = db.prepare("SELECT revision FROM mark WHERE name = 'swept'");
  const lastOfStep = db.prepare('SELECT max(id) AS id FROM (SELECT id FROM change WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)');
  const takeReplaced = db.prepare('DELETE FROM change WHERE id IN (SELECT previous FROM change WHERE id >= ? AND id < ?)');
  const takeDeleted = db.prepare('DELETE FROM change WHERE id >= ? AND id < ? AND deleted');

  return {
    mark(revision) {
      setMark.run(revision, 'compacted');
    },
    sweep(compacted) {
      const done = Number(swept.get()?.revision ?? 0);
      if (done >= compacted) return true;
      const from = firstId(done + 1);
      const last = lastOfStep.get(from, firstId(compacted + 1), SWEEP_ROWS)?.id;
      const until = typeof last === 'number' ? revisionOf(last) : compacted;
      takeReplaced.run(from, firstId(until + 1));
      takeDeleted.run(from, firstId(until + 1));
      setMark.run(until, 'swept');
      return until >= compacted;
    },
  };
}
