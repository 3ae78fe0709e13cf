import type { OutputLine } from './output-line.ts';

export class OutputError extends Error {
  override name = 'OutputError';
}

const longestFrame = 1 << 20;
const streams = { 1: 'stdout', 2: 'stderr' } as const;

/** `2026-01-01T00:00:00.123456789Z` in nanoseconds. */
export function parseStamp(text: string): bigint | undefined {
  const [, second, fraction = ''] = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z$/.exec(text) ?? [];
  if (second === undefined) return undefined;
  const ms = Date.parse(`${second}Z`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

export function formatStamp(timeNs: bigint): string {
  const iso = new Date(Number(timeNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${iso}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** One line in the engine's own framing. */
export function frameOf({ stream, timeNs, bytes }: OutputLine): Buffer {
  const stamp = Buffer.from(`${formatStamp(timeNs)} `);
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(stamp.length + bytes.length, 4);
  return Buffer.concat([header, stamp, bytes]);
}

/** Reads the engine's frames (stream, length, stamped line). Holds one unfinished frame, and the lines of one chunk. */
export const parseFrames = (chunks: AsyncIterable<Buffer>): AsyncIterableIterator<OutputLine> => eachOf(parseChunks(chunks));

/** What has come together is read together: a step for each line would cost more than all else that is done with it. */
async function* parseChunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<OutputLine[]> {
  const timeOf = stampReader();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: OutputLine[] = [];
    let at = 0;
    while (buffer.length - at >= 8) {
      const length = buffer.readUInt32BE(at + 4);
      if (length > longestFrame) throw new OutputError(`the engine sent a frame of ${length} bytes: more than a line can have`);
      if (buffer.length - at - 8 < length) break;
      const line = stampedLine(timeOf, buffer[at], buffer.subarray(at + 8, at + 8 + length));
      at += 8 + length;
      if (line) lines.push(line);
    }
    rest = Buffer.from(buffer.subarray(at));
    if (lines.length > 0) yield lines;
  }
}

function stampedLine(timeOf: (text: string) => bigint | undefined, kind: number | undefined, frame: Buffer): OutputLine | undefined {
  const stream = kind === 1 || kind === 2 ? streams[kind] : undefined;
  const space = frame.indexOf(0x20);
  const timeNs = space < 0 ? undefined : timeOf(frame.toString('latin1', 0, space));
  return stream === undefined || timeNs === undefined ? undefined : { stream, timeNs, bytes: frame.subarray(space + 1) };
}

const secondLength = '2026-01-01T00:00:00'.length;

/** {@link parseStamp}, quick where many are of the same second. */
function stampReader(): (text: string) => bigint | undefined {
  let second = '';
  let secondNs = 0n;
  return (text) => {
    if (text.startsWith(second) && second !== '' && /^\.[0-9]{9}Z$/.test(text.slice(secondLength)))
      return secondNs + BigInt(Number(text.slice(secondLength + 1, -1)));
    const timeNs = parseStamp(text);
    if (timeNs !== undefined) [second, secondNs] = [text.slice(0, secondLength), timeNs - (timeNs % 1_000_000_000n)];
    return timeNs;
  };
}

/** One after the other, without a step in between where there are more already. */
function eachOf<T>(batches: AsyncGenerator<T[]>): AsyncIterableIterator<T> {
  let batch: T[] = [];
  let at = 0;
  const more = async (): Promise<IteratorResult<T>> => {
    const got = await batches.next();
    if (got.done) return { done: true, value: undefined };
    batch = got.value;
    at = 0;
    return lines.next();
  };
  const lines: AsyncIterableIterator<T> = {
    next: () => (at < batch.length ? Promise.resolve({ done: false, value: batch[at++] as T }) : more()), // within its length
    async return() {
      await batches.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => lines,
  };
  return lines;
}
