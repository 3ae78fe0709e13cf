import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { UpError } from './up-error.ts';

const reasons: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'that file system is read-only',
  ENOENT: 'that file system takes no folders',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'the disk is full',
};

const inWords = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? reasons[String(error.code)] : undefined;

const make = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) make(dirname(path));
  mkdirSync(path, { mode: 0o700 });
};

const writableByOthers = 0o022;

/**
 * Makes the data folder, for its owner only. A step at a time: Node's own recursion never ends below /proc. One that is there is not used
 * when others could put keys and tokens of their own in place of what lies in it.
 */
export const makeDataFolder = (path: string): void => {
  try {
    make(path);
  } catch (error) {
    const reason = inWords(error);
    if (reason && !statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UpError(`the data folder ${path} cannot be made: ${reason}; choose another with --data`, { cause: error });
    }
    if (!reason) throw error;
  }
  const { mode } = statSync(path);
  if ((mode & writableByOthers) !== 0)
    throw new UpError(
      `the data folder ${path} may be changed by others than its owner (mode ${(mode & 0o777).toString(8)}): look what lies in it, then chmod 700 it`,
    );
};
