import { close, fdatasync, open, openSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Batch } from './chained-lines.ts';
import type { AuditFolder } from './open-folder.ts';

/** Puts batches into files, one after the other. */
export interface LogWriter {
  /** Writes what is left of the batch. After a failure it may be called again and goes on where it was. */
  put(batch: Batch): Promise<void>;
  /** Makes durable what was written. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);

/** @param onNewFile called when a file was begun, so that old ones may go */
export function logWriter({ dir, files }: Pick<AuditFolder, 'dir' | 'files'>, onNewFile: () => void): LogWriter {
  const last = files.at(-1);
  let file = last && openSync(join(dir, last.name), 'a', 0o600);
  let isDirty = false;
  let syncing: Promise<void> = Promise.resolve();

  const sync = (): Promise<void> => {
    if (!isDirty || file === undefined) return syncing;
    isDirty = false;
    syncing = syncFile(file);
    syncing.catch(() => {});
    return syncing;
  };
  const change = async (batch: Batch): Promise<void> => {
    if (!batch.opens) return;
    await sync();
    const old = file;
    file = await openFile(join(dir, batch.opens.name), 'a', 0o600);
    files.push(batch.opens);
    delete batch.opens;
    if (old !== undefined) await closeFile(old);
    onNewFile();
  };
  return {
    async put(batch) {
      batch.rest ??= Buffer.from(batch.lines.join(''));
      await change(batch);
      if (file === undefined) throw new Error('no file of the log is open');
      while (batch.rest.length > 0) {
        const count = await writeSome(file, batch.rest);
        isDirty = true;
        batch.rest = batch.rest.subarray(count);
      }
    },
    sync,
    async close() {
      await sync();
      const last = file;
      file = undefined;
      if (last !== undefined) await closeFile(last);
    },
  };
}

const writeSome = (file: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => write(file, bytes, 0, bytes.length, null, (error, count) => (error ? reject(error) : resolve(count))));
