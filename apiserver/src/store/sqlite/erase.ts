import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';
import type { ErasureReply, ErasureRequest } from './messages.ts';

const readersMs = 5_000;

/** Whether the files are to be rewritten is a mark in them; one that was made without the mark may hold anything. */
export function erasing(db: DatabaseSync): (act: ErasureRequest['act']) => ErasureReply {
  const mark = db.prepare("SELECT revision FROM mark WHERE name = 'erase'");
  const setMark = db.prepare("INSERT INTO mark VALUES ('erase', ?) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision");
  const isDue = (): boolean => Number(mark.get()?.revision ?? 1) !== 0;
  return (act) => {
    if (act === 'request' && !isDue()) setMark.run(1);
    if (act === 'run') {
      rewrite(db);
      setMark.run(0);
    }
    return { isDue: isDue() };
  };
}

/** Every page anew, and an empty log: what was deleted stands in neither. */
function rewrite(db: DatabaseSync): void {
  db.exec(`PRAGMA busy_timeout = ${readersMs}; VACUUM`);
  const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
  db.exec('PRAGMA busy_timeout = 0');
  if (busy !== 0) throw new StoreError('Unavailable', 'a reader kept the log from being emptied');
}
