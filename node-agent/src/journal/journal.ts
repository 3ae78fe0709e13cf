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

const fileOf = /^([0-9a-zA-Z-]{1,128})\.json$/;

/** One file for each record, replaced in one step. One that cannot be read is put aside, and said: its devices are not held any more, its container is an orphan. */
export function openJournal(dir: string, log: Logger): Journal {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const records = new Map<string, Admission>();
  for (const name of readdirSync(dir)) {
    const uid = fileOf.exec(name)?.[1];
    const record = uid === undefined ? undefined : readRecord(join(dir, name));
    if (uid !== undefined && record?.uid === uid) records.set(uid, record);
    else if (uid !== undefined) {
      renameSync(join(dir, name), join(dir, `${name}.unreadable`));
      log.error('a record of the journal could not be read and was put aside', { file: join(dir, name) });
    }
  }
  const pathOf = (uid: string) => {
    const name = `${uid}.json`;
    if (!fileOf.test(name)) throw new Error(`"${uid.slice(0, 200)}" is no uid`);
    return join(dir, name);
  };
  return {
    get: (uid) => records.get(uid),
    all: () => [...records.values()],
    put(admission) {
      writePrivateFile(pathOf(admission.uid), JSON.stringify(admission));
      records.set(admission.uid, admission);
    },
    drop(uid) {
      rmSync(pathOf(uid), { force: true });
      records.delete(uid);
    },
  };
}

function readRecord(file: string): Admission | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(file, 'utf8'));
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
