import { closeSync, fstatSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../command/exit-code.ts';

/** A file that is written beside its place, and takes it whole and durable, or not at all. Only its owner may read it. */
export interface NewFile {
  write(piece: Uint8Array): void;
  /** Moves it to its place. @throws CommandError when another process has written the same file meanwhile. */
  keep(): void;
  /** Removes it, unless it was kept. */
  discard(): void;
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such folder: make it first',
  ENOTDIR: 'a part of the path is no folder: check it',
  EACCES: 'this user may not write there: choose another place',
  EPERM: 'this user may not write there: choose another place',
  EROFS: 'that file system is read-only: choose another place',
  ENOSPC: 'the disk is full: make room, or choose another place',
  EDQUOT: 'the quota is used up: make room, or choose another place',
};

const inWords = <T>(path: string, act: () => T): T => {
  try {
    return act();
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? reasons[String(error.code)] : undefined;
    if (reason) throw new CommandError('failed', `${path}: ${reason}`);
    throw error;
  }
};

export const newFile = (path: string): NewFile => {
  const partial = `${path}.partial`;
  const file = inWords(path, () => {
    rmSync(partial, { force: true });
    return openSync(partial, 'wx', 0o600);
  });
  let isOpen = true;
  const isOurs = () => statSync(partial, { throwIfNoEntry: false })?.ino === fstatSync(file).ino;
  const syncFolder = () => {
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  };
  return {
    write: (piece) =>
      inWords(path, () => {
        for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
      }),
    keep: () =>
      inWords(path, () => {
        fsyncSync(file);
        if (!isOurs()) throw new CommandError('conflict', `another process writes ${path} too: choose another name`);
        renameSync(partial, path);
        closeSync(file);
        isOpen = false;
        syncFolder();
      }),
    discard: () => {
      if (!isOpen) return;
      if (isOurs()) rmSync(partial, { force: true });
      closeSync(file);
      isOpen = false;
    },
  };
};
