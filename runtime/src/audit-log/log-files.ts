import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';

const pattern = /^audit-(\d{15})\.jsonl$/;

/** A file is named after the number of its first line, so that their names order them. */
export const auditFileName = (firstSeq: number): string => `audit-${String(firstSeq).padStart(15, '0')}.jsonl`;

/** The names of the log's files in a folder, oldest first. */
export const auditFilesIn = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => pattern.test(name))
    .sort();

/** Undefined for a file that is not named as one of the log. */
export const firstSeqOf = (name: string): number | undefined => {
  const [, digits] = pattern.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

export interface FileLine {
  /** Without its newline. Only until the next line is asked for. */
  bytes: Buffer;
  number: number;
  /** False for a last line that has no newline. */
  isWhole: boolean;
}

const chunkBytes = 1024 * 1024;
/** Far longer than any that is written. */
export const longestLine = 1024 * 1024;

/** The lines of a file as it is now, one after the other; of what is longer than any line only a part. */
export function* linesIn(path: string, fromByte = 0): Generator<FileLine> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let rest: Buffer = Buffer.alloc(0);
    let number = 0;
    let at = fromByte;
    const { size } = fstatSync(file);
    while (at < size) {
      const count = readSync(file, chunk, 0, Math.min(chunkBytes, size - at), at);
      if (count === 0) break;
      at += count;
      const bytes: Buffer = rest.length === 0 ? chunk.subarray(0, count) : Buffer.concat([rest, chunk.subarray(0, count)]);
      let from = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
        yield { bytes: bytes.subarray(from, end), number: ++number, isWhole: true };
        from = end + 1;
      }
      rest = Buffer.from(bytes.subarray(from));
      if (rest.length > longestLine) break;
    }
    if (rest.length > 0) yield { bytes: rest, number: ++number, isWhole: false };
  } finally {
    closeSync(file);
  }
}
