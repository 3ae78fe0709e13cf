import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a machine shows of itself under /sys, /proc, /dev and /etc. Each path goes through the root, so that a recorded machine reads as this one. */
export interface ReadTree {
  /** The trimmed text, of a bounded length; nothing when it is not there. */
  text(path: string): string | undefined;
  /** Names in a folder in a stable order, a bounded number of them; none when it is not there. */
  names(path: string): string[];
  /** The last part of where a link leads. */
  linkName(path: string): string | undefined;
}

const mostBytes = 256 * 1024;
const mostNames = 4096;
/** What these files say when a part is not there, or does not answer. */
const absent = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'EINVAL']);

export function readTree(root = '/'): ReadTree {
  return {
    text: (path) => unlessAbsent(() => firstBytes(join(root, path)).trim()),
    names: (path) =>
      unlessAbsent(() => readdirSync(join(root, path)))
        ?.sort(byNumber)
        .slice(0, mostNames) ?? [],
    linkName: (path) => unlessAbsent(() => basename(readlinkSync(join(root, path)))),
  };
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** These files have no size until they are read. */
function firstBytes(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(mostBytes);
    let length = 0;
    for (let got = -1; got !== 0 && length < mostBytes; length += got) got = readSync(handle, buffer, length, mostBytes - length, null);
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(handle);
  }
}

function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string' && absent.has(error.code)) return undefined;
    throw error;
  }
}
