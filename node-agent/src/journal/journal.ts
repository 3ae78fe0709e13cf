import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, writePrivateFile } from '@river/runtime';
import type { Admission } from '../plan/work.ts';

/** What this node has taken on and how it ended. A record is on disk before it counts, and lives as long as its Placement. */
export interface Journal {
  get(uid: string): Admission | undefined;
  all(): Admission[];
  put(admission: Admission): void;
  drop(uid: string): void;
}

/** Where the records lie, by name. What `write` has taken is there after any crash. */
export interface RecordFolder {
  names(): string[];
  read(name: string): string;
  write(name: string, text: string): void;
  remove(name: string): void;
  setAside(name: string): void;
}

const fileOf = /^([0-9a-zA-Z-]{1,128})\.json$/;

export function openJournal(dir: string, log: Logger): Journal {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return journalIn(
    {
      names: () => readdirSync(dir),
      read: (name) => readFileSync(join(dir, name), 'utf8'),
      write: (name, text) => writePrivateFile(join(dir, name), text),
      remove: (name) => rmSync(join(dir, name), { force: true }),
      setAside: (name) => renameSync(join(dir, name), join(dir, `${name}.unreadable`)),
    },
    log,
  );
}

/** One file for each record, replaced in one step. One that cannot be read is put aside, and said: its devices are not held any more, its container is an orphan. */
export function journalIn(folder: RecordFolder, log: Logger): Journal {
  const records = new Map<string, Admission>();
  for (const name of folder.names()) {
    const uid = fileOf.exec(name)?.[1];
    const record = uid === undefined ? undefined : parseRecord(folder.read(name));
    if (uid !== undefined && record?.uid === uid) records.set(uid, record);
    else if (uid !== undefined) {
      folder.setAside(name);
      log.error('a record of the journal could not be read and was put aside', { file: name });
    }
  }
  const nameOf = (uid: string) => {
    const name = `${uid}.json`;
    if (!fileOf.test(name)) throw new Error(`"${uid.slice(0, 200)}" is no uid`);
    return name;
  };
  return {
    get: (uid) => records.get(uid),
    all: () => [...records.values()],
    put(admission) {
      folder.write(nameOf(admission.uid), JSON.stringify(admission));
      records.set(admission.uid, admission);
    },
    drop(uid) {
      folder.remove(nameOf(uid));
      records.delete(uid);
    },
  };
}

function parseRecord(text: string): Admission | undefined {
  try {
    const record: unknown = JSON.parse(text);
    return isAdmission(record) ? record : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isAdmission = (record: unknown): record is Admission => {
  if (typeof record !== 'object' || record === null) return false;
  const { uid, namespace, name, epoch, gpus, cpus, graceMs, admittedMs, mayHaveStarted } = record as Partial<
    Record<keyof Admission, unknown>
  >;
  const isText = [uid, namespace, name].every((value) => typeof value === 'string');
  const isNumber = [epoch, graceMs, admittedMs].every((value) => typeof value === 'number');
  return isText && isNumber && Array.isArray(gpus) && Array.isArray(cpus) && typeof mayHaveStarted === 'boolean';
};
