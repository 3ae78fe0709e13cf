import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { writePrivateFile } from '../files/write-private-file.ts';
import { formatKeyRing, type KeyRing, KeyRingError, newKeyRing, parseKeyRing } from './key-ring.ts';

const mostBytes = 64 * 1024;

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file: without it no Secret can be opened, so put it back from where you keep it',
  EACCES: 'this user may not read it: check whose it is',
  EISDIR: 'it is a folder: name the file',
  ENOTDIR: 'a part of the path is no folder: check it',
};

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** Reads a key ring that only its owner can read. @throws KeyRingError in one line. */
export function readKeyRing(path: string): KeyRing {
  try {
    return read(path);
  } catch (error) {
    const reason = reasons[codeOf(error)];
    if (reason) throw new KeyRingError(`the key ring ${path}: ${reason}`, { cause: error });
    throw error;
  }
}

function read(path: string): KeyRing {
  const file = openSync(path, 'r');
  try {
    const { mode, size } = fstatSync(file);
    const others = mode & 0o077;
    if (others !== 0) {
      throw new KeyRingError(
        `the key ring ${path} may be used by others than its owner (mode ${(mode & 0o777).toString(8)}): chmod 600 it`,
      );
    }
    if (size > mostBytes) throw new KeyRingError(`${path} is not a key ring (it has ${size} bytes): put the right file there`);
    return parseKeyRing(readFileSync(file, 'utf8'), path);
  } finally {
    closeSync(file);
  }
}

/** Undefined where there is none. */
export function readKeyRingIfAny(path: string): KeyRing | undefined {
  try {
    return readKeyRing(path);
  } catch (error) {
    if (error instanceof KeyRingError && codeOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file whole and durably: after a power cut it is the old one or the new. */
export const writeKeyRing = (path: string, ring: KeyRing): void => writePrivateFile(path, formatKeyRing(ring));

/** The ring at `path`; a new one is written when there is none. */
export function ensureKeyRing(path: string, now: Date): KeyRing {
  const kept = readKeyRingIfAny(path);
  if (kept) return kept;
  const made = newKeyRing(now);
  writeKeyRing(path, made);
  return made;
}
