import { close, fdatasync, open, openSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Batch } from './chained-lines.ts';
import type { AuditFolder, LogFile } from './open-folder.ts';

/** Puts batches into files, one after the other. */
export interface LogWriter {
  /** Writes what is left of the batch. After a failure it may be called again and goes on where it was. */
  put(batch: Batch): Promise<void>;
  /** Makes durable what was written. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const pageBytes = 128 * 1024;
/** Of a text in UTF-8. */
const mostBytesPerUnit = 3;

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);

/** @param onNewFile called when a file was begun, so that old ones may go */
export function logWriter({ dir, files }: Pick<AuditFolder, 'dir' | 'files'>, onNewFile: () => void): LogWriter {
  const last = files.at(-1);
  let file = last && openSync(join(dir, last.name), 'a', 0o600);
  // Of the batch that is being written, and there is only one: garbage of this kind makes the collector come more often.
  const page = Buffer.allocUnsafe(pageBytes);
  let isDirty = false;
  let syncing: Promise<void> = Promise.resolve();

  const sync = (): Promise<void> => {
    if (!isDirty || file === undefined) return syncing;
    isDirty = false;
    syncing = syncFile(file);
    syncing.catch(() => {});
    return syncing;
  };
  const change = async (batch: Batch, opens: LogFile): Promise<void> => {
    await sync();
    const old = file;
    file = await openFile(join(dir, opens.name), 'a', 0o600);
    files.push(opens);
    delete batch.opens;
    if (old !== undefined) await closeFile(old);
    onNewFile();
  };
  return {
    async put(batch) {
      batch.rest ??= bytesOf(batch.lines, page);
      if (batch.opens) await change(batch, batch.opens);
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

function bytesOf(lines: readonly string[], page: Buffer): Buffer {
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  if (length * mostBytesPerUnit > page.length) return Buffer.from(lines.join(''));
  let end = 0;
  for (const line of lines) end += page.write(line, end);
  return page.subarray(0, end);
}

const writeSome = (file: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => write(file, bytes, 0, bytes.length, null, (error, count) => (error ? reject(error) : resolve(count))));
