import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log file that is at most `maxBytes` long, with one older file of that length beside it (`.1`). */
export interface BoundedLog {
  write(chunk: Uint8Array): void;
  close(): void;
}

export const openBoundedLog = (path: string, maxBytes = 16 * 1024 * 1024): BoundedLog => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;
  const rotate = () => {
    closeSync(file);
    renameSync(path, `${path}.1`);
    file = openSync(path, 'a', 0o600);
    size = 0;
  };
  return {
    write: (chunk) => {
      if (size > 0 && size + chunk.length > maxBytes) rotate();
      writeSync(file, chunk);
      size += chunk.length;
    },
    close: () => closeSync(file),
  };
};

/** The last lines of a log, for a person who asks why. Empty when there is none. */
export const logTail = (path: string, lines = 30): string => {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
};
