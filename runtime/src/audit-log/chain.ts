import { hash } from 'node:crypto';

/** The last line of a chain: what the next one is tied to. */
export interface ChainHead {
  seq: number;
  hash: string;
}

/** Before the first line. */
export const chainStart: ChainHead = { seq: 0, hash: '0'.repeat(64) };

const mark = ',"hash":"';
const markBytes = Buffer.from(mark);
const tailBytes = mark.length + 64 + 2;
const opening = /^\{"seq":(\d{1,15}),"prev":"([0-9a-f]{64})",/;
const longestOpening = 110;

/**
 * The next line. It says the hash of the line before, and ends with its own: SHA-256 of all its bytes before `,"hash"`.
 * @param fields JSON members, without braces
 */
export function sealLine(head: ChainHead, fields: string): { line: string; head: ChainHead } {
  const seq = head.seq + 1;
  const text = `{"seq":${seq},"prev":"${head.hash}",${fields}`;
  const own = hash('sha256', text);
  return { line: `${text}${mark}${own}"}\n`, head: { seq, hash: own } };
}

/** What a line says of its place in the chain. */
export interface LinePlace extends ChainHead {
  prev: string;
  /** It has not been changed since its hash was made. */
  isSound: boolean;
}

/** Reads a line, without its newline. Undefined when it is no line of a chain. */
export function placeOf(line: Buffer): LinePlace | undefined {
  const end = line.length - tailBytes;
  const [, seq, prev] = opening.exec(line.toString('latin1', 0, longestOpening)) ?? [];
  if (end <= 0 || seq === undefined || prev === undefined || line.compare(markBytes, 0, mark.length, end, end + mark.length) !== 0)
    return undefined;
  const own = line.toString('latin1', end + mark.length, line.length - 2);
  return {
    seq: Number(seq),
    prev,
    hash: own,
    isSound: hash('sha256', line.subarray(0, end)) === own && line.toString('latin1', line.length - 2) === '"}',
  };
}
