import { basename } from 'node:path';
import { type ChainHead, type FileLine, firstSeqOf, type LinePlace, linesIn, placeOf } from '@river/runtime';
import type { AuditFiles } from './audit-files.ts';

/** The first thing that is wrong. */
export interface Flaw {
  file: string;
  line: number;
  what: 'changed' | 'missing' | 'reordered' | 'cut';
  why: string;
}

export interface Verdict {
  files: number;
  lines: number;
  bytes: number;
  /** The number of the first line. */
  first: number;
  head: ChainHead;
  /** What is no flaw, and should be known. */
  notes: string[];
  flaw?: Flaw;
}

interface Reading extends Verdict {
  /** What the first line is tied to. */
  beforeFirst: string;
  /** The ends of files that the server says it has removed. */
  removed: Set<string>;
  after: ChainHead | undefined;
  at: { file: string; line: number };
}

type Fault = Pick<Flaw, 'what' | 'why'>;

/**
 * Reads a chain from end to end, and stops at the first flaw. `after` is a line that was noted elsewhere: without it nobody can tell whether
 * the newest lines were taken away, or all of them written anew.
 */
export function verifyChain({ files, isAll }: AuditFiles, after?: ChainHead): Verdict {
  const reading: Reading = {
    ...{ files: files.length, lines: 0, bytes: 0, first: 0, head: { seq: 0, hash: '' }, notes: [] },
    ...{ beforeFirst: '', removed: new Set<string>(), after, at: { file: '', line: 0 } },
  };
  for (const [index, file] of files.entries()) {
    for (const line of linesIn(file)) {
      reading.at = { file, line: line.number };
      const isLast = index === files.length - 1;
      const fault = !line.isWhole && isLast ? torn(reading) : faultOf(reading, line, files.slice(index));
      if (fault) return verdictOf(reading, { ...reading.at, ...fault });
    }
  }
  const fault = faultAtEnd(reading, isAll);
  if (!fault) return verdictOf(reading);
  return verdictOf(reading, { ...(fault.what === 'missing' ? { file: files[0] ?? '', line: 1 } : reading.at), ...fault });
}

const verdictOf = ({ files, lines, bytes, first, head, notes }: Reading, flaw?: Flaw): Verdict => ({
  ...{ files, lines, bytes, first, head, notes },
  ...(flaw && { flaw }),
});

function torn({ notes, at: { file, line } }: Reading): undefined {
  notes.push(`${file}:${line} is no whole line: it is being written, or its server was killed, and will move it aside when it starts`);
}

function faultOf(reading: Reading, { bytes, number, isWhole }: FileLine, files: readonly string[]): Fault | undefined {
  if (!isWhole) return { what: 'cut', why: 'the file ends within this line' };
  const place = placeOf(bytes);
  if (!place) return { what: 'changed', why: 'it is no line of an audit log' };
  if (!place.isSound)
    return { what: 'changed', why: `its hash is not that of its bytes (it says that it is line ${place.seq} of the chain)` };
  const { head, after } = reading;
  if (reading.lines === 0) Object.assign(reading, { first: place.seq, beforeFirst: place.prev });
  else if (place.seq !== head.seq + 1 || place.prev !== head.hash) return brokenAt(head, place, files);
  const named = firstSeqOf(basename(reading.at.file));
  if (number === 1 && named !== place.seq)
    return { what: 'reordered', why: `by its name the file begins with line ${named} of the chain, but it is ${place.seq}` };
  if (after?.seq === place.seq && after.hash !== place.hash)
    return { what: 'changed', why: `line ${place.seq} of the chain had the hash ${after.hash} when that was noted` };
  take(reading, place, bytes);
  return undefined;
}

const eventOf = /^\{"seq":\d+,"prev":"\w+","time":"[^"]*","event":"(removed|torn)"/;
const longestOpening = 200;

function take(reading: Reading, { seq, hash }: LinePlace, bytes: Buffer): void {
  reading.head = { seq, hash };
  reading.lines++;
  reading.bytes += bytes.length + 1;
  const [, event] = eventOf.exec(bytes.toString('latin1', 0, longestOpening)) ?? [];
  if (event === undefined) return;
  const said: { lastHash?: unknown; file?: unknown; bytes?: unknown } = JSON.parse(bytes.toString());
  if (event === 'removed') reading.removed.add(String(said.lastHash));
  else reading.notes.push(`line ${seq} says that ${said.bytes} bytes at the end of ${said.file} were no line, and were moved aside`);
}

/** In what way a sound line does not follow the one before. */
function brokenAt(head: ChainHead, { seq }: LinePlace, files: readonly string[]): Fault {
  const wanted = head.seq + 1;
  const order = `line ${seq} of the chain stands after line ${head.seq}`;
  if (seq <= head.seq) return { what: 'reordered', why: order };
  if (seq === wanted) return { what: 'changed', why: `it is tied to another line ${head.seq} than the one before it` };
  const isElsewhere = files.some((file) => linesIn(file).some(({ bytes }) => placeOf(bytes)?.seq === wanted));
  if (isElsewhere) return { what: 'reordered', why: `${order}, and line ${wanted} behind it` };
  return { what: 'missing', why: `${order}: ${seq === wanted + 1 ? `line ${wanted} is` : `lines ${wanted} to ${seq - 1} are`} missing` };
}

function faultAtEnd({ first, head, after, removed, beforeFirst }: Reading, isAll: boolean): Fault | undefined {
  const noted = after && `line ${after.seq} of the chain was noted`;
  if (after && after.seq > head.seq) return { what: 'cut', why: `the log ends with line ${head.seq}, but ${noted}` };
  if (after && after.seq < first)
    return { what: 'missing', why: `${noted}, but the log begins with line ${first}: note a newer one before old files are removed` };
  if (isAll && first !== 1 && !removed.has(beforeFirst))
    return { what: 'missing', why: `lines 1 to ${first - 1} are missing, and no line says that the server removed them` };
  return undefined;
}
