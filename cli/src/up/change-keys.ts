import type { DataDir } from './data-dir.ts';
import { UpError } from './up-error.ts';
import { takeUpLock } from './up-lock.ts';

/** Runs what reads and writes the key ring, one process at a time: a key that another has just added must never be lost. */
export const changeKeys = <Result>(dir: DataDir, change: () => Result): Result => {
  const lock = takeUpLock(dir.keysLock);
  if (!lock) throw new UpError(`another process changes ${dir.secretKeys} at this moment: try again`);
  try {
    return change();
  } finally {
    lock.release();
  }
};
